"""Repetition summed up: over seeds, over split seeds (the leak), over folds."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp

from tests.predicted import random_table, right_or_wrong
from wastelib.errors import WasteError
from wastelib.evaluation.folds import summarise_folds
from wastelib.evaluation.leak import leak_scores, leak_table, seen_share
from wastelib.evaluation.spread import across_seeds


def test_interval_over_seeds_is_students():
    """Student 1908, section IX: ten patients' extra hours of sleep, 0.75 on average."""
    hours = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
    found = across_seeds(hours)
    assert (found.count, found.mean) == (10, pytest.approx(0.75))
    assert found.deviation == pytest.approx(1.789, abs=0.001)
    reference = ttest_1samp(hours, 0).confidence_interval()
    assert found.interval == pytest.approx(tuple(reference))


def test_interval_over_seeds_covers_the_truth_as_often_as_it_claims():
    draw = np.random.default_rng(0).normal(0.7, 0.05, (2000, 5))
    covered = [low <= 0.7 <= high for low, high in (across_seeds(v).interval for v in draw)]
    assert 0.93 <= np.mean(covered) <= 0.97


def test_interval_stays_within_what_the_figure_can_be():
    assert across_seeds([0.9, 1.0], within=(0.0, 1.0)).interval[1] == 1


@pytest.mark.parametrize("values", [[], [0.5], [0.5, float("nan")]])
def test_values_without_a_spread_are_refused(values):
    with pytest.raises(WasteError, match="at least two seeds"):
        across_seeds(values)


# ---- the leak ----------------------------------------------------------------------------


def leaking(seeds=range(5), leak=0.1):
    """A model that is right on 0.6 of the grouped and 0.6 + leak of the random test images."""
    draw, tables = np.random.default_rng(0), {}
    for seed in seeds:
        for method, share in (("group", 0.6), ("random", 0.6 + leak)):
            tables[method, seed] = right_or_wrong(draw.random(400) < share)
    return tables


def test_leak_is_the_mean_of_the_paired_differences():
    scores = leak_scores({"cnn": leaking(), "honest": leaking(leak=0)})
    assert len(scores) == 10
    assert (
        scores["accuracy_difference"] == scores["accuracy_random"] - scores["accuracy_group"]
    ).all()
    table = leak_table(scores).set_index(["model", "score"])
    cnn = table.loc["cnn", "accuracy"]
    assert cnn["difference"] == pytest.approx(cnn["random"] - cnn["group"])
    assert cnn["low"] < 0.1 < cnn["high"]
    assert cnn["real"]
    assert not table.loc["honest", "accuracy"]["real"]
    assert not table.isna().any(axis=None)


def test_leak_refuses_a_split_without_its_partner():
    tables = leaking()
    del tables["group", 3]
    with pytest.raises(WasteError, match="no group split with seed 3"):
        leak_scores({"cnn": tables})


def test_leak_of_one_split_seed_is_refused():
    with pytest.raises(WasteError, match="at least two seeds"):
        leak_table(leak_scores({"cnn": leaking(seeds=[0])}))


def test_seen_share_counts_test_images_whose_item_is_in_training():
    split = pd.DataFrame(
        {"group": ["a", "a", "b", "c", "c"], "subset": ["train", "test", "test", "test", "train"]}
    )
    assert seen_share(split) == pytest.approx(2 / 3)
    assert seen_share(split.assign(subset=["train", "train", "test", "test", "test"])) == 0


# ---- folds -------------------------------------------------------------------------------


def folds_of(table, count=4):
    """The test tables of `count` folds by group, with validation rows as runs have them."""
    fold = table["group"] % count
    return [
        pd.concat([table[fold == i], table[fold == (i + 1) % count].assign(subset="validation")])
        for i in range(count)
    ]


def test_folds_together_test_every_image_once():
    table = random_table(0, images=200, groups=50)
    found = summarise_folds(folds_of(table))
    assert found.pooled.images == found.pooled.confusion.sum() == 200
    assert found.folds["images"].sum() == 200
    weighted = (found.folds["accuracy"] * found.folds["images"]).sum() / 200
    assert found.pooled.accuracy == pytest.approx(weighted)
    accuracy = found.folds["accuracy"]
    assert found.spread.loc["accuracy"].tolist() == pytest.approx(
        [accuracy.mean(), accuracy.std(), accuracy.min(), accuracy.max()]
    )


def test_folds_that_share_an_image_or_a_group_are_refused():
    table = random_table(0, images=200, groups=50)
    with pytest.raises(WasteError, match=r"the image .* 2 folds"):
        summarise_folds([table, table])
    halves = [table.iloc[:100], table.iloc[100:]]
    with pytest.raises(WasteError, match=r"the group .* 2 folds"):
        summarise_folds(halves)
    with pytest.raises(WasteError, match="no cross-validation"):
        summarise_folds([table])
