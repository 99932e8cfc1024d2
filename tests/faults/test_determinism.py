"""The same trial, on the same machine, gives the same numbers, bit for bit."""

import pandas as pd
import pytest
from small_trials import RECIPE, trial_of

from wastelib.training.process import TrainingProcess
from wastelib.training.train import train_all


def assert_same_numbers(run, expected) -> None:
    """Nothing is rounded; only the clock may differ."""
    for table in ("history", "predictions"):
        one, other = (
            getattr(r, table).drop(columns="seconds", errors="ignore") for r in (run, expected)
        )
        pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_the_same_trials_in_two_processes_give_the_same_bits(prepare_small, tmp_path):
    found = []
    for name in ("one", "two"):
        dataset = prepare_small(build=tmp_path / name)
        trials = {
            "plain": trial_of(dataset),
            "augmented": trial_of(dataset, augmentation="published", class_weights="balanced"),
            "mixed": trial_of(dataset, augmentation="mixup", view="grey"),
            "recipe": trial_of(dataset, **RECIPE),
        }
        TrainingProcess.end_idle()  # so that the second time is in another process
        found.append(train_all(trials, dataset))
    for name in trials:
        one, two = (runs[name] for runs in found)
        assert one.folder != two.folder
        assert_same_numbers(two, one)


STOPPED = {
    "published": {"augmentation": "published"},
    "randaugment": {"augmentation": "randaugment"},
    "cutmix": {"augmentation": "cutmix"},
    "recipe": RECIPE,
    "recipe, best epoch, bfloat16": RECIPE
    | {"restore_best": True, "precision": "bfloat16", "class_weights": "balanced"},
    "recipe with mixup": RECIPE | {"augmentation": "mixup", "restore_best": True},
    "averages alone": {"averaging": 0.9, "optimizer": "sgd", "momentum": 0.9},
}


@pytest.mark.parametrize("changes", STOPPED.values(), ids=STOPPED)
def test_a_stopped_training_ends_as_it_would_have_without_the_stop(
    prepare_small, tmp_path, changes
):
    from wastelib.training.fit import fit

    class StoppedError(Exception):
        pass

    def stop_after_two(history):
        if len(history) == 2:
            raise StoppedError

    whole, broken = (prepare_small(build=tmp_path / name) for name in ("whole", "broken"))
    trial = trial_of(whole, **{"epochs": 4} | changes)
    expected = fit(trial, whole, weights="demo", on_epoch=lambda history: None)
    with pytest.raises(StoppedError):
        fit(trial, broken, weights="demo", on_epoch=stop_after_two)
    run = fit(trial, broken, weights="demo", on_epoch=lambda history: None)
    assert_same_numbers(run, expected)
