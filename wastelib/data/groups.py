"""Groups: the photographs of one physical item, which a split must not separate."""

from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from wastelib.data.layout import composed
from wastelib.data.likeness import linked, near_copies
from wastelib.errors import WasteError


@dataclass(frozen=True)
class GroupRule:
    """When two photographs of a class count as showing one item.

    They do if they are alike by at least `similarity` (0..1, on the scale of the look that
    compares them) and stand at most `neighbours` places apart in the order of the class's
    file numbers; or, wherever they stand, if their perceptual hashes differ in at most
    `hash_distance` of 64 bits.
    """

    similarity: float
    neighbours: int = 1  # 0: near-copies only
    hash_distance: int = 4


def known_groups(file: Path, paths: pd.Series) -> list[str]:
    """The groups that a dataset brings along: `groups.csv` with the columns path, group.

    Raises `WasteError` if the file cannot be read as UTF-8 and a table of two columns, puts an
    image into two groups, or has no line for an image.
    """
    table = _read_groups(file).drop_duplicates()
    if (twice := table["path"].duplicated()).any():
        raise WasteError(
            f"{table['path'][twice].iloc[0]!r} is in two groups",
            where=file,
            remedy="leave one line for each image",
        )
    groups = paths.map(composed).map(table.set_index("path")["group"]).replace("", None)
    if groups.isna().any():
        first = paths[groups.isna()].iloc[0]
        raise WasteError(
            f"{groups.isna().sum()} images have no group, the first is {first!r}",
            where=file,
            remedy="add a line for each image, or remove the file to have groups derived",
        )
    return groups.tolist()


def _read_groups(file: Path) -> pd.DataFrame:
    """Columns path (with accents in one letter) and group, as text."""
    try:
        # A spreadsheet may begin its file with a mark; a group may well be called NA.
        table = pd.read_csv(
            file, dtype=str, keep_default_na=False, index_col=False, encoding="utf-8-sig"
        )
    except (ValueError, OSError) as error:  # what pandas raises for a file that is no table
        raise WasteError(
            f"groups.csv cannot be read: {error}",
            where=file,
            remedy="save it as CSV in UTF-8 with the columns path and group, commas between; a "
            "name with a comma stands in double quotes",
        ) from error
    if not {"path", "group"} <= set(table.columns):
        raise WasteError("groups.csv needs the columns path and group", where=file)
    return table[["path", "group"]].assign(path=table["path"].map(composed))


def derived_groups(catalogue: pd.DataFrame, likenesses: np.ndarray, rule: GroupRule) -> list[str]:
    """Groups derived from the images: runs of neighbours, near-copies and equal files.

    RealWaste numbers the re-shots of one item consecutively, so neighbours that look alike
    show one item. `catalogue` (columns label, sha256, phash) is in the order of the file
    numbers; `likenesses` (images, `rule.neighbours` or more) are those of
    `likeness.Neighbours`. Neighbours and near-copies are linked within a class, byte-for-byte
    copies across classes too; what is linked, directly or through others, is a group.

    Where names carry no numbers, neighbours are so by name, and alike by chance only;
    near-copies are found all the same. Joining two items by mistake costs the split some
    freedom; separating one item would leak it into the test subset.
    """
    labels = catalogue["label"].to_numpy()
    rows = np.arange(len(catalogue))
    links = [
        (_first_of(catalogue["sha256"].to_numpy()), rows),
        (_first_of(labels, _near_copies(catalogue, rule.hash_distance)), rows),
    ]
    for places in range(1, min(rule.neighbours + 1, len(rows))):
        alike = likenesses[places:, places - 1] >= rule.similarity
        later = places + np.flatnonzero(alike & (labels[places:] == labels[:-places]))
        links.append((later - places, later))
    start, end = (np.concatenate(side) for side in zip(*links, strict=True))
    return _names(labels, linked(len(rows), start, end))


@dataclass(frozen=True)
class Agreement:
    """How derived groups agree with the true ones, counted in pairs of images of one class.

    `precision` is the share of the pairs in one derived group that truly show one item,
    `recall` the share of the pairs truly of one item that are in one derived group. Where
    there is no such pair nothing is wrong, and the share is 1.
    """

    precision: float
    recall: float


def pair_agreement(labels: pd.Series, true: Iterable[str], derived: Iterable[str]) -> Agreement:
    """Compare derived groups with the true ones, each given for every image."""
    table = pd.DataFrame({"label": list(labels), "true": list(true), "derived": list(derived)})
    right = _pairs(table, ["label", "true", "derived"])
    linked, one_item = _pairs(table, ["label", "derived"]), _pairs(table, ["label", "true"])
    return Agreement(right / linked if linked else 1.0, right / one_item if one_item else 1.0)


def agreement_by_similarity(
    catalogue: pd.DataFrame, likenesses: np.ndarray, rule: GroupRule, similarities: Iterable[float]
) -> pd.DataFrame:
    """What `rule` would find at other thresholds: columns similarity, precision, recall.

    The true groups are the catalogue's.
    """
    found = []
    for similarity in similarities:
        derived = derived_groups(catalogue, likenesses, replace(rule, similarity=similarity))
        agreement = pair_agreement(catalogue["label"], catalogue["group"], derived)
        found.append((float(similarity), agreement.precision, agreement.recall))
    return pd.DataFrame(found, columns=["similarity", "precision", "recall"])


def rules_compared(catalogue: pd.DataFrame, derived: Mapping[str, list[str]]) -> pd.DataFrame:
    """A row for each rule, from the groups that it found; the true ones are the catalogue's.

    Columns rule, groups, largest (images), precision, recall, and items divided: true groups
    that are in more than one derived group, so that a split may put them on two sides.
    """
    rows = []
    for rule, found in derived.items():
        sizes = pd.Series(found).value_counts()
        agreement = pair_agreement(catalogue["label"], catalogue["group"], found)
        pieces = pd.Series(found).groupby(catalogue["group"].to_numpy()).nunique()
        rows.append((rule, len(sizes), sizes.max(), *astuple(agreement), (pieces > 1).sum()))
    columns = ["rule", "groups", "largest", "precision", "recall", "items divided"]
    return pd.DataFrame(rows, columns=columns)


def blocks(catalogue: pd.DataFrame, size: int) -> list[str]:
    """Groups of a fixed size, the images of a class taken in their order.

    It is the rule of who knows of bursts and does not look at the photographs.
    """
    number = catalogue.groupby("label").cumcount() // size
    return [f"{label}-{n + 1:04d}" for label, n in zip(catalogue["label"], number, strict=True)]


def _near_copies(catalogue: pd.DataFrame, distance: int) -> np.ndarray:
    """The number of each image's set of near-copies within its class."""
    hashes, sets = catalogue["phash"].to_numpy(), np.empty(len(catalogue), int)
    for rows in catalogue.groupby("label").indices.values():
        sets[rows] = near_copies(hashes[rows], distance)
    return sets


def _first_of(*keys: np.ndarray) -> np.ndarray:
    """For each row the first one with the same keys."""
    rows = pd.Series(np.arange(len(keys[0])))
    return rows.groupby(list(keys), sort=False).transform("first").to_numpy()


def _pairs(table: pd.DataFrame, columns: list[str]) -> int:
    """The pairs of rows that are equal in these columns."""
    sizes = table.groupby(columns).size()
    return int((sizes * (sizes - 1) // 2).sum())


def _names(labels: np.ndarray, component: np.ndarray) -> list[str]:
    """`Metal-0007`: the class of the group's first image, and a running number in it."""
    names: dict[int, str] = {}
    counts: dict[str, int] = {}
    for label, group in zip(labels, component, strict=True):
        if group not in names:
            counts[label] = counts.get(label, 0) + 1
            names[group] = f"{label}-{counts[label]:04d}"
    return [names[group] for group in component]
