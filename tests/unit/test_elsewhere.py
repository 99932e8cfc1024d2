"""Another dataset: what is tested there, what is not and why, and how much is lost."""

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from tests.predicted import random_table, right_or_wrong, table
from wastelib.evaluation.elsewhere import difference_interval, drop_table, match_classes


def test_classes_are_matched_by_name_and_near_names_are_named():
    found = match_classes(["Glass", "Metal", "Paper"], ["Metal", "glass", "Papers", "Wood"])
    assert found.common == ("Metal",)
    assert found.unknown == ("Papers", "Wood", "glass")
    assert found.absent == ("Glass", "Paper")
    assert found.alike == {"glass": "Glass", "Papers": "Paper"}


def test_without_a_common_class_the_rest_is_still_said():
    found = match_classes(["Glass"], ["Cat", "Dog"])
    assert (found.common, found.absent, found.alike) == ((), ("Glass",), {})


def test_the_drop_is_of_the_common_classes_only():
    shares = np.tile([0.9, 0.1], (40, 1))
    here = table(["a"] * 20 + ["b"] * 20, range(40), shares, ["a", "b"])
    elsewhere = right_or_wrong([True] * 10 + [False] * 30)
    (row,) = drop_table({"m": here}, {"m": elsewhere}, ["a"]).to_dict(orient="records")
    assert (row["here"], row["elsewhere"]) == (1.0, 0.25)
    assert row["difference"] == -0.75
    assert row["low"] < -0.75 < row["high"] < 0


def test_models_keep_their_names_and_order():
    here = {"b": random_table(0), "a": random_table(1)}
    elsewhere = {"a": random_table(2), "b": random_table(3)}
    classes = [f"class {number}" for number in range(4)]
    assert drop_table(here, elsewhere, classes)["name"].tolist() == ["b", "a"]


def test_the_interval_of_a_difference_is_zou_and_donners():
    """From Wilson's intervals it is Newcombe's (1998, Stat. Med. 17, 873-890, method 10).

    56 of 70 against 48 of 80 is his first example.
    """
    a, b = (proportion_confint(hits, of, method="wilson") for hits, of in ((56, 70), (48, 80)))
    assert difference_interval(0.8, a, 0.6, b) == pytest.approx((0.0524, 0.3339), abs=5e-5)
