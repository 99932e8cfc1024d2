"""Every image is in one subset, each class in the same shares, no group on two sides."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wastelib.data.folds import distinct_shares, make_folds, most_folds, thin
from wastelib.data.sources import REALWASTE
from wastelib.data.splits import METHODS, SUBSETS, make_split
from wastelib.errors import WasteError


def catalogue_of(groups_per_class: dict[str, list[int]]) -> pd.DataFrame:
    """A catalogue with the given group sizes in each class."""
    rows = [
        (f"{label}/{number}-{shot}.jpg", label, f"{label}-{number}")
        for label, sizes in groups_per_class.items()
        for number, size in enumerate(sizes)
        for shot in range(size)
    ]
    return pd.DataFrame(rows, columns=["path", "label", "group"])


def split(catalogue, method, seed=42, train=0.6, validation=0.2):
    return make_split(catalogue, method, seed=seed, train=train, validation=validation)


sizes = st.lists(st.integers(1, 7), min_size=3, max_size=25)
catalogues = st.dictionaries(st.sampled_from("ABCDE"), sizes, min_size=2).map(catalogue_of)


@given(catalogues, st.integers(0, 1000))
def test_no_group_stands_on_two_sides(catalogue, seed):
    assert split(catalogue, "group", seed).leaking_groups() == 0


@given(catalogues, st.integers(0, 1000))
def test_every_image_is_in_exactly_one_subset(catalogue, seed):
    made = split(catalogue, "group", seed)
    rows = np.concatenate([made.rows(subset) for subset in SUBSETS])
    assert sorted(rows) == list(range(len(catalogue)))
    assert sum(made.sizes().values()) == len(catalogue)


@given(catalogues, st.integers(0, 1000))
def test_no_subset_of_a_class_is_empty(catalogue, seed):
    assignment = split(catalogue, "group", seed).assignment
    assert (pd.crosstab(assignment["label"], assignment["subset"]) > 0).all(axis=None)


@given(sizes.filter(lambda s: len(s) >= 12), st.integers(0, 1000))
def test_shares_are_kept_up_to_one_group(class_sizes, seed):
    catalogue = catalogue_of({"A": class_sizes, "B": class_sizes})
    assignment = split(catalogue, "group", seed).assignment
    counts = assignment.groupby("label")["subset"].value_counts().unstack()
    wanted = np.array([0.6, 0.2, 0.2]) * sum(class_sizes)
    assert (np.abs(counts[list(SUBSETS)] - wanted) <= max(class_sizes)).all(axis=None)


@pytest.mark.parametrize("method", METHODS)
def test_same_seed_same_split_and_another_seed_another(method):
    catalogue = catalogue_of({"A": [1, 2, 3] * 6, "B": [2] * 12})
    fingerprints = [split(catalogue, method, seed).fingerprint for seed in (1, 1, 2)]
    assert fingerprints[0] == fingerprints[1] != fingerprints[2]


def test_random_split_of_realwaste_has_the_published_test_size():
    made = split(catalogue_of({k: [1] * n for k, n in REALWASTE.counts.items()}), "random")
    assert made.sizes() == {"train": 2850, "validation": 951, "test": 951}


def test_random_split_is_stratified():
    assignment = split(catalogue_of({"A": [1] * 50, "B": [1] * 100}), "random").assignment
    counts = assignment.groupby("label")["subset"].value_counts().unstack()
    assert counts.loc["A"].to_dict() == {"train": 30, "validation": 10, "test": 10}
    assert counts.loc["B"].to_dict() == {"train": 60, "validation": 20, "test": 20}


@pytest.mark.parametrize("method", METHODS)
def test_a_class_with_too_few_is_named(method):
    with pytest.raises(WasteError, match=r"too few .* to split .*: B \(2\)"):
        split(catalogue_of({"A": [1] * 9, "B": [1, 1]}), method)


def test_a_hundred_small_classes_are_a_short_message_that_names_the_way_out():
    small = {f"class {number:03d}": [6] for number in range(100)}
    with pytest.raises(WasteError, match=r"groups\.csv") as refused:
        split(catalogue_of(small | {"large": [1] * 9}), "group")
    assert "class 006 (1), and 93 more classes" in str(refused.value)
    assert "class 007" not in str(refused.value)


@pytest.mark.parametrize("counts", [{"A": 900, "B": 3}, {f"class {n:02}": 3 for n in range(100)}])
def test_classes_of_three_images_are_in_every_subset_of_a_random_split(counts):
    made = split(catalogue_of({label: [1] * count for label, count in counts.items()}), "random")
    table = pd.crosstab(made.assignment["label"], made.assignment["subset"])
    assert table.shape == (len(counts), 3)
    assert (table > 0).all(axis=None)


def test_many_images_of_too_few_items_cannot_be_split_by_group():
    with pytest.raises(WasteError, match=r"too few groups .*: B \(2\)"):
        split(catalogue_of({"A": [1] * 9, "B": [30, 30]}), "group")


@pytest.mark.parametrize("method", METHODS)
def test_shares_must_leave_a_test(method):
    with pytest.raises(WasteError, match="leave nothing for the test"):
        split(catalogue_of({"A": [1] * 9, "B": [1] * 9}), method, train=0.8, validation=0.2)


@pytest.mark.parametrize(
    ("method", "digits"), [("group", "22188c043c3a4ab6"), ("random", "828a14609f7e6343")]
)
def test_splits_of_existing_datasets_stay_as_they_are(method, digits):
    """A build from before finds its split again. Some groups have images of two classes."""
    catalogue = catalogue_of({"A": [1, 2, 3] * 6, "B": [2, 5] * 7, "C": [4] * 9})
    catalogue.loc[::10, "group"] = catalogue["group"].shift(-30).bfill().ffill()
    assert split(catalogue, method).fingerprint[:16] == digits


many_groups = st.lists(st.integers(1, 7), min_size=5, max_size=20)
foldable = st.dictionaries(st.sampled_from("ABCDE"), many_groups, min_size=2).map(catalogue_of)


def with_mixed_groups(catalogue: pd.DataFrame) -> pd.DataFrame:
    """Every eighth image joins the group of another image, often of another class."""
    other = catalogue["group"].shift(-5).bfill().ffill()
    return catalogue.assign(group=other.where(catalogue.index % 8 == 0, catalogue["group"]))


@settings(max_examples=25)
@given(foldable, st.integers(3, 5), st.integers(0, 1000))
def test_folds_test_each_image_once_and_part_no_group(catalogue, count, seed):
    folds = make_folds(catalogue, count, seed=seed)
    tested = np.concatenate([fold.rows("test") for fold in folds])
    assert sorted(tested) == list(range(len(catalogue)))
    chosen = np.concatenate([fold.rows("validation") for fold in folds])
    assert sorted(chosen) == list(range(len(catalogue)))
    for fold in folds:
        assert fold.leaking_groups() == 0
        assert sum(fold.sizes().values()) == len(catalogue)
        table = pd.crosstab(fold.assignment["label"], fold.assignment["subset"])
        assert (table[list(SUBSETS)] > 0).all(axis=None)


@settings(max_examples=25)
@given(foldable, st.integers(3, 5), st.integers(0, 100))
def test_folds_of_groups_with_images_of_two_classes_are_whole_or_refused(catalogue, count, seed):
    try:
        folds = make_folds(with_mixed_groups(catalogue), count, seed=seed)
    except WasteError as error:
        assert "too few groups" in str(error)  # noqa: PT017
        return
    assert all(fold.leaking_groups() == 0 for fold in folds)
    assert all(min(fold.sizes().values()) > 0 for fold in folds)


def test_folds_are_stratified_and_of_another_order_under_another_seed():
    catalogue = catalogue_of({"A": [1] * 50, "B": [1] * 100})
    for fold in make_folds(catalogue, 5, seed=1):
        counts = fold.assignment.groupby("subset")["label"].value_counts().unstack()
        assert counts.loc["test"].to_dict() == {"A": 10, "B": 20}
    fingerprints = [make_folds(catalogue, 5, seed=seed)[0].fingerprint for seed in (1, 1, 2)]
    assert fingerprints[0] == fingerprints[1] != fingerprints[2]


@pytest.mark.parametrize(
    ("groups", "count", "message"),
    [
        ({"A": 9, "B": 4}, 5, r"too few groups for 5 folds: B \(4\)\n.*choose 3 to 4 folds"),
        ({"A": 4, "B": 5}, 10, r"10 folds: A \(4\), B \(5\)\n.*choose 3 to 4 folds"),
        ({"A": 9, "B": 2}, 3, r"3 folds: B \(2\)\n.*each class needs at least 3 groups"),
        ({"A": 9, "B": 9}, 2, r"2 folds are too few.*\n.*choose 3 to 9 folds"),
    ],
)
def test_too_many_folds_are_refused_with_counts_and_the_largest_number(groups, count, message):
    catalogue = catalogue_of({label: [3] * n for label, n in groups.items()})
    with pytest.raises(WasteError, match=message):
        make_folds(catalogue, count, seed=0)


@settings(max_examples=25)
@given(catalogues, st.integers(0, 1000))
def test_smaller_shares_of_the_training_groups_are_part_of_larger_ones(catalogue, seed):
    whole = split(catalogue, "group", seed)
    before: set[int] = set()
    for share in (0.05, 0.1, 0.2, 0.4, 0.7, 1):
        thinned = thin(whole, share)
        kept = set(thinned.rows("train"))
        assert before <= kept <= set(whole.rows("train"))
        for subset in ("validation", "test"):
            assert np.array_equal(thinned.rows(subset), whole.rows(subset))
        table = pd.crosstab(thinned.assignment["label"], thinned.assignment["subset"])
        assert (table[list(SUBSETS)] > 0).all(axis=None)
        assert thinned.leaking_groups() == 0
        groups = thinned.assignment.groupby("group")["subset"].nunique()
        assert (groups == 1).all(), "a group is kept in part"
        before = kept
    assert before == set(whole.rows("train"))


def test_a_share_is_of_the_groups_of_each_class():
    whole = split(catalogue_of({"A": [2] * 100, "B": [5] * 50}), "group")
    training = thin(whole, 0.1).assignment.query("subset == 'train'")
    assert training.groupby("label")["group"].nunique().to_dict() == {"A": 6, "B": 3}


@pytest.mark.parametrize("share", [0, -0.1, 1.01, float("nan")])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(ValueError, match="a share lies"):
        thin(split(catalogue_of({"A": [1] * 9, "B": [1] * 9}), "group"), share)


def test_there_are_as_many_folds_as_the_poorest_class_has_groups():
    catalogue = catalogue_of({"A": [1] * 9, "B": [2] * 4})
    assert most_folds(catalogue) == 4
    assert len(make_folds(catalogue, 4, seed=0)) == 4
    with pytest.raises(WasteError, match="too few groups"):
        make_folds(catalogue, 5, seed=0)


@pytest.mark.parametrize(
    ("groups", "kept"), [(7, [0.3, 1.0]), (50, [0.1, 0.3, 1.0]), (5, [0.3, 1.0])]
)
def test_shares_that_keep_the_same_groups_are_one(groups, kept):
    whole = split(catalogue_of({"A": [1] * groups, "B": [1] * groups}), "group")
    shares = distinct_shares(whole, [0.1, 0.3, 1.0])
    assert shares == kept
    assert len({thin(whole, share).fingerprint for share in shares}) == len(shares)
