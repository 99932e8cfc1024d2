"""Arms are compared on the same images, and their intervals know of seeds and groups."""

import types

import numpy as np
import pandas as pd
import pytest

from wastelib.errors import WasteError
from wastelib.evaluation.arms import answer, compare_arms, costs, rarest
from wastelib.evaluation.draws import _with_seeds, score_draws
from wastelib.evaluation.metrics import evaluate

CLASSES = ("a", "b", "c")


def answers(right, groups=None, subset="test"):
    """A predictions table of images of each class in turn, of which these are right."""
    right = np.asarray(right, bool)
    number = np.arange(len(right))
    true = number % len(CLASSES)
    given = np.where(right, true, (true + 1) % len(CLASSES))
    probabilities = np.full((len(right), len(CLASSES)), 0.1)
    probabilities[number, given] = 0.8
    about = {
        "image": [f"{n:05}.jpg" for n in number],
        "label": np.array(CLASSES)[true],
        "group": [f"g{n}" for n in (number if groups is None else groups)],
        "subset": subset,
    }
    columns = {f"p_{name}": probabilities[:, i] for i, name in enumerate(CLASSES)}
    return pd.DataFrame(about | columns)


def arm(accuracy, seeds=3, images=300, between=0.0, first=0):
    """Runs of one arm, right as often as `accuracy`, which differs by `between` among seeds."""
    rng = np.random.default_rng([first, round(1000 * accuracy)])
    rates = accuracy + rng.normal(0, between, seeds)
    return [answers(rng.random(images) < rate) for rate in rates]


def test_an_arms_score_is_the_mean_over_its_seeds():
    runs = [answers([1, 1, 1, 0]), answers([1, 0, 0, 0])]
    table = compare_arms({"one": runs, "two": runs[::-1]}, "one", samples=50)
    assert table["accuracy"].tolist() == [0.5, 0.5]
    expected = np.mean([evaluate(run).macro_f1 for run in runs])
    assert table["macro_f1"].tolist() == pytest.approx([expected, expected])
    assert table["seeds"].tolist() == [2, 2]


def test_the_difference_is_that_of_the_means_and_lies_in_its_interval():
    table = compare_arms({"low": arm(0.6), "high": arm(0.9)}, "low", samples=500)
    low, high = table.to_dict("records")
    assert high["accuracy_difference"] == pytest.approx(high["accuracy"] - low["accuracy"])
    ends = high["accuracy_difference_low"], high["accuracy_difference_high"]
    assert 0 < ends[0] < high["accuracy_difference"] < ends[1]
    assert high["accuracy_p"] < 0.01


def test_the_reference_does_not_differ_from_itself_and_nothing_is_missing():
    table = compare_arms({"x": arm(0.6), "y": arm(0.7)}, "y", samples=200)
    assert not table.isna().any(axis=None)
    reference = table[table["is_reference"]].iloc[0]
    assert reference["arm"] == "y"
    columns = [name for name in table if "difference" in name]
    assert (reference[columns] == 0).all()
    assert reference["accuracy_p"] == 1


def test_equal_runs_and_constant_predictors_give_no_difference():
    never = [answers([0] * 60)] * 2
    table = compare_arms({"one": never, "two": never}, "one", samples=100)
    assert table["accuracy"].tolist() == [0, 0]
    assert table["accuracy_p"].tolist() == [1, 1]
    assert not table.isna().any(axis=None)


def test_seeds_that_differ_widen_the_interval():
    def width(between):
        table = compare_arms(
            {"x": arm(0.6, between=between), "y": arm(0.7, between=between)}, "x", samples=1000
        )
        return np.ptp(table.loc[1, ["accuracy_difference_low", "accuracy_difference_high"]])

    assert width(0.15) > 2 * width(0.0)


def test_groups_widen_the_interval_of_images_that_go_together():
    def width(groups):
        rng = np.random.default_rng(3)
        right = np.repeat(rng.random(60) < 0.6, 5)
        runs = [answers(right, groups) for _ in range(2)]
        other = [answers(~right, groups) for _ in range(2)]
        table = compare_arms({"x": runs, "y": other}, "x", samples=500)
        return np.ptp(table.loc[0, ["accuracy_low", "accuracy_high"]])

    assert width(np.repeat(np.arange(60), 5)) > 1.7 * width(None)


def test_p_values_are_corrected_by_holm():
    """Five arms that are all the same have five times the p of one."""
    rng = np.random.default_rng(0)
    reference, other = ([answers(rng.random(300) < rate)] * 2 for rate in (0.6, 0.66))
    one = compare_arms({"x": reference, "y": other}, "x", samples=1000)
    five = compare_arms({"x": reference} | {f"y{n}": other for n in range(5)}, "x", samples=1000)
    assert 0 < one["accuracy_p"][1] < 0.2
    assert five["accuracy_p"][1:].tolist() == pytest.approx([5 * one["accuracy_p"][1]] * 5)


def test_f1_of_some_classes_is_their_mean():
    runs = arm(0.7, seeds=2)
    table = compare_arms({"x": runs, "y": runs}, "x", classes=["a", "c"], samples=50)
    expected = np.mean([evaluate(run).per_class.loc[["a", "c"], "f1"].mean() for run in runs])
    assert table["macro_f1"].iloc[0] == pytest.approx(expected)
    assert table["accuracy"].iloc[0] == np.mean([evaluate(run).accuracy for run in runs])


@pytest.mark.parametrize("between", [0.0, 0.02, 0.05])
def test_intervals_of_differences_cover_the_truth(between):
    """Simulated: two arms that are equally good, three seeds, images of unequal difficulty."""
    rng = np.random.default_rng(1)
    weights = rng.multinomial(150, np.full(150, 1 / 150), size=400)
    covered = []
    for _ in range(500):
        rate = 0.65 + rng.choice([-0.2, 0.2], 150) + rng.normal(0, between, (6, 1))
        hits = rng.random((6, 150)) < rate
        draws = _with_seeds(hits.mean(axis=1), weights @ hits.T / 150, [3, 3], rng)
        low, high = np.percentile(draws[:, 1] - draws[:, 0], [2.5, 97.5])
        covered.append(low <= 0 <= high)
    assert 0.93 <= np.mean(covered) <= 0.99


def test_draws_with_the_same_seed_are_the_same_and_share_the_test_items():
    runs = arm(0.7, seeds=2)
    first = score_draws({"x": runs}, samples=50, seed=5)[1]["accuracy"]
    again = score_draws({"x": runs}, samples=50, seed=5)[1]["accuracy"]
    assert first.equals(again)
    same = [answers(np.arange(90) % 2)] * 2  # no spread between seeds: only the items vary
    one = score_draws({"x": same}, samples=50)[1]["accuracy"]["x"]
    other = score_draws({"another": same}, samples=50)[1]["accuracy"]["another"]
    assert one.tolist() == other.tolist()


def test_one_seed_is_refused_for_its_spread_cannot_be_seen():
    with pytest.raises(WasteError, match="at least two seeds"):
        compare_arms({"x": arm(0.6, seeds=1), "y": arm(0.7)}, "x")


@pytest.mark.parametrize(
    "other",
    [
        answers([1, 0, 1]),
        answers([1, 0, 1, 1], groups=[0, 0, 1, 1]),
        answers([1, 0, 1, 1]).assign(p_third=0.0),
    ],
)
def test_other_images_groups_or_classes_are_refused(other):
    runs = [answers([1, 0, 1, 1])] * 2
    with pytest.raises(WasteError, match="same images, groups and classes"):
        compare_arms({"x": runs, "y": [other] * 2}, "x")


def test_the_order_of_the_images_does_not_matter():
    runs = arm(0.7, seeds=2)
    shuffled = [run.sample(frac=1, random_state=1) for run in runs]
    table = compare_arms({"x": runs, "y": shuffled}, "x", samples=50)
    assert table["accuracy_difference"].tolist() == [0, 0]


def test_the_answer_names_what_is_beyond_chance_and_what_may_be_chance():
    arms = {"none": arm(0.6), "good": arm(0.9), "bad": arm(0.3), "same": arm(0.6, first=4)}
    text = answer(compare_arms(arms, "none", samples=1000))
    assert text.startswith("**Better than none in accuracy: good by +")
    assert "Worse than none in accuracy: bad by -" in text
    assert text.endswith("no difference beyond chance: same.")
    alone = answer(compare_arms({n: arms[n] for n in ("none", "same")}, "none", samples=1000))
    assert alone.startswith(
        "**No difference in accuracy to none is beyond chance**; that of same is"
    )


def test_the_rarest_third_of_the_classes_are_named_rarest_first():
    labels = pd.Series(list("a" * 9 + "b" * 3 + "c" * 5 + "d" * 8 + "e" * 3 + "f" * 9))
    assert rarest(labels) == ["b", "e"]
    assert rarest(labels[labels.isin(["a", "c"])]) == ["c"]


def test_costs_are_medians_over_seeds_with_the_seconds_of_the_start(tmp_path, monkeypatch):
    def run(name, seconds, start=None):
        trial = types.SimpleNamespace(model=types.SimpleNamespace(start=start))
        manifest = {"parameters": 7, "model_bytes": 100, "image_milliseconds": 2.0}
        folder = tmp_path / name
        manifest |= {"train_seconds": seconds}
        return types.SimpleNamespace(folder=folder, trial=trial, manifest=manifest)

    frozen = {"f": run("f", 3.0)}
    monkeypatch.setattr("wastelib.evaluation.arms.Run", lambda folder: frozen[folder.name])
    arms = {"scratch": [run("a", 10.0), run("b", 20.0), run("c", 12.0)]}
    arms["tuned"] = [run("d", 1.0, "f"), run("e", 2.0, "f")]
    found = costs(arms).set_index("arm")
    assert found["train_seconds"].tolist() == [12.0, 4.5]
    assert found["train_seconds_low"].tolist() == [10.0, 4.0]
    assert found["train_seconds_high"].tolist() == [20.0, 5.0]
    assert found["image_milliseconds"].tolist() == [2.0, 2.0]
