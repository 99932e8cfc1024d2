"""The same trial, on the same machine, gives the same numbers, bit for bit."""

import shutil

import pandas as pd
import pytest
from small_trials import RECIPE, fitted, trial_of

from wastelib.models.backbones import find_weights
from wastelib.training.fit import fit
from wastelib.training.process import TrainingProcess
from wastelib.training.train import train_all
from wastelib.training.trial import PretrainedModel


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
    "lower rates below": {"rate_decay": 0.3, "optimizer": "adamw", "weight_decay": 0.05},
    "lower rates below, sgd": {"rate_decay": 0.3, "optimizer": "sgd", "momentum": 0.9},
    "a teacher": RECIPE | {"teacher": "to be made", "restore_best": True},
    "a teacher of a fine-tuned one": {"rate_decay": 0.3, "teacher": "to be made"},
}


def after_what_it_needs(whole, broken, changes):
    """The trial; the run that it starts from or is taught by is made, and in both folders."""
    if not {"rate_decay", "teacher"} & set(changes):
        return trial_of(whole, **changes)
    weights = find_weights("demo", "MobileNetV2-0.35", 32).identity
    settings = {"backbone": "MobileNetV2-0.35", "weights": weights, "head_units": 8}
    frozen = fit(
        trial_of(whole, model=PretrainedModel(**settings), image_size=32, epochs=1),
        whole,
        weights="demo",
        on_epoch=lambda history: None,
    )
    shutil.copytree(frozen.folder, broken.build_folder / "runs" / frozen.hash)
    if "teacher" in changes:
        changes = changes | {"teacher": frozen.hash}
    if "rate_decay" in changes:
        settings |= {"unfrozen_layers": 40, "start": frozen.hash}
        changes = changes | {"model": PretrainedModel(**settings)}
    return trial_of(whole, **changes | {"image_size": 32})


@pytest.mark.parametrize("changes", STOPPED.values(), ids=STOPPED)
def test_a_stopped_training_ends_as_it_would_have_without_the_stop(
    prepare_small, tmp_path, changes
):
    class StoppedError(Exception):
        pass

    def stop_after_two(history):
        if len(history) == 2:
            raise StoppedError

    whole, broken = (prepare_small(build=tmp_path / name) for name in ("whole", "broken"))
    trial = after_what_it_needs(whole, broken, {"epochs": 4} | changes)
    expected = fitted(trial, whole)
    with pytest.raises(StoppedError):
        fit(trial, broken, weights="demo", on_epoch=stop_after_two)
    run = fitted(trial, broken)
    assert_same_numbers(run, expected)
