"""Two models, and many: against references, hand counts and what grouping does to a test."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar

from tests.predicted import random_table, right_or_wrong, table
from wastelib.errors import WasteError
from wastelib.evaluation.comparison import compare, exact_group_test, mcnemar_exact
from wastelib.evaluation.metrics import evaluate
from wastelib.evaluation.ranking import holm, rank

FOUR = table(
    ["a", "a", "a", "b"], [1, 1, 2, 3], [[0.8, 0.2], [0.6, 0.4], [0.3, 0.7], [0.1, 0.9]], "ab"
)


def test_mcnemar_of_a_case_counted_by_hand():
    a = right_or_wrong(np.array([1] * 10 + [1] * 7 + [0] * 1 + [0] * 2, bool))
    b = right_or_wrong(np.array([1] * 10 + [0] * 7 + [1] * 1 + [0] * 2, bool))
    found = compare(a, b)
    assert (found.only_a_right, found.only_b_right, found.images) == (7, 1, 20)
    assert found.difference == pytest.approx(6 / 20)
    assert found.p_value == pytest.approx(2 * (1 + 8) / 2**8)  # at most 1 of 8 coins, both sides
    assert found.difference_interval[0] < 0.3 < found.difference_interval[1]


@given(st.integers(0, 300), st.integers(0, 300))
def test_mcnemar_agrees_with_statsmodels(only_a, only_b):
    reference = mcnemar([[50, only_a], [only_b, 50]], exact=True).pvalue
    assert mcnemar_exact(only_a, only_b) == pytest.approx(min(reference, 1.0))


def test_mcnemar_of_a_published_case():
    """Agresti, Categorical data analysis, table 10.1: of 1600 people asked twice about a prime
    minister, 150 and 86 changed their minds. McNemar's statistic is 17.36, with p = 3.1e-5.
    """
    statistic = (150 - 86) ** 2 / (150 + 86)
    assert statistic == pytest.approx(17.36, abs=0.005)
    assert mcnemar_exact(86, 150) == pytest.approx(3.1e-5, rel=0.25)


@given(st.integers(0, 40), st.integers(0, 40))
def test_group_test_of_single_images_is_mcnemars(only_a, only_b):
    leads = np.array([1] * only_a + [-1] * only_b + [0] * 5)
    assert exact_group_test(leads) == pytest.approx(mcnemar_exact(only_a, only_b))


@given(st.lists(st.integers(-5, 5), max_size=9))
def test_group_test_counts_every_exchange(leads):
    leads = np.array(leads, int)
    totals = [np.dot(signs, leads) for signs in product([1, -1], repeat=len(leads))]
    share = np.mean(np.abs(totals) >= abs(leads.sum()))
    assert exact_group_test(leads) == pytest.approx(share)


def test_copies_of_an_image_in_its_group_prove_nothing():
    draw = np.random.default_rng(3)
    hits = draw.random((2, 60)) < [[0.75], [0.6]]
    once = compare(*map(right_or_wrong, hits))
    items = np.repeat(np.arange(60), 4)
    copied = compare(*(right_or_wrong(hit[items], items) for hit in hits))
    assert copied.p_value < once.p_value / 10  # McNemar's test takes them for witnesses
    assert copied.group_p_value == pytest.approx(once.group_p_value)
    assert copied.difference_interval == pytest.approx(once.difference_interval)


def test_a_model_does_not_differ_from_itself_whatever_the_order_of_rows():
    predictions = random_table(4)
    found = compare(predictions, predictions.sample(frac=1, random_state=0))
    assert found.difference == found.macro_f1_difference == 0
    assert found.p_value == found.group_p_value == found.macro_f1_p_value == 1
    groups = found.groups  # an item that tells them apart may not have been met
    unseen = 1 - 0.025 ** (1 / groups)
    assert found.difference_interval == pytest.approx((-unseen, unseen))


def test_a_pair_is_compared_more_sharply_than_two_strangers():
    draw = np.random.default_rng(1)
    hits = draw.random(300) < 0.7
    better = hits | (draw.random(300) < 0.1)
    a, b = right_or_wrong(better), right_or_wrong(hits)
    low, high = compare(a, b).difference_interval
    assert low > 0
    assert high - low < np.diff(evaluate(a).accuracy_interval)[0]


def test_comparison_turned_round_has_the_other_sign():
    a, b = random_table(1, images=200, groups=80), random_table(2, images=200, groups=80)
    b = b.assign(label=a["label"], group=a["group"])
    there, back = compare(a, b), compare(b, a)
    assert there.difference == -back.difference
    assert there.macro_f1_interval == pytest.approx([-end for end in back.macro_f1_interval[::-1]])
    assert there.macro_f1_p_value == pytest.approx(back.macro_f1_p_value)


@settings(max_examples=40)
@given(st.integers(0, 400), st.integers(1, 40))
def test_p_of_macro_f1_is_small_just_where_its_interval_leaves_out_zero(seed, groups):
    draw = np.random.default_rng(seed)
    a = random_table(seed, images=60, classes=3, groups=groups)
    right = np.eye(3)[a["label"].str[-1].astype(int)]
    b = a.copy()
    b[list(a.filter(like="p_"))] = 0.7 * a.filter(like="p_") + 0.3 * right * draw.random()
    b[list(a.filter(like="p_"))] = b.filter(like="p_").div(b.filter(like="p_").sum(axis=1), axis=0)
    found = compare(a, b, samples=400)
    low, high = found.macro_f1_interval
    assert (found.macro_f1_p_value < 0.05) == (low > 0 or high < 0)
    assert 0 <= found.macro_f1_p_value <= 1


def test_different_test_images_are_refused():
    with pytest.raises(WasteError, match="not tested on the same images"):
        compare(FOUR, FOUR.iloc[:3])
    with pytest.raises(WasteError, match="same images"):
        compare(FOUR, FOUR.assign(group=[1, 2, 3, 4]))
    with pytest.raises(WasteError, match="same images"):
        compare(FOUR, FOUR.assign(p_c=0.0))


# ---- all pairs ---------------------------------------------------------------------------


def three_models():
    """Two alike, one far worse, on 300 images of 150 groups."""
    draw, groups = np.random.default_rng(0), np.repeat(np.arange(150), 2)
    hits = {name: draw.random(300) < share for name, share in [("worse", 0.5), ("good", 0.9)]}
    hits["alike"] = hits["good"] ^ (draw.random(300) < 0.01)
    return {name: right_or_wrong(hit, groups) for name, hit in hits.items()}


def test_ranking_has_every_pair_once_and_tells_which_are_real():
    found = rank(three_models(), samples=2000)
    assert list(found.evaluations)[-1] == "worse"
    assert len(found.pairs) == 3
    assert (found.pairs["difference"] >= 0).all()
    assert found.pairs["real"].tolist() == found.pairs["against"].eq("worse").tolist()
    assert {better for better, _ in found.real} == {"good", "alike"}
    assert not found.pairs.isna().any(axis=None)


def test_holm_of_a_case_worked_by_hand():
    """Holm 1979: the smallest times 4, the next times 3, ..., never falling."""
    assert holm(pd.Series([0.01, 0.04, 0.03, 0.005])).tolist() == pytest.approx(
        [0.03, 0.06, 0.06, 0.02]
    )


def test_corrected_values_decide():
    """Ten equal models have 45 pairs: uncorrected, some would differ."""
    draw = np.random.default_rng(1)
    models = {str(n): right_or_wrong(draw.random(200) < 0.7) for n in range(10)}
    pairs = rank(models, samples=1000).pairs
    assert (pairs["group_p"] < 0.05).any()
    assert not pairs["real"].any()
    assert (pairs["group_holm"] >= pairs["group_p"]).all()


def test_one_model_alone_has_no_pairs():
    found = rank({"only": three_models()["good"]})
    assert found.pairs.empty
    assert found.real == []
    assert {"real", "group_holm", "macro_f1_real"} <= set(found.pairs.columns)
