"""Derived groups link what shows one item, by a rule whose hits and misses can be counted."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics.cluster import pair_confusion_matrix

from wastelib.data.groups import (
    Agreement,
    GroupRule,
    agreement_by_similarity,
    blocks,
    derived_groups,
    pair_agreement,
    rules_compared,
)


def catalogue(labels, phash=None, sha256=None) -> pd.DataFrame:
    """Images that share nothing, unless it is said that they do."""
    places = range(len(labels))
    return pd.DataFrame(
        {
            "path": [f"{label}/{place}.png" for place, label in zip(places, labels, strict=True)],
            "label": list(labels),
            "sha256": sha256 or [str(place) for place in places],
            "phash": np.array(phash or np.zeros(len(labels)), np.uint64),
        }
    )


def short(groups) -> str:
    return " ".join(groups).replace("-000", "")


@st.composite
def cases(draw):
    """A catalogue of up to three classes, likenesses to three before, and a rule."""
    counts = draw(st.lists(st.integers(1, 6), min_size=1, max_size=3))
    labels = np.repeat(list("ABC")[: len(counts)], counts)
    several = {"min_size": len(labels), "max_size": len(labels)}
    hashes = draw(st.lists(st.integers(0, 255), **several))
    copies = draw(st.lists(st.sampled_from("pqrstuvwxyz"), **several))
    alike = draw(st.lists(st.tuples(*[st.sampled_from([0, 0.4, 0.6, 0.9])] * 3), **several))
    rule = GroupRule(
        similarity=draw(st.sampled_from([0.3, 0.5, 0.7, 1.0])),
        neighbours=draw(st.integers(1, 3)),
        hash_distance=draw(st.integers(1, 4)),
    )
    return catalogue(labels, hashes, copies), np.array(alike, np.float32), rule


def is_refinement(fine, coarse) -> bool:
    """Whether every group of `fine` lies within one of `coarse`."""
    return pd.Series(list(coarse)).groupby(list(fine)).nunique().eq(1).all()


def linked(table, likenesses, rule, i, j) -> bool:
    """The rule as it is written, for rows i < j."""
    if table["sha256"][i] == table["sha256"][j]:
        return True
    if table["label"][i] != table["label"][j]:
        return False
    one, other = int(table["phash"][i]), int(table["phash"][j])
    near = min(one, other) > 0 and (one ^ other).bit_count() <= rule.hash_distance
    return near or (j - i <= rule.neighbours and likenesses[j, j - i - 1] >= rule.similarity)


@given(cases())
def test_a_group_is_what_links_connect_and_no_more(case):
    table, likenesses, rule = case
    expected = list(range(len(table)))  # the simplest way: merge until nothing changes
    for i, j in combinations(range(len(table)), 2):
        if linked(table, likenesses, rule, i, j):
            kept, gone = expected[i], expected[j]
            expected = [kept if number == gone else number for number in expected]
    groups = derived_groups(table, likenesses, rule)
    assert is_refinement(groups, expected)
    assert is_refinement(expected, groups)


@given(cases(), st.sampled_from(["similarity", "neighbours", "hash_distance"]))
def test_a_stricter_rule_only_divides_groups(case, what):
    table, likenesses, rule = case
    less = {"similarity": -0.2, "neighbours": 1, "hash_distance": 1}[what]
    stricter = replace(rule, **{what: getattr(rule, what) - less})
    fine, coarse = (derived_groups(table, likenesses, r) for r in (stricter, rule))
    assert is_refinement(fine, coarse)


@given(cases(), st.randoms())
def test_near_copies_are_found_in_any_order_of_the_images(case, random):
    table, _, rule = case
    unlike = np.zeros((len(table), rule.neighbours), np.float32)
    order = random.sample(range(len(table)), len(table))
    shuffled = table.iloc[order].reset_index(drop=True)
    groups = derived_groups(table, unlike, rule)
    again = derived_groups(shuffled, unlike, rule)
    assert is_refinement([groups[place] for place in order], again)
    assert is_refinement(again, [groups[place] for place in order])


@given(cases())
def test_only_equal_files_join_classes(case):
    table, likenesses, rule = case
    groups = derived_groups(table.assign(sha256=range(len(table))), likenesses, rule)
    assert table["label"].groupby(groups).nunique().eq(1).all()
    groups = pd.Series(derived_groups(table, likenesses, rule))
    assert groups.groupby(table["sha256"]).nunique().eq(1).all()


def test_groups_of_existing_datasets_stay_as_they_are():
    """Likenesses and copies (the tenth image is one of the third) as the first version saw them."""
    copies = np.arange(24)
    copies[[9, 20]] = 2, 12
    table = catalogue("AAAAAAAABBBBBBBBCCCCCCCC", sha256=copies.astype(str).tolist())
    likenesses = np.tile([0.2, 0.95, 0.9, 0.3, 0.85], 5)[:24, None].astype(np.float32)
    groups = derived_groups(table, likenesses, GroupRule(0.9))
    assert short(groups) == (
        "A1 A1 A1 A2 A3 A4 A4 A4 B1 A1 B2 B2 B2 B3 B4 B5 C1 C1 C2 C3 B2 B2 B2 C4"
    )


def test_a_run_may_skip_as_many_numbers_as_it_is_allowed():
    likenesses = np.zeros((5, 3), np.float32)
    likenesses[3, 1] = 0.9  # the fourth is like the second
    assert short(derived_groups(catalogue("A" * 5), likenesses, GroupRule(0.8, 1))) == (
        "A1 A2 A3 A4 A5"
    )
    assert short(derived_groups(catalogue("A" * 5), likenesses, GroupRule(0.8, 2))) == (
        "A1 A2 A3 A2 A4"
    )


@pytest.mark.parametrize("labels", ["", "A", "AB", "ABC"])
def test_a_class_of_one_image_is_one_group(labels):
    likenesses = np.ones((len(labels), 3), np.float32)
    groups = derived_groups(catalogue(labels), likenesses, GroupRule(0.5, 3))
    assert groups == [f"{label}-0001" for label in labels]


def test_copies_of_one_image_join_two_classes_and_no_third():
    table = catalogue("AABBC", sha256=["1", "2", "2", "3", "4"])
    assert short(derived_groups(table, np.zeros((5, 1)), GroupRule(0.5))) == "A1 A2 A2 B1 C1"


# ---- counting hits and misses -----------------------------------------------------------


def test_agreement_by_hand():
    """True pairs: 3 (p) + 1 (q) = 4. Linked pairs: 1 (x) + 3 (y) = 4. In both: 1 (x) + 1 (q)."""
    true, derived = list("pppqq"), list("xxyyy")
    assert pair_agreement(list("AAAAA"), true, derived) == Agreement(2 / 4, 2 / 4)


def test_pairs_of_two_classes_do_not_count():
    assert pair_agreement(list("AB"), ["p", "p"], ["x", "y"]) == Agreement(1, 1)
    assert pair_agreement(list("AB"), ["p", "q"], ["x", "x"]) == Agreement(1, 1)


def test_agreement_is_defined_where_nothing_is_linked_or_nothing_is_to_find():
    assert pair_agreement(list("AA"), ["p", "p"], ["x", "y"]) == Agreement(1, 0)
    assert pair_agreement(list("AA"), ["p", "q"], ["x", "x"]) == Agreement(0, 1)
    assert pair_agreement([], [], []) == Agreement(1, 1)


@given(st.lists(st.tuples(st.sampled_from("pqr"), st.sampled_from("xyz")), min_size=2))
def test_agreement_is_that_of_scikit_learn(rows):
    true, derived = zip(*rows, strict=True)
    (_, wrong), (missed, right) = pair_confusion_matrix(true, derived)
    found = pair_agreement(["A"] * len(rows), true, derived)
    assert found.precision == pytest.approx(right / (right + wrong) if right + wrong else 1)
    assert found.recall == pytest.approx(right / (right + missed) if right + missed else 1)


def test_a_threshold_trades_missed_links_for_wrong_ones():
    """Alike by 0.9 and of one item; by 0.6 and of one item; by 0.7, but of two."""
    table = catalogue("AAAAAA").assign(group=list("ppqqrs"))
    likenesses = np.array([[0], [0.9], [0], [0.6], [0], [0.7]], np.float32)
    found = agreement_by_similarity(table, likenesses, GroupRule(0.5), [0.5, 0.65, 0.8, 1.0])
    assert found["similarity"].tolist() == [0.5, 0.65, 0.8, 1.0]
    assert found["precision"].tolist() == [2 / 3, 1 / 2, 1, 1]
    assert found["recall"].tolist() == [1, 1 / 2, 1 / 2, 0]


def test_rules_are_compared_by_what_they_found():
    """The items p (three images) and q (two); the blocks divide p, "all" joins both."""
    table = catalogue("AAAAA").assign(group=list("pppqq"))
    found = rules_compared(table, {"blocks of 2": blocks(table, 2), "all": ["A-0001"] * 5})
    assert found.to_dict("records") == [
        {"rule": "blocks of 2", "groups": 3, "largest": 2}
        | {"precision": 1 / 2, "recall": 1 / 4, "items divided": 2},
        {"rule": "all", "groups": 1, "largest": 5}
        | {"precision": 4 / 10, "recall": 1, "items divided": 0},
    ]


def test_blocks_are_counted_in_every_class():
    assert short(blocks(catalogue("AAABB"), 2)) == "A1 A1 A2 B1 B1"
