"""The bootstrap over groups: against drawing by hand, SciPy, and at the edges."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import bootstrap

from tests.predicted import random_table, right_or_wrong
from wastelib.evaluation.metrics import accuracies, class_counts, evaluate, macro_f1s
from wastelib.evaluation.predictions import checked
from wastelib.evaluation.resampling import group_sums, ratio, resample


def resampled_table(seed, samples, **sizes):
    answers = checked(random_table(seed, **sizes), "test")
    sums = group_sums(class_counts(answers), answers.rows["group"])
    return answers, resample(sums, samples, seed=0)


def test_draws_are_those_of_drawing_groups_one_by_one():
    answers, resampled = resampled_table(3, 4000, images=80, groups=25)
    draw, counts = np.random.default_rng(9), class_counts(answers)
    members = list(answers.rows.groupby("group").indices.values())
    rows = [
        np.concatenate([members[i] for i in draw.integers(len(members), size=len(members))])
        for _ in range(4000)
    ]
    for statistic in (accuracies, macro_f1s):
        by_hand = [statistic(counts[chosen].sum(axis=0)) for chosen in rows]
        ours = statistic(resampled.drawn)
        assert np.percentile(ours, [2.5, 50, 97.5]) == pytest.approx(
            np.percentile(by_hand, [2.5, 50, 97.5]), abs=0.012
        )


def test_interval_of_a_score_is_scipys_bca_but_for_students_t():
    """With 400 groups, t and the normal distribution differ by half a percent."""
    _, resampled = resampled_table(5, 20_000, images=1000, groups=400)
    for statistic in (accuracies, macro_f1s):
        reference = bootstrap(
            tuple(resampled.sums.T),
            lambda *columns, axis, f=statistic: f(np.stack(columns).sum(axis=axis).T).T,
            paired=True,
            vectorized=True,
            n_resamples=4000,
            batch=500,
            method="BCa",
            rng=1,
        ).confidence_interval
        width = reference.high - reference.low
        assert resampled.score(statistic) == pytest.approx(tuple(reference), abs=width / 25)


def test_groups_that_all_agree_do_not_make_certain():
    """Clopper and Pearson's bound: of 50 groups all right, 92.9 % could be the truth."""
    low, high = evaluate(right_or_wrong(np.ones(50, bool))).accuracy_interval
    assert (low, high) == (pytest.approx(0.025 ** (1 / 50)), 1)
    assert low == pytest.approx(0.9289, abs=1e-4)
    none = evaluate(right_or_wrong(np.zeros(50, bool))).accuracy_interval
    assert none == (0, pytest.approx(1 - low))


@pytest.mark.parametrize("groups", [1, 2, 5])
def test_a_handful_of_groups_says_nothing_of_others(groups):
    hits = np.arange(20) % 4 > 0
    found = evaluate(right_or_wrong(hits, groups=np.arange(20) % groups))
    assert found.accuracy == 0.75
    assert found.accuracy_interval == found.macro_f1_interval == (0, 1)


@given(st.integers(0, 1000), st.integers(1, 40), st.integers(2, 5), st.integers(1, 12))
def test_intervals_are_finite_ordered_and_in_range(seed, images, classes, groups):
    _, resampled = resampled_table(seed, 50, images=images, classes=classes, groups=groups)
    for statistic in (accuracies, macro_f1s):
        low, high = resampled.score(statistic)
        assert 0 <= low <= high <= 1


def test_datasets_side_by_side_have_the_intervals_they_have_alone():
    draw = np.random.default_rng(2)
    hits = draw.integers(0, 2, (30, 4, 1))
    counts = np.concatenate([hits, np.ones_like(hits)], axis=-1).astype(float)
    together = resample(counts, 200, seed=0).score(ratio)
    for number in range(4):
        alone = resample(counts[:, number], 200, seed=0).score(ratio)
        assert [ends[number] for ends in together] == pytest.approx([float(end) for end in alone])


def test_sums_are_by_group_in_any_order_of_rows():
    sums = group_sums(np.array([[1.0], [2], [4]]), pd.Series(["x", "y", "x"]))
    assert sums.tolist() == [[5], [2]]
