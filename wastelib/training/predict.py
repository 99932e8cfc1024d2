"""Classify photographs with a trained model, whatever kind of file it is in."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wastelib.data.images import UnreadableImageError, read_rgb
from wastelib.data.threads import in_order
from wastelib.data.views import view_of
from wastelib.models.temperature import tempered

if TYPE_CHECKING:
    from wastelib.training.run import Run

BATCH = 32  # images that the model is given at once


@dataclass(frozen=True)
class Classifier:
    """A trained model, ready to be asked.

    `probabilities` takes pixels, uint8 (images, image_size, image_size, 3), as `view` shows
    them (see `data.views`), and returns (images, classes), rows that sum to 1. `temperature`
    calibrates these (see `models.temperature`); None leaves them as they are.
    """

    classes: tuple[str, ...]
    image_size: int
    view: str
    temperature: float | None
    probabilities: Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Answer:
    """What was found of one file: a probability per class, or why it is no usable image."""

    path: Path
    probabilities: np.ndarray | None
    problem: str = ""


def classifier_of(run: "Run", temperature: float | None = None) -> Classifier:
    """The model of a finished run, which Keras computes, shown pictures as it was tested on."""
    from wastelib.training.testing import averaged  # here, for exports that do without Keras

    trial = run.trial
    answer = partial(averaged, run.load_model(), augmentation=trial.test_augmentation)
    return Classifier(tuple(run.classes), trial.image_size, trial.view, temperature, answer)


def predict_images(paths: Iterable[Path], classifier: Classifier) -> Iterator[Answer]:
    """Yield an answer for each of `paths`, in their order; unusable files stop nothing.

    Probabilities are calibrated if the classifier has a temperature. Files are read a few
    ahead, in threads, and no more are held at once, however many there are.
    """

    def read(path: Path) -> tuple[Path, np.ndarray | None, str]:
        try:
            rgb = read_rgb(Path(path), classifier.image_size)
        except UnreadableImageError as error:
            return path, None, str(error)
        return path, view_of(rgb, classifier.view), ""

    files = in_order(read, paths)
    while batch := list(islice(files, BATCH)):
        pixels = [image for _, image, _ in batch if image is not None]
        found = iter(_ask(classifier, np.stack(pixels)) if pixels else ())
        for path, image, problem in batch:
            yield Answer(path, None if image is None else next(found), problem)


def _ask(classifier: Classifier, pixels: np.ndarray) -> np.ndarray:
    probabilities = classifier.probabilities(pixels).astype(float)
    if classifier.temperature is None:
        return probabilities
    return tempered(probabilities, classifier.temperature)
