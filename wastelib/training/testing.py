"""What a trained model says of images, and how it is tested in other ways than usual."""

import shutil
import time
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from wastelib.data.arrays import StoredArray
from wastelib.data.batches import Batches, decoded
from wastelib.data.dataset import Dataset
from wastelib.files import whole_folder, write_json
from wastelib.training.environment import environment
from wastelib.training.run import open_run, predictions_table, write_answers
from wastelib.training.trial import Trial

BATCH = 32

# (quarter turns, whether mirrored) of each picture that is shown of an image.
PICTURES = {
    "none": [(0, False)],
    "flips": [(0, False), (0, True)],
    "turns": [(quarters, mirrored) for quarters in range(4) for mirrored in (False, True)],
}


def retest(folder: Path, trial: Trial, dataset: Dataset) -> None:
    """Write the run of a trial that only tests in another way what `trial.trained` has trained.

    Model and history are those of that trial's run, which must be finished.

    Raises `WasteError` if it is not, or another dataset is not known.
    """
    trained = open_run(folder.with_name(trial.trained.hash))
    model = trained.load_model()
    split = dataset.split(trial.split)
    chosen_by = _answers(model, trial, dataset, split.rows("validation"), "validation")
    if trial.tested_on is None:
        tested = _answers(model, trial, dataset, split.rows("test"), "test")
    else:
        other = dataset.other(trial.tested_on)
        known = np.flatnonzero(other.catalogue["label"].isin(dataset.classes))
        tested = _answers(model, trial, other, known, "test", dataset.classes)
    with whole_folder(folder) as unfinished:
        write_answers(unfinished, trial, chosen_by, tested)
        for name in ("history.csv", "model.keras"):
            shutil.copyfile(trained.folder / name, unfinished / name)
        milliseconds = image_milliseconds(model, trial)
        facts = {**environment(), "image_milliseconds": milliseconds}
        write_json(unfinished / "manifest.json", trained.manifest | facts)


def image_milliseconds(model: keras.Model, trial: Trial, times: int = 20) -> float:
    """Least time of one image, from pixels to probabilities, however many pictures it takes.

    What else the machine does meanwhile, such as other trainings, only adds to it.
    """
    pixels = np.full((1, trial.image_size, trial.image_size, 3), 127, np.float32)
    taken = []
    for _ in range(times + 3):
        began = time.perf_counter()
        averaged(model, pixels, trial.test_augmentation)
        taken.append(time.perf_counter() - began)
    return min(taken[3:]) * 1000  # the first ones compile


def averaged(model: keras.Model, pixels: np.ndarray, augmentation: str) -> np.ndarray:
    """The mean of the model's answers to all pictures of each image: (images, classes)."""
    answers = [model.predict_on_batch(_picture(pixels, *how)) for how in PICTURES[augmentation]]
    return np.mean(answers, axis=0)


def _picture(pixels: np.ndarray, quarters: int, mirrored: bool) -> np.ndarray:
    turned = np.rot90(pixels, quarters, axes=(1, 2))
    return turned[:, :, ::-1] if mirrored else turned


def _answers(
    model: keras.Model,
    trial: Trial,
    dataset: Dataset,
    rows: np.ndarray,
    subset: str,
    classes: list[str] | None = None,
) -> pd.DataFrame:
    """Predictions of these images of `dataset`; `classes` are the model's, if not the dataset's."""
    pixels = decoded(dataset, trial.image_size, trial.view)
    found = [
        averaged(model, images, trial.test_augmentation) for images in _in_batches(pixels, rows)
    ]
    table = dataset.catalogue.iloc[rows].assign(subset=subset)
    return predictions_table(table, np.concatenate(found), classes or dataset.classes)


def _in_batches(pixels: StoredArray, rows: np.ndarray):
    batches = Batches(pixels, np.zeros(len(pixels)), rows, BATCH)
    return (batches[index][0] for index in range(len(batches)))
