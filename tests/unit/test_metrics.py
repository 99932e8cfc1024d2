"""Scores and their intervals: against scikit-learn, hand counts and simulation."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, log_loss

from wastelib.errors import WasteError
from wastelib.evaluation.metrics import compare, evaluate


def table(labels, groups, probabilities, classes, subset="test"):
    """A predictions table as runs store it."""
    about = {
        "image": [f"{number}.jpg" for number in range(len(labels))],
        "label": labels,
        "group": groups,
        "subset": subset,
    }
    columns = {f"p_{name}": np.asarray(probabilities)[:, i] for i, name in enumerate(classes)}
    return pd.DataFrame(about | columns)


def right_or_wrong(hits, groups=None):
    """Two classes, all images of class a; a hit gives it 0.9."""
    likelihood = np.where(hits, 0.9, 0.1)
    groups = range(len(hits)) if groups is None else groups
    return table(["a"] * len(hits), groups, np.c_[likelihood, 1 - likelihood], ["a", "b"])


def random_table(seed, images=60, classes=4, groups=20):
    draw = np.random.default_rng(seed)
    names = [f"class {number}" for number in range(classes)]
    labels = draw.choice(names, images)
    return table(
        labels, draw.integers(groups, size=images), draw.dirichlet(np.ones(classes), images), names
    )


FOUR = table(
    ["a", "a", "a", "b"], [1, 1, 2, 3], [[0.8, 0.2], [0.6, 0.4], [0.3, 0.7], [0.1, 0.9]], "ab"
)


def test_scores_of_a_case_counted_by_hand():
    found = evaluate(FOUR)
    assert (found.images, found.groups, found.classes) == (4, 3, ("a", "b"))
    assert found.accuracy == 0.75
    assert found.confusion.tolist() == [[2, 1], [0, 1]]
    assert found.per_class.loc["a"].tolist() == pytest.approx([1, 2 / 3, 0.8, 3])
    assert found.per_class.loc["b"].tolist() == pytest.approx([0.5, 1, 2 / 3, 1])
    assert found.macro_f1 == pytest.approx((0.8 + 2 / 3) / 2)
    assert found.loss == pytest.approx(-np.log([0.8, 0.6, 0.3, 0.9]).mean())


@given(st.integers(0, 10_000), st.integers(1, 80), st.integers(2, 6))
def test_scores_agree_with_scikit_learn(seed, images, classes):
    predictions = random_table(seed, images, classes)
    found = evaluate(predictions, samples=20)
    probabilities = predictions.filter(like="p_").to_numpy()
    predicted = np.array(found.classes)[probabilities.argmax(axis=1)]
    true = predictions["label"].to_numpy(str)
    assert found.accuracy == pytest.approx((true == predicted).mean())
    assert found.macro_f1 == pytest.approx(f1_score(true, predicted, average="macro"))
    assert found.loss == pytest.approx(log_loss(true, probabilities, labels=found.classes))
    assert found.confusion.sum() == images
    for low, high in (found.accuracy_interval, found.macro_f1_interval):
        assert 0 <= low <= high <= 1


def test_only_the_subset_asked_for_is_scored():
    both = random_table(1)
    both.loc[:9, "subset"] = "validation"
    assert evaluate(both, "validation").images == 10
    assert evaluate(both).images == len(both) - 10


def test_interval_is_that_of_drawing_groups_one_by_one():
    predictions = random_table(3, images=80, groups=25)
    found = evaluate(predictions, samples=2000)
    draw, predicted = np.random.default_rng(9), predictions.filter(like="p_").to_numpy().argmax(1)
    codes = predictions["label"].str.removeprefix("class ").astype(int).to_numpy()
    members = list(predictions.groupby("group").indices.values())
    accuracies, f1s = [], []
    for _ in range(2000):
        rows = np.concatenate([members[i] for i in draw.integers(len(members), size=len(members))])
        accuracies.append((codes[rows] == predicted[rows]).mean())
    for _ in range(300):
        rows = np.concatenate([members[i] for i in draw.integers(len(members), size=len(members))])
        f1s.append(f1_score(codes[rows], predicted[rows], average="macro"))
    assert found.accuracy_interval == pytest.approx(
        np.percentile(accuracies, [2.5, 97.5]), abs=0.02
    )
    assert found.macro_f1_interval == pytest.approx(np.percentile(f1s, [2.5, 97.5]), abs=0.03)


def test_copies_of_an_image_in_its_group_do_not_narrow_the_interval():
    hits = np.random.default_rng(0).random(60) < 0.7
    once = evaluate(right_or_wrong(hits)).accuracy_interval
    items = np.repeat(np.arange(60), 5)
    copied = evaluate(right_or_wrong(hits[items], items)).accuracy_interval
    as_if_independent = evaluate(right_or_wrong(hits[items])).accuracy_interval
    assert copied == pytest.approx(once)
    assert np.diff(as_if_independent) < 0.6 * np.diff(copied)


def test_interval_covers_the_truth_about_as_often_as_it_claims():
    draw, truth, covered = np.random.default_rng(5), 0.7, 0
    for _ in range(200):
        groups = np.repeat(np.arange(80), draw.integers(1, 6, size=80))
        easy = draw.beta(1.4, 0.6, size=80)  # how likely each item is recognised, mean 0.7
        low, high = evaluate(
            right_or_wrong(draw.random(len(groups)) < easy[groups], groups), samples=300
        ).accuracy_interval
        covered += low <= truth <= high
    assert 0.89 <= covered / 200 <= 0.99


def test_same_seed_same_interval():
    first, second = evaluate(random_table(2)), evaluate(random_table(2))
    assert first.macro_f1_interval == second.macro_f1_interval
    assert evaluate(random_table(2), seed=1).macro_f1_interval != first.macro_f1_interval


def test_a_certain_mistake_costs_a_finite_loss():
    assert evaluate(table(["a"], [1], [[0, 1]], "ab")).loss == pytest.approx(-np.log(1e-7))


def test_constant_predictor_and_absent_class_have_defined_scores():
    found = evaluate(table(["a", "b", "b"], [1, 2, 3], [[1, 0, 0]] * 3, "abc"))
    assert not found.per_class.isna().any(axis=None)
    assert found.per_class.loc["c", "support"] == 0
    assert found.macro_f1 == pytest.approx((0.5 + 0) / 2)  # c occurs nowhere and is left out


def test_class_names_may_look_like_columns():
    found = evaluate(table(["p_p_", "label"], [1, 2], [[1, 0], [0, 1]], ["p_p_", "label"]))
    assert found.classes == ("p_p_", "label")
    assert found.accuracy == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"p_a": [np.nan, 0.6, 0.3, 0.1]}, "not finite"),
        ({"p_a": [0.9, 0.6, 0.3, 0.1]}, "do not sum to 1"),
        ({"p_a": [-0.2, 0.6, 0.3, 0.1], "p_b": [1.2, 0.4, 0.7, 0.9]}, "below 0"),
        ({"label": ["a", "a", "a", "tin"]}, "'tin'"),
        ({"label": ["a", None, "a", "b"]}, "without label"),
        ({"group": [1, 2, None, 3]}, "without label or group"),
        ({"image": ["x", "x", "y", "z"]}, "more than once"),
        ({"subset": "validation"}, "no image in subset 'test'"),
    ],
)
def test_a_table_that_is_wrong_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        evaluate(FOUR.assign(**change))


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="two p_<class> columns"):
        evaluate(FOUR.drop(columns="p_b"))


def test_mcnemar_of_a_case_counted_by_hand():
    a = right_or_wrong(np.array([1] * 10 + [1] * 7 + [0] * 1 + [0] * 2, bool))
    b = right_or_wrong(np.array([1] * 10 + [0] * 7 + [1] * 1 + [0] * 2, bool))
    found = compare(a, b)
    assert (found.only_a_right, found.only_b_right, found.images) == (7, 1, 20)
    assert found.difference == pytest.approx(6 / 20)
    assert found.p_value == pytest.approx(2 * (1 + 8) / 2**8)  # at most 1 of 8 coins, both sides
    assert found.difference_interval[0] < 0.3 < found.difference_interval[1]


def test_a_model_does_not_differ_from_itself_whatever_the_order_of_rows():
    predictions = random_table(4)
    found = compare(predictions, predictions.sample(frac=1, random_state=0))
    assert found.difference == 0
    assert found.difference_interval == (0, 0)
    assert found.p_value == 1


def test_a_pair_is_compared_more_sharply_than_two_strangers():
    draw = np.random.default_rng(1)
    hits = draw.random(300) < 0.7
    better = hits | (draw.random(300) < 0.1)
    a, b = right_or_wrong(better), right_or_wrong(hits)
    low, high = compare(a, b).difference_interval
    assert low > 0
    assert high - low < np.diff(evaluate(a).accuracy_interval)[0]


def test_different_test_images_are_refused():
    with pytest.raises(WasteError, match="not tested on the same images"):
        compare(FOUR, FOUR.iloc[:3])
    with pytest.raises(WasteError, match="same images"):
        compare(FOUR, FOUR.assign(group=[1, 2, 3, 4]))
