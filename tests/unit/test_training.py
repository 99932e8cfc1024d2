"""Equal trials are the same trial; a run is there whole and is never made twice."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from small_trials import (
    BACKBONE,
    RECIPE,
    cross_entropy,
    fitted,
    predicted_again,
    small_backbone,
    stored,
    trial_of,
)

from wastelib.errors import WasteError
from wastelib.training import fit as fitting
from wastelib.training.features import features_file
from wastelib.training.fit import _finished, kept_epoch
from wastelib.training.process import TrainingProcess
from wastelib.training.run import FILES, best_on_validation, declare, declared, open_run
from wastelib.training.train import train
from wastelib.training.trial import CustomModel, PretrainedModel, Trial

trials = st.builds(
    Trial,
    dataset=st.text(max_size=5),
    split=st.text(max_size=5),
    model=st.one_of(
        st.builds(CustomModel),
        st.builds(PretrainedModel, backbone=st.just("A"), weights=st.text(max_size=3)),
    ),
    image_size=st.integers(16, 600),
    learning_rate=st.floats(1e-6, 1),
    epochs=st.integers(1, 300),
)


@given(trials)
def test_a_trial_read_back_is_the_same_trial(trial):
    again = Trial.model_validate_json(trial.model_dump_json())
    assert again == trial
    assert again.hash == trial.hash


@given(trials, st.integers(0, 99))
def test_any_other_seed_is_another_trial(trial, seed):
    other = trial.model_copy(update={"seed": seed})
    assert (other.hash == trial.hash) == (seed == trial.seed)


def test_trials_of_recorded_runs_keep_the_hash_that_names_them():
    """The hashes are of a time before fields were added; a field at its default is not there."""
    plain = Trial(
        dataset="d", split="s", model=CustomModel(), image_size=64, learning_rate=1e-3, epochs=20
    )
    assert plain.hash == "e8d637198178c840"
    assert "averaging" not in plain.model_dump_json()
    other = Trial(
        dataset="d",
        split="s",
        model=PretrainedModel(backbone="MobileNetV2", weights="imagenet"),
        image_size=224,
        optimizer="sgd",
        momentum=0.9,
        learning_rate=1e-2,
        epochs=5,
        patience=2,
        restore_best=True,
        precision="bfloat16",
        augmentation="mixup",
        class_weights="balanced",
        view="grey",
        seed=7,
    )
    assert other.hash == "d2c47db6a57d716e"


def test_added_fields_name_other_trials_and_are_read_back():
    settings = {"dataset": "d", "split": "s", "model": CustomModel(), "image_size": 64}
    settings |= {"learning_rate": 1e-3, "epochs": 20}
    hashes = {Trial(**settings).hash}
    for name, value in RECIPE.items():
        settings[name] = value
        trial = Trial(**settings)
        assert Trial.model_validate_json(trial.model_dump_json()) == trial
        hashes.add(trial.hash)
    assert len(hashes) == 1 + len(RECIPE)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"weight_decay": 0.1}, "weight_decay is adamw's"),
        ({"weight_decay": 0.1, "optimizer": "sgd"}, "weight_decay is adamw's"),
        ({"warmup_epochs": 20}, "must be less than epochs"),
        ({"label_smoothing": 1.0}, "label_smoothing"),
        ({"averaging": 1.0}, "averaging"),
    ],
)
def test_a_setting_without_an_effect_or_a_meaning_is_refused(changes, words):
    known = {"dataset": "d", "split": "s", "model": CustomModel(), "image_size": 64}
    with pytest.raises(ValidationError, match=words):
        Trial(**known, learning_rate=1e-3, epochs=20, **changes)


def test_a_misspelt_setting_is_refused():
    with pytest.raises(ValidationError, match="learning_rat"):
        Trial(dataset="d", split="s", model=CustomModel(), image_size=16, learning_rat=1, epochs=1)


def history_of(losses) -> pd.DataFrame:
    return pd.DataFrame({"epoch": range(1, len(losses) + 1), "val_loss": losses})


@pytest.mark.parametrize(
    ("losses", "best"), [([3, 1, 2], 2), ([1, 1], 1), ([np.nan, 2], 2), ([np.nan, np.nan], 2)]
)
def test_the_kept_epoch_has_the_lowest_validation_loss(losses, best):
    assert kept_epoch(history_of(losses), restore_best=True) == best
    assert kept_epoch(history_of(losses), restore_best=False) == len(losses)


@pytest.mark.parametrize(
    ("losses", "stops"), [([3, 2, 1], False), ([1, 2], False), ([1, 2, 3], True)]
)
def test_early_stopping_waits_for_its_patience(losses, stops):
    trial = Trial(
        dataset="d",
        split="s",
        model=CustomModel(),
        image_size=16,
        learning_rate=1,
        epochs=9,
        patience=2,
    )
    assert _finished(trial, history_of(losses)) == stops


def test_a_run_is_there_whole_and_its_figures_agree(prepare_small):
    dataset = prepare_small()
    run = fitted(trial_of(dataset), dataset)
    assert {path.name for path in run.folder.iterdir()} == set(FILES)
    assert len(run.history) == 2
    validation = run.predictions
    rows = dataset.splits["group"].rows("validation")
    assert validation["image"].tolist() == dataset.catalogue["path"][rows].tolist()
    named = validation[[f"p_{c}" for c in run.classes]].idxmax(axis=1).str.removeprefix("p_")
    accuracy = (named == validation["label"]).mean()
    assert accuracy == pytest.approx(run.history["val_accuracy"].iloc[-1])


def test_a_finished_run_is_not_trained_again(prepare_small, monkeypatch):
    dataset = prepare_small()
    first = fitted(trial_of(dataset), dataset)
    monkeypatch.setattr(fitting, "_fit_into", lambda *_: pytest.fail("trained again"))
    assert fitted(trial_of(dataset), dataset).folder == first.folder


def test_same_trial_same_numbers(prepare_small, tmp_path):
    runs = []
    for name in ("a", "b"):
        dataset = prepare_small(build=tmp_path / name)
        runs.append(fitted(trial_of(dataset), dataset))
    pd.testing.assert_frame_equal(runs[0].predictions, runs[1].predictions, check_exact=True)


def test_frozen_features_give_the_numbers_of_the_whole_model(prepare_small):
    dataset = prepare_small()
    trial = trial_of(dataset, model=small_backbone(), image_size=32)
    run = fitted(trial, dataset)
    assert predicted_again(run, dataset) == pytest.approx(stored(run), abs=1e-5)


def test_features_are_computed_once_for_all_heads(prepare_small, monkeypatch):
    from wastelib.training import features

    dataset = prepare_small()
    fitted(trial_of(dataset, model=small_backbone(), image_size=32), dataset)
    monkeypatch.setattr(features, "_forward", lambda *_: pytest.fail("computed again"))
    again = fitted(trial_of(dataset, model=small_backbone(), image_size=32, seed=1), dataset)
    assert again.manifest["feature_seconds"] > 0


def test_fine_tuning_goes_on_from_the_frozen_run(prepare_small):
    dataset = prepare_small()
    frozen = fitted(trial_of(dataset, model=small_backbone(), image_size=32, epochs=9), dataset)
    model = small_backbone(unfrozen_layers=5, start=frozen.hash)
    tuned = fitted(
        trial_of(dataset, model=model, image_size=32, learning_rate=1e-5, epochs=1), dataset
    )
    assert tuned.history["loss"].iloc[0] == pytest.approx(frozen.history["loss"].iloc[-1], rel=0.3)


@pytest.mark.parametrize("change", [{"unfrozen_layers": 0}, {"head_units": 9}])
def test_a_start_whose_weights_do_not_fit_is_refused(prepare_small, change):
    dataset = prepare_small()
    model = small_backbone(unfrozen_layers=5)
    begun = fitted(trial_of(dataset, model=model, image_size=32, epochs=1), dataset)
    other = small_backbone(**{"unfrozen_layers": 5, "start": begun.hash} | change)
    with pytest.raises(WasteError, match="whose weights do not fit it"):
        train(trial_of(dataset, model=other, image_size=32), dataset)


def test_a_trial_of_another_dataset_is_refused(prepare_small):
    dataset = prepare_small()
    with pytest.raises(WasteError, match="declared for another dataset"):
        train(trial_of(dataset).model_copy(update={"dataset": "other"}), dataset)


def test_a_trial_with_other_weights_is_refused(prepare_small):
    dataset = prepare_small()
    model = PretrainedModel(backbone=BACKBONE, weights="sha256:0")
    with pytest.raises(WasteError, match="declared for other weights"):
        fitted(trial_of(dataset, model=model, image_size=32), dataset)


def test_an_incomplete_run_is_named(prepare_small):
    dataset = prepare_small()
    run = fitted(trial_of(dataset, epochs=1), dataset)
    (run.folder / "manifest.json").unlink()
    with pytest.raises(WasteError, match=r"manifest\.json missing"):
        open_run(run.folder)


def test_declared_runs_are_found_in_order_and_the_best_is_chosen_on_validation(prepare_small):
    dataset = prepare_small()
    runs = {f"seed {s}": fitted(trial_of(dataset, epochs=1, seed=s), dataset) for s in (3, 1)}
    declare(dataset.build_folder, "02", {"models": runs})
    assert list(declared(dataset.build_folder, "models")) == ["seed 3", "seed 1"]
    best = best_on_validation(dataset.build_folder)
    scores = [run.history["val_accuracy"].iloc[-1] for run in runs.values()]
    assert best.kept_epoch["val_accuracy"] == max(scores)


def test_a_test_is_opened_only_when_its_run_is_declared(prepare_small):
    dataset = prepare_small()
    run = fitted(trial_of(dataset, epochs=1), dataset)
    other = fitted(trial_of(dataset, epochs=1, seed=1), dataset)
    assert set(run.predictions["subset"]) == {"validation"}
    declare(dataset.build_folder, "02", {"questions": {"another": other}})
    with pytest.raises(WasteError, match="is not declared, and so its test is not opened"):
        run.open_test()
    declare(dataset.build_folder, "03", {"leak": {"this one": run}})
    tested = run.open_test()
    rows = dataset.splits["group"].rows("test")
    assert tested["image"].tolist() == dataset.catalogue["path"][rows].tolist()
    assert tested.columns.tolist() == run.predictions.columns.tolist()
    assert set(tested["subset"]) == {"test"}


def test_nothing_declared_says_which_notebooks_to_run(tmp_path):
    with pytest.raises(WasteError, match="run the notebooks before this one first"):
        declared(tmp_path, "models")


def test_a_notebook_may_declare_no_run_in_a_role(tmp_path):
    declare(tmp_path, "09", {"from_scratch": {}})
    assert declared(tmp_path, "from_scratch") == {}


def test_a_training_has_a_process_of_its_own_and_tells_its_progress(
    prepare_small, tmp_path, monkeypatch
):
    monkeypatch.setenv("WASTELIB_PROGRESS", str(tmp_path / "progress.jsonl"))
    dataset = prepare_small(build=tmp_path / "one")
    run = train(trial_of(dataset), dataset, name="a name")
    lines = [json.loads(x) for x in (tmp_path / "progress.jsonl").read_text().splitlines()]
    told = [(x["name"], x["run"], x["epoch"], x["epochs"]) for x in lines]
    assert told == [("a name", run.hash, epoch, 2) for epoch in (1, 2)]
    other = prepare_small(build=tmp_path / "two")
    here = fitted(trial_of(other), other)
    pd.testing.assert_frame_equal(run.predictions, here.predictions, check_exact=True)


def test_what_goes_wrong_in_the_process_is_said_here(prepare_small):
    dataset = prepare_small()
    model = PretrainedModel(backbone=BACKBONE, weights="sha256:0")
    with pytest.raises(WasteError, match="declared for other weights"):
        train(trial_of(dataset, model=model, image_size=32), dataset)
    idle = list(TrainingProcess._idle)
    assert len(train(trial_of(dataset), dataset).history) == 2  # and the process goes on
    assert idle
    assert TrainingProcess._idle == idle


def test_a_process_that_has_grown_is_replaced(prepare_small, monkeypatch):
    monkeypatch.setattr("wastelib.training.process.KEPT_BELOW_BYTES", 1)
    dataset = prepare_small()
    train(trial_of(dataset), dataset)
    assert TrainingProcess._idle == []


def test_a_model_is_stored_without_the_state_of_its_optimizer(prepare_small):
    dataset = prepare_small()
    run = fitted(trial_of(dataset), dataset)
    assert run.manifest["model_bytes"] < 4 * run.manifest["parameters"] + 100_000


def test_augmented_images_go_through_the_frozen_layers_which_stay_as_they_are(prepare_small):
    """No features are stored: each epoch shows other images."""
    dataset = prepare_small()
    trial = trial_of(
        dataset, model=small_backbone(), image_size=32, epochs=1, augmentation="flips_shifts"
    )
    run = fitted(trial, dataset)
    assert not list((dataset.build_folder / "cache").glob("features-*"))
    assert run.manifest["feature_seconds"] == 0
    plain = fitted(trial_of(dataset, model=small_backbone(), image_size=32, epochs=1), dataset)
    assert run.manifest["trainable_parameters"] == plain.manifest["trainable_parameters"]
    pairs = zip(
        run.load_model().get_layer("trunk").get_weights(),
        plain.load_model().get_layer("trunk").get_weights(),
        strict=True,
    )
    assert all(np.array_equal(one, other) for one, other in pairs)


def test_the_epoch_that_is_kept_is_the_one_whose_model_and_answers_are_stored(prepare_small):
    """At a high rate, later epochs are worse than earlier ones."""
    dataset = prepare_small()
    earlier = 0
    for seed in range(4):
        changes = {"epochs": 5, "learning_rate": 0.03, "restore_best": True, "seed": seed}
        run = fitted(trial_of(dataset, **changes), dataset)
        assert cross_entropy(run) == pytest.approx(
            run.history["val_loss"].min(), rel=1e-3, abs=1e-4
        )
        assert stored(run) == pytest.approx(predicted_again(run, dataset), abs=1e-4)
        earlier += run.kept_epoch["epoch"] < len(run.history)
    assert earlier


def test_features_are_named_by_all_that_they_depend_on_and_nothing_else(prepare_small):
    dataset = prepare_small()
    trial = trial_of(dataset, model=small_backbone(), image_size=32)
    name = features_file(dataset, trial)
    weights = {"backbone": BACKBONE, "weights": "sha256:other"}
    others = [
        trial.model_copy(update=changes)
        for changes in (
            {"view": "grey"},
            {"precision": "bfloat16"},
            {"image_size": 48},
            {"model": PretrainedModel(**weights)},
            {"model": small_backbone(unfrozen_layers=20)},
        )
    ]
    assert len({name, *(features_file(dataset, other) for other in others)}) == 6
    same = [
        trial.model_copy(update=changes)
        for changes in (
            {"seed": 5},
            {"learning_rate": 0.1},
            {"epochs": 9},
            {"model": small_backbone(head_units=16)},
        )
    ]
    assert {features_file(dataset, other) for other in same} == {name}
