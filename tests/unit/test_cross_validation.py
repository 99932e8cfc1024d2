"""A trial on each fold: every image is tested by a model that has not seen its group."""

import pytest
from small_trials import fitted, trial_of

from wastelib.errors import WasteError
from wastelib.models.backbones import find_weights
from wastelib.training.folds import cross_validate
from wastelib.training.run import declare
from wastelib.training.train import train
from wastelib.training.trial import PretrainedModel


def test_every_image_is_tested_once_by_a_model_that_has_not_seen_it(prepare_small):
    """The folds are made after the dataset was opened, and found by the training processes."""
    dataset = prepare_small()
    trial = trial_of(dataset, epochs=1)
    runs = cross_validate(trial, dataset, 3, seed=5)
    declare(dataset.build_folder, "02", {"folds": {f"fold {i}": r for i, r in enumerate(runs)}})
    tested = [image for run in runs for image in run.open_test()["image"]]
    assert sorted(tested) == sorted(dataset.catalogue["path"])
    for run in runs:
        fold = dataset.split(run.trial.split)
        assert fold.method == "fold"
        assert run.trial == trial.model_copy(update={"split": fold.fingerprint})
        assert set(run.predictions["image"]) == set(
            dataset.catalogue["path"][fold.rows("validation")]
        )


def test_a_trial_that_starts_from_a_run_of_another_split_is_refused(prepare_small):
    """That run has seen images that this one is tested on."""
    dataset = prepare_small()
    weights = find_weights("demo", "MobileNetV2-0.35", 32).identity
    settings = {"backbone": "MobileNetV2-0.35", "weights": weights, "head_units": 8}
    frozen = trial_of(dataset, image_size=32, epochs=1, model=PretrainedModel(**settings))
    run = fitted(frozen, dataset)
    tuned = PretrainedModel(**settings, unfrozen_layers=5, start=run.hash)
    with pytest.raises(WasteError, match="was trained on another split"):
        cross_validate(frozen.model_copy(update={"model": tuned}), dataset, 3, seed=5)
    other = dataset.split_by("group", 1).fingerprint
    with pytest.raises(WasteError, match="was trained on another split"):
        train(frozen.model_copy(update={"model": tuned, "split": other}), dataset)
