"""A model that is tested in another way is not trained again, and answers as it says."""

import cv2
import numpy as np
import pandas as pd
import pytest
from small_trials import fitted, trial_of

from wastelib.data.batches import decoded
from wastelib.errors import WasteError
from wastelib.training.testing import PICTURES, averaged


@pytest.fixture
def both(prepare_small):
    """A dataset, and the run of a small trial on it."""
    dataset = prepare_small()
    return dataset, fitted(trial_of(dataset, epochs=1), dataset)


@pytest.mark.parametrize("augmentation", PICTURES)
def test_each_answer_is_the_mean_over_the_pictures_of_the_image(both, augmentation):
    dataset, run = both
    again = fitted(run.trial.model_copy(update={"test_augmentation": augmentation}), dataset)
    pixels = decoded(dataset, 16)[dataset.split(run.trial.split).rows("validation")]
    shown = [
        np.rot90(pixels, quarters, (1, 2))[:, :, :: -1 if mirrored else 1]
        for quarters, mirrored in PICTURES[augmentation]
    ]
    model = run.load_model()
    expected = np.mean([model.predict(each, verbose=0) for each in shown], axis=0)
    assert again.predictions.filter(like="p_").to_numpy() == pytest.approx(expected, abs=1e-5)


def test_turns_show_all_that_can_be_done_with_a_square():
    image = np.arange(27).reshape(1, 3, 3, 3)
    seen = []
    averaged(
        type("Seer", (), {"predict_on_batch": lambda _, x: seen.append(x) or x})(), image, "turns"
    )
    assert len({picture.tobytes() for picture in seen}) == 8


def test_training_is_shared_and_left_as_it_is(both):
    dataset, run = both
    again = fitted(run.trial.model_copy(update={"test_augmentation": "flips"}), dataset)
    assert again.hash != run.hash
    assert again.trial.trained == run.trial
    assert again.history.equals(run.history)
    assert (again.folder / "model.keras").read_bytes() == (run.folder / "model.keras").read_bytes()
    assert not again.predictions.equals(run.predictions)


def test_another_dataset_is_tested_on_its_images_of_known_classes(both, prepare_small, tmp_path):
    dataset, run = both
    folder = tmp_path / "other"
    for label, colour in {
        "Red": (40, 50, 210),
        "Green": (50, 190, 60),
        "Purple": (200, 0, 200),
    }.items():
        (folder / label).mkdir(parents=True)
        for number in range(9):
            noise = np.random.default_rng(number).integers(0, 20, (20, 20, 3), np.uint8)
            cv2.imwrite(str(folder / label / f"{number}.png"), cv2.add(noise, np.uint8(colour)))
    other = prepare_small(folder, tmp_path / "other_build")
    dataset.add_other(other)
    again = fitted(run.trial.model_copy(update={"tested_on": other.fingerprint}), dataset)
    assert again.classes == dataset.classes == ["Blue", "Green", "Red"]
    table = pd.read_parquet(again.folder / "test_predictions.parquet")
    assert table["label"].value_counts().to_dict() == {"Red": 9, "Green": 9}
    assert set(table["subset"]) == {"test"}


def test_datasets_without_a_common_class_are_refused(both, prepare_small, tmp_path):
    dataset, _ = both
    folder = tmp_path / "other"
    for label in ("Cat", "Dog"):
        (folder / label).mkdir(parents=True)
        for number in range(9):
            image = np.full((20, 20, 3), 20 * number, np.uint8)
            cv2.imwrite(str(folder / label / f"{number}.png"), image)
    with pytest.raises(WasteError, match="no class of other has the name"):
        dataset.add_other(prepare_small(folder, tmp_path / "other_build"))


def test_a_dataset_that_was_not_added_is_named(both):
    dataset, run = both
    with pytest.raises(WasteError, match="no other dataset with the fingerprint abc"):
        fitted(run.trial.model_copy(update={"tested_on": "abc"}), dataset)
