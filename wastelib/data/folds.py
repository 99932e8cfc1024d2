"""Splits for a question of their own: folds for cross-validation, and less to train on."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from wastelib.data.splits import SUBSETS, UNUSED, Split, classes_of_groups, refuse_missing
from wastelib.errors import WasteError


def make_folds(catalogue: pd.DataFrame, count: int, *, seed: int) -> list[Split]:
    """Divide the catalogue into `count` parts by group, stratified; one split per part.

    Fold i tests on part i, validates on the part after it and trains on the others, so that
    each image is tested once. The method of these splits is "fold".

    Raises `WasteError` if `count` is below 3, or a class has fewer groups than that.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    classes = classes_of_groups(catalogue)
    _refuse_too_many(count, _groups_per_class(catalogue))
    # A group counts as of one class, so that each part gets a group of every class.
    labels = catalogue["group"].map(classes)
    divide = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    part = np.empty(len(catalogue), int)
    for number, (_, rows) in enumerate(divide.split(labels, labels, catalogue["group"])):
        part[rows] = number
    folds = []
    for number in range(count):
        subsets = np.full(len(catalogue), "train", object)
        subsets[part == (number + 1) % count] = "validation"
        subsets[part == number] = "test"
        assignment = catalogue[["path", "label", "group"]].assign(subset=subsets)
        refuse_missing(assignment)
        folds.append(Split("fold", seed, assignment))
    return folds


def most_folds(catalogue: pd.DataFrame) -> int:
    """How many folds `make_folds` can make: the groups of the class that has fewest."""
    return int(_groups_per_class(catalogue).min())


def distinct_shares(split: Split, shares: Sequence[float]) -> list[float]:
    """Those of the rising `shares` that keep other numbers of groups than the one after.

    Of few groups, several shares keep the same: `thin` leaves at least one of each class.
    """
    training = split.assignment[split.assignment["subset"] == "train"]
    sizes = classes_of_groups(training).value_counts()
    kept = {tuple(_kept(share, size) for size in sizes): share for share in shares}
    return sorted(kept.values())


def thin(split: Split, share: float) -> Split:
    """The same split with only `share` (above 0, up to 1) of its training groups.

    Of each class, the groups that come first in an order drawn from the split's seed are
    kept, at least one: so a smaller share is part of a larger one. The images of the others
    are in no subset but "unused"; validation and test stay as they are.
    """
    if not 0 < share <= 1:
        raise ValueError(f"a share lies above 0 and up to 1, and is not {share}")
    training = split.assignment[split.assignment["subset"] == "train"]
    classes = classes_of_groups(training)
    rng = np.random.default_rng(split.seed)
    kept: set[str] = set()
    for _, groups in classes.groupby(classes, sort=True):
        order = rng.permutation(groups.index)
        kept.update(order[: _kept(share, len(order))])
    left_out = (split.assignment["subset"] == "train") & ~split.assignment["group"].isin(kept)
    assignment = split.assignment.assign(subset=split.assignment["subset"].mask(left_out, UNUSED))
    refuse_missing(assignment)
    return Split(split.method, split.seed, assignment)


def _groups_per_class(catalogue: pd.DataFrame) -> pd.Series:
    groups = classes_of_groups(catalogue).value_counts()
    return groups.reindex(catalogue["label"].unique(), fill_value=0)


def _kept(share: float, groups: int) -> int:
    return max(1, round(share * groups))


def _refuse_too_many(count: int, groups: pd.Series) -> None:
    """`groups` counts those of each class."""
    least = len(SUBSETS)
    largest = int(groups.min())
    if least <= count <= largest:
        return
    if largest < least:
        remedy = f"each class needs at least {least} groups; add some, or remove the class"
    else:
        remedy = f"choose {least} to {largest} folds"
    if count < least:
        raise WasteError(
            f"{count} folds are too few: each needs a part to train on, one to choose with and "
            "one to test on",
            remedy=remedy,
        )
    counts = ", ".join(f"{label} ({n})" for label, n in groups.sort_index().items() if n < count)
    raise WasteError(f"too few groups for {count} folds: {counts}", remedy=remedy)
