"""Calibration against scikit-learn, published definitions and models that know their truth."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, log_loss

from tests.predicted import random_table, right_or_wrong, table
from wastelib.evaluation.calibration import (
    accuracy_against_kept,
    at_temperature,
    brier_score,
    expected_calibration_error,
    fit_temperature,
    reliability,
)


def sure(confidences, hits, subset="test"):
    """Two classes; each image is of class a, and named with this confidence, rightly or not."""
    confidences = np.asarray(confidences, float)
    likelihood = np.where(hits, confidences, 1 - confidences)
    return table(
        ["a"] * len(hits), range(len(hits)), np.c_[likelihood, 1 - likelihood], "ab", subset
    )


def calibrated(images=4000, sharpness=1.0, subset="validation", seed=0):
    """Labels drawn from the probabilities, which are then shown sharper than they are."""
    draw = np.random.default_rng(seed)
    true = draw.dirichlet(np.ones(4), images)
    labels = [f"class {row.searchsorted(draw.random())}" for row in true.cumsum(axis=1)]
    shown = true**sharpness
    shown /= shown.sum(axis=1, keepdims=True)
    return table(labels, range(images), shown, [f"class {n}" for n in range(4)], subset)


def test_ece_of_a_case_counted_by_hand():
    """Bins of 0.2: (0.4, 0.6] right 1 of 2 at 0.55; (0.6, 0.8] 2 of 2 at 0.7; (0.8, 1] 1 of 2.

    |0.5 - 0.55| 2/6 + |1 - 0.7| 2/6 + |0.5 - 0.95| 2/6 = 0.8 / 3.
    """
    predictions = sure([0.5, 0.6, 0.65, 0.75, 0.9, 1.0], [1, 0, 1, 1, 0, 1])
    assert expected_calibration_error(predictions, bins=5) == pytest.approx(0.8 / 3)
    found = reliability(predictions, bins=5)
    assert found["images"].tolist() == [2, 2, 2]
    assert found["confidence"].tolist() == pytest.approx([0.55, 0.7, 0.95])
    assert found["accuracy"].tolist() == [0.5, 1, 0.5]
    assert found[["from", "to"]].iloc[0].tolist() == pytest.approx([0.4, 0.6])


def test_ece_of_a_published_example():
    """That of TorchMetrics' `multiclass_calibration_error`, three bins: 0.2."""
    probabilities = [[0.25, 0.2, 0.55], [0.55, 0.05, 0.4], [0.1, 0.3, 0.6], [0.9, 0.05, 0.05]]
    predictions = table(["a", "b", "c", "a"], range(4), probabilities, "abc")
    assert expected_calibration_error(predictions, bins=3) == pytest.approx(0.2)


@given(st.integers(0, 500), st.integers(1, 15))
def test_ece_is_the_weighted_gap_of_the_reliability_table(seed, bins):
    predictions = random_table(seed)
    found = reliability(predictions, bins=bins, samples=20)
    gap = (found["accuracy"] - found["confidence"]).abs() * found["images"]
    assert expected_calibration_error(predictions, bins=bins) == pytest.approx(
        gap.sum() / found["images"].sum()
    )
    assert not found.isna().any(axis=None)
    assert found["images"].sum() == 60
    assert (found["low"] <= found["high"]).all()


@given(st.integers(0, 500), st.integers(2, 6))
def test_brier_score_agrees_with_scikit_learn(seed, classes):
    predictions = random_table(seed, classes=classes)
    probabilities = predictions.filter(like="p_").to_numpy()
    labels = [name.removeprefix("p_") for name in predictions.filter(like="p_")]
    reference = brier_score_loss(
        predictions["label"], probabilities, labels=labels, scale_by_half=False
    )
    assert brier_score(predictions) == pytest.approx(reference)


def test_brier_score_of_briers_own_example():
    """Brier 1950, table 1: rain or none with 0.7, 0.9, 0.8, ... on ten days scores 0.19."""
    rain = [0.7, 0.9, 0.8, 0.4, 0.2, 0.0, 0.0, 0.0, 0.0, 0.1]
    fell = [0, 1, 1, 1, 0, 0, 0, 0, 0, 0]
    labels = ["rain" if it else "none" for it in fell]
    probabilities = np.c_[rain, 1 - np.array(rain)]
    predictions = table(labels, range(10), probabilities, ["rain", "none"])
    assert brier_score(predictions) == pytest.approx(0.19)


def test_scores_at_their_ends():
    right, wrong = sure([1, 1, 1], [1, 1, 1]), sure([1, 1, 1], [0, 0, 0])
    assert (brier_score(right), expected_calibration_error(right)) == (0, 0)
    assert (brier_score(wrong), expected_calibration_error(wrong)) == (2, 1)
    alike = table(["a", "b", "b"], [1, 2, 3], [[1 / 3] * 3] * 3, "abc")
    assert brier_score(alike) == pytest.approx(1 - 1 / 3)


def test_a_model_that_says_the_truth_has_no_gap_and_temperature_one():
    predictions = calibrated(images=20_000)
    assert expected_calibration_error(predictions, "validation") < 0.015
    assert fit_temperature(predictions) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("sharpness", [0.5, 2.5])
def test_temperature_undoes_exaggeration(sharpness):
    predictions = calibrated(images=8000, sharpness=sharpness)
    temperature = fit_temperature(predictions)
    assert temperature == pytest.approx(sharpness, rel=0.06)
    cooled = at_temperature(predictions, temperature)
    before = expected_calibration_error(predictions, "validation")
    assert expected_calibration_error(cooled, "validation") < before / 3


@given(st.integers(0, 200), st.floats(0.05, 20))
def test_no_temperature_beats_the_fitted_one_or_changes_an_answer(seed, other):
    predictions = random_table(seed).assign(subset="validation")
    columns = list(predictions.filter(like="p_"))

    def loss(temperature):
        tempered = at_temperature(predictions, temperature)[columns]
        return log_loss(predictions["label"], tempered, labels=[c[2:] for c in columns])

    assert loss(fit_temperature(predictions)) <= loss(other) + 1e-6
    tempered = at_temperature(predictions, other)[columns].to_numpy()
    assert (tempered.argmax(axis=1) == predictions[columns].to_numpy().argmax(axis=1)).all()
    assert tempered.sum(axis=1) == pytest.approx(np.ones(len(tempered)))


def test_temperatures_of_extreme_models_are_defined():
    alike = table(["a", "b"], [1, 2], [[0.5, 0.5]] * 2, "ab", "validation")
    assert fit_temperature(alike) == 1
    right = sure([0.9] * 20, [True] * 20, "validation")
    assert fit_temperature(right) == pytest.approx(0.05, abs=0.05)
    wrong = sure([0.9] * 20, [False] * 20, "validation")
    assert fit_temperature(wrong) == pytest.approx(20, rel=0.01)
    certain = sure([1.0] * 20, [True] * 10 + [False] * 10, "validation")
    assert not at_temperature(certain, fit_temperature(certain)).isna().any(axis=None)


def test_a_class_absent_from_validation_is_no_obstacle():
    predictions = random_table(3, images=200).assign(subset="validation")
    predictions = predictions[predictions["label"] != "class 2"]
    assert 0.05 <= fit_temperature(predictions) <= 20
    assert not reliability(predictions, "validation").isna().any(axis=None)
    assert 0 <= brier_score(predictions, "validation") <= 2


@pytest.mark.parametrize("temperature", [0, -1, float("nan"), float("inf")])
def test_what_is_no_temperature_is_refused(temperature):
    with pytest.raises(ValueError, match="positive number"):
        at_temperature(random_table(0), temperature)


@pytest.mark.parametrize(
    "function",
    [reliability, expected_calibration_error, brier_score, accuracy_against_kept],
)
def test_probabilities_that_are_no_distribution_are_refused(function):
    with pytest.raises(ValueError, match="do not sum to 1"):
        function(right_or_wrong([True, False]).assign(p_b=0.7))


def test_kept_answers_are_the_most_confident_ones():
    predictions = sure([0.6, 0.7, 0.8, 0.9], [0, 0, 1, 1])
    found = accuracy_against_kept(predictions, shares=[0.25, 0.5, 0.75, 1])
    assert found["kept"].tolist() == [0.25, 0.5, 0.75, 1]
    assert found["accuracy"].tolist() == pytest.approx([1, 1, 2 / 3, 0.5])
    assert found["threshold"].tolist() == pytest.approx([0.9, 0.8, 0.7, 0.6])
    assert found["images"].tolist() == [1, 2, 3, 4]


def test_a_constant_predictor_keeps_all_or_nothing():
    predictions = table(["a", "b", "b"], [1, 2, 3], [[0.2, 0.8]] * 3, "ab")
    found = accuracy_against_kept(predictions)
    assert len(found) == 1
    assert found.loc[0, ["kept", "accuracy"]].tolist() == pytest.approx([1, 2 / 3])


@given(st.integers(0, 300), st.integers(1, 40), st.integers(1, 8))
def test_abstention_curve_is_defined_and_rises_to_all_images(seed, images, groups):
    predictions = random_table(seed, images=images, groups=groups)
    found = accuracy_against_kept(predictions, samples=20)
    assert not found.isna().any(axis=None)
    assert found["kept"].is_monotonic_increasing
    assert found["kept"].iloc[-1] == 1
    assert ((found["low"] >= 0) & (found["low"] <= found["high"]) & (found["high"] <= 1)).all()


@pytest.mark.parametrize("shares", [[], [0], [0.5, 1.1]])
def test_shares_that_cannot_be_kept_are_refused(shares):
    with pytest.raises(ValueError, match="above 0 and up to 1"):
        accuracy_against_kept(random_table(0), shares=shares)


def test_fewer_than_one_bin_is_refused():
    with pytest.raises(ValueError, match="one bin"):
        reliability(random_table(0), bins=0)


def test_only_validation_sets_the_temperature():
    both = pd.concat([calibrated(300), calibrated(300, 9, "test", 1).assign(image=range(300))])
    assert fit_temperature(both) == fit_temperature(calibrated(300))
