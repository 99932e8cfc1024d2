"""Scores and their intervals: against scikit-learn, hand counts and simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score, log_loss

from tests.predicted import random_table, right_or_wrong, table
from wastelib.evaluation.metrics import evaluate

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


def test_copies_of_an_image_in_its_group_do_not_narrow_the_interval():
    hits = np.random.default_rng(0).random(60) < 0.7
    once = evaluate(right_or_wrong(hits)).accuracy_interval
    items = np.repeat(np.arange(60), 5)
    copied = evaluate(right_or_wrong(hits[items], items)).accuracy_interval
    as_if_independent = evaluate(right_or_wrong(hits[items])).accuracy_interval
    assert copied == pytest.approx(once)
    assert np.diff(as_if_independent) < 0.6 * np.diff(copied)


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
