"""Which exported files are worth having, and what int8 loses, from files and answers."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from tests.predicted import right_or_wrong
from wastelib.errors import WasteError
from wastelib.evaluation.exports import int8_table, on_front, worth_exporting
from wastelib.export import write
from wastelib.export.write import can_be_written

NAN = float("nan")


def test_the_front_has_what_nothing_beats_in_both():
    costs = pd.Series([1, 2, 3, 4, 5], index=[7, 8, 9, 10, 11])
    accuracies = pd.Series([0.5, 0.4, 0.7, 0.7, 0.9], index=[7, 8, 9, 10, 11])
    assert on_front(costs, accuracies).tolist() == [True, False, True, False, True]
    order = [3, 0, 4, 2, 1]
    shuffled = on_front(costs.iloc[order], accuracies.iloc[order])
    assert shuffled.tolist() == [False, True, True, True, False]


def test_equals_are_on_the_front_together_as_the_exercise_has_it():
    same = pd.Series([1.0, 1.0, 1.0])
    assert on_front(same, pd.Series([0.4, 0.6, 0.6])).tolist() == [False, True, True]


def run(parameters, accuracy, kind="custom", plain=True, loss=1.0):
    trial = SimpleNamespace(model=SimpleNamespace(kind=kind))
    trial.trained = trial if plain else object()
    kept = pd.Series({"val_accuracy": accuracy, "val_loss": loss})
    return SimpleNamespace(trial=trial, manifest={"parameters": parameters}, kept_epoch=kept)


RUNS = {
    "small": run(100, 0.5),
    "large": run(10_000, 0.9),
    "medium": run(1000, 0.6),
    "flipped": run(100, 0.99, plain=False),
    "diverged": run(100, 0.1, loss=NAN),
    "frozen": run(2000, 0.8, "pretrained"),
    "tuned": run(2000, 0.7, "pretrained"),
}


def test_models_are_exported_once_and_only_if_they_are_small_enough():
    assert list(worth_exporting(RUNS, 5000, 0)) == ["frozen", "tuned", "medium", "small"]
    assert next(iter(worth_exporting(RUNS, 100_000, 0))) == "large"


def test_a_limit_that_leaves_no_model_is_named():
    with pytest.raises(WasteError, match=r"none of 7 declared models .* at most 50 parameters"):
        worth_exporting(RUNS, 50, 0)


@pytest.mark.parametrize(
    ("per_kind", "names"),
    [(1, ["large", "frozen"]), (2, ["large", "frozen", "tuned", "medium"])],
)
def test_of_each_kind_the_best_on_validation_are_taken(per_kind, names):
    assert list(worth_exporting(RUNS, 100_000, per_kind)) == names


def test_int8_is_compared_image_by_image_and_byte_by_byte(tmp_path):
    full = np.array([1] * 30 + [0] * 10, bool)
    small = np.array([1] * 28 + [0] * 11 + [1], bool)
    answers = {
        "both": {"litert-float32": right_or_wrong(full), "litert-int8": right_or_wrong(small)},
        "one": {"litert-float32": right_or_wrong(full)},
    }
    files = {"both": {}}
    for form, size in {"litert-float32": 400, "litert-int8": 100}.items():
        files["both"][form] = tmp_path / form
        files["both"][form].write_bytes(b"x" * size)
    (row,) = int8_table(files, answers).to_dict(orient="records")
    assert row["name"] == "both"
    assert (row["full_accuracy"], row["int8_accuracy"]) == (0.75, 0.725)
    assert row["difference"] == pytest.approx(-0.025)
    assert row["low"] < row["difference"] < row["high"]
    assert not row["real"]
    assert row["size_share"] == 0.25


def test_losses_of_several_models_are_corrected_for_their_number(tmp_path):
    """Each differs from float32 in the same twelve of eighty images, every one a group."""
    full, small = np.ones(80, bool), np.arange(80) >= 12
    answers = {
        name: {"litert-float32": right_or_wrong(full), "litert-int8": right_or_wrong(small)}
        for name in ("one", "two")
    }
    for form in ("litert-float32", "litert-int8"):
        (tmp_path / form).write_bytes(b"x")
    files = {name: {form: tmp_path / form for form in answers[name]} for name in answers}
    alone = int8_table({"one": files["one"]}, {"one": answers["one"]})
    both = int8_table(files, answers)
    assert alone["real"].all()
    assert both["p"].tolist() == pytest.approx([2 * alone["p"][0]] * 2)
    assert both["real"].all()


def test_without_both_formats_there_is_nothing_to_compare():
    assert int8_table({}, {"one": {"onnx": right_or_wrong([True, False])}}).empty


def test_onnx_is_left_out_where_its_packages_are_missing(monkeypatch):
    monkeypatch.setattr(write, "find_spec", lambda name: None if name == "tf2onnx" else object())
    assert can_be_written("litert-int8, onnx") == (["litert-int8"], ["tf2onnx"])
    assert can_be_written("litert-int8") == (["litert-int8"], [])
    monkeypatch.setattr(write, "find_spec", lambda name: object())
    assert can_be_written("onnx litert-int8") == (["onnx", "litert-int8"], [])
