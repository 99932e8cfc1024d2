"""Splits: every image assigned once to train, validation or test."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from wastelib.data.catalogue import fingerprint
from wastelib.errors import WasteError
from wastelib.files import whole_file

SUBSETS = ("train", "validation", "test")
UNUSED = "unused"  # the subset of images that a split leaves out
METHODS = ("group", "random")
LISTED = 8  # classes in a message


@dataclass(frozen=True)
class Split:
    """How one catalogue was divided.

    `assignment` has the columns path, label, group, subset, in the catalogue's order.
    `method` is "group", "random" or "fold".
    """

    method: str
    seed: int
    assignment: pd.DataFrame

    @property
    def fingerprint(self) -> str:
        """Equal for equal divisions, however they came about."""
        return fingerprint(self.assignment[["path", "subset"]])

    def rows(self, subset: str) -> np.ndarray:
        """Row numbers of a subset's images in the catalogue, ascending."""
        return np.flatnonzero(self.assignment["subset"] == subset)

    def sizes(self) -> dict[str, int]:
        """Images per subset."""
        counts = self.assignment["subset"].value_counts()
        return {subset: int(counts[subset]) for subset in SUBSETS}

    def leaking_groups(self) -> int:
        """Groups that stand on more than one side: 0 for a split by group."""
        used = self.assignment[self.assignment["subset"] != UNUSED]
        return int((used.groupby("group")["subset"].nunique() > 1).sum())


def write_split(split: Split, file: Path) -> None:
    """Store the assignment as CSV; method and seed are for the file's name."""
    with whole_file(file) as temporary:
        split.assignment.to_csv(temporary, index=False)


def read_split(file: Path, method: str, seed: int) -> Split:
    """The split that `write_split` stored."""
    text = {"path": str, "label": str, "group": str, "subset": str}
    return Split(method, seed, pd.read_csv(file, dtype=text, keep_default_na=False))


def make_split(
    catalogue: pd.DataFrame, method: str, *, seed: int, train: float, validation: float
) -> Split:
    """Divide the catalogue; `train` and `validation` are shares, the rest is the test.

    Both methods are stratified: each class is divided in the same shares. `random` does it
    as the published assignment, image by image with scikit-learn's `train_test_split`, unless
    that leaves a small class out of a subset; then as `group`, with each image a group.
    `group` keeps the images of one group on one side.

    Raises `WasteError` if the shares leave no test, or a class cannot fill three subsets.
    """
    if train + validation >= 1:
        raise WasteError(
            f"train_share {train} and validation_share {validation} leave nothing for the test",
            remedy="choose two shares whose sum is below 1",
        )
    divide = {"random": _random, "group": _by_group}[method]
    subsets = divide(catalogue, seed, train, validation)
    assignment = catalogue[["path", "label", "group"]].assign(subset=subsets)
    refuse_missing(assignment)
    return Split(method, seed, assignment)


def _random(catalogue: pd.DataFrame, seed: int, train: float, validation: float) -> np.ndarray:
    from sklearn.model_selection import train_test_split

    labels = catalogue["label"].to_numpy()
    _refuse_small(catalogue["label"].value_counts(), "images")
    rows = np.arange(len(labels))
    test = 1 - train - validation
    subsets = np.full(len(labels), "train", dtype=object)
    try:
        rest, test_rows = train_test_split(
            rows, test_size=round(test, 9), stratify=labels, random_state=seed
        )
        _, validation_rows = train_test_split(
            rest,
            test_size=round(validation / (train + validation), 9),
            stratify=labels[rest],
            random_state=seed,
        )
    except ValueError:  # fewer images in a subset than classes
        return _by_image(catalogue, seed, train, validation)
    subsets[validation_rows], subsets[test_rows] = "validation", "test"
    if (pd.crosstab(labels, subsets) == 0).any(axis=None):
        return _by_image(catalogue, seed, train, validation)
    return subsets


def _by_image(catalogue: pd.DataFrame, seed: int, train: float, validation: float) -> np.ndarray:
    """Every class in every subset, however few images it has, if they are three."""
    return _by_group(catalogue.assign(group=catalogue["path"]), seed, train, validation)


def _by_group(catalogue: pd.DataFrame, seed: int, train: float, validation: float) -> np.ndarray:
    """Each group, the largest first, goes where the class still lacks most images."""
    shares = np.array([train, validation, 1 - train - validation])
    groups = pd.DataFrame(
        {"label": classes_of_groups(catalogue), "size": catalogue.groupby("group").size()}
    )
    _refuse_small(groups["label"].value_counts(), "groups")
    rng = np.random.default_rng(seed)
    place: dict[str, str] = {}
    for _, members in groups.groupby("label", sort=True):
        members = members.iloc[rng.permutation(len(members))]
        members = members.sort_values("size", ascending=False, kind="stable")
        wanted = shares * members["size"].sum()
        filled = np.zeros(3)
        for position, (name, size) in enumerate(members["size"].items()):
            lack = wanted - filled
            if len(members) - position <= (filled == 0).sum():
                lack[filled > 0] = -np.inf  # just enough groups are left to fill the empty ones
            choice = int(np.argmax(lack))
            place[name] = SUBSETS[choice]
            filled[choice] += size
    return catalogue["group"].map(place).to_numpy()


def classes_of_groups(catalogue: pd.DataFrame) -> pd.Series:
    """The class of each group, in the order of their names.

    It is that of most of the group's images, of equals the first by name; nearly always a
    group has only one.
    """
    sizes = catalogue.groupby(["group", "label"]).size().reset_index(name="images")
    most = sizes.sort_values("images", ascending=False, kind="stable").drop_duplicates("group")
    return most.set_index("group")["label"].sort_index()


def _refuse_small(counts: pd.Series, what: str) -> None:
    small = counts[counts < len(SUBSETS)]
    if len(small):
        listed = [f"{label} ({count})" for label, count in sorted(small.items())]
        if len(listed) > LISTED:
            listed[LISTED - 1 :] = [f"and {len(listed) - LISTED + 1} more classes"]
        remedy = f"each class needs at least {len(SUBSETS)} {what}; add some or remove the class"
        if what == "groups":
            remedy += "; if photographs that look alike show different items, say so in a file "
            remedy += "groups.csv (columns path, group) beside the class folders"
        raise WasteError(
            f"too few {what} to split into train, validation and test: {', '.join(listed)}",
            remedy=remedy,
        )


def refuse_missing(assignment: pd.DataFrame) -> None:
    """Raise `WasteError` if a class has no image in one of the three subsets."""
    table = pd.crosstab(assignment["label"], assignment["subset"]).reindex(
        columns=list(SUBSETS), fill_value=0
    )
    lacking = table[(table == 0).any(axis=1)]
    if len(lacking):
        label = lacking.index[0]
        empty = ", ".join(s for s in SUBSETS if table.loc[label, s] == 0)
        raise WasteError(
            f"class {label!r} has no image in: {empty}",
            remedy="add images to the class, or choose larger shares",
        )
