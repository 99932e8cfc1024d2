"""Groups: the photographs of one physical item, which a split must not separate."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from wastelib.errors import WasteError

# L, a and b of CIELAB. Waste is mostly grey, so the a and b bins cover the middle half only.
_BINS, _RANGES = [8, 16, 16], [0, 256, 64, 192, 64, 192]


def known_groups(file: Path, paths: pd.Series) -> list[str]:
    """The groups that a dataset brings along: `groups.csv` with the columns path, group.

    Raises `WasteError` if an image has no line in it.
    """
    table = pd.read_csv(file, dtype=str)
    if not {"path", "group"} <= set(table.columns):
        raise WasteError("groups.csv needs the columns path and group", where=file)
    groups = paths.map(table.drop_duplicates("path").set_index("path")["group"])
    if groups.isna().any():
        first = paths[groups.isna()].iloc[0]
        raise WasteError(
            f"{groups.isna().sum()} images have no group, the first is {first!r}",
            where=file,
            remedy="add a line for each image, or remove the file to have groups derived",
        )
    return groups.tolist()


def appearance(rgb: np.ndarray) -> np.ndarray:
    """A description of an image that survives turning and moving the item.

    `rgb` is uint8 (height, width, 3). Returns a float32 vector of unit length, the square
    root of its joint colour histogram.
    """
    small = cv2.resize(rgb, (64, 64), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB)
    histogram = cv2.calcHist([lab], [0, 1, 2], None, _BINS, _RANGES)
    flat = histogram.reshape(_BINS[0], -1)
    # A little blur, or a slight change of light moves all pixels to other bins.
    smooth = cv2.GaussianBlur(flat, (1, 3), 0.7).ravel()
    return np.sqrt(smooth / max(smooth.sum(), 1)).astype(np.float32)


def likeness(look: np.ndarray, other: np.ndarray) -> np.float32:
    """How alike two images are: the dot product of their appearances, 0..1.

    It is the Bhattacharyya coefficient of their histograms (0: no colour shared, 1: the same).
    """
    return np.einsum("i,i->", look, other)


def derived_groups(catalogue: pd.DataFrame, likenesses: np.ndarray, similarity: float) -> list[str]:
    """Groups derived from the images: neighbours that look alike, and equal files.

    RealWaste numbers the re-shots of one item consecutively. An image is linked to its
    predecessor of the same class if the two are alike (its `likenesses`, 0..1; the first
    image's is not read) by at least `similarity`, and to every byte-for-byte copy of itself;
    what is linked, directly or through others, is a group. Joining two items by mistake
    costs the split some freedom; separating one item would leak it into the test subset, so
    the threshold errs to the low side.
    """
    n = len(catalogue)
    labels = catalogue["label"].to_numpy()
    alike = likenesses[1:] >= similarity
    followers = 1 + np.flatnonzero(alike & (labels[1:] == labels[:-1]))
    places = pd.Series(np.arange(n))
    first_copy = places.groupby(catalogue["sha256"].to_numpy()).transform("first").to_numpy()
    start = np.concatenate([followers - 1, first_copy])
    end = np.concatenate([followers, np.arange(n)])
    links = coo_array((np.ones(len(start), bool), (start, end)), shape=(n, n))
    component = connected_components(links, directed=False)[1]
    return _names(labels, component)


def _names(labels: np.ndarray, component: np.ndarray) -> list[str]:
    """`Metal-0007`: the class of the group's first image, and a running number in it."""
    names: dict[int, str] = {}
    counts: dict[str, int] = {}
    for label, group in zip(labels, component, strict=True):
        if group not in names:
            counts[label] = counts.get(label, 0) + 1
            names[group] = f"{label}-{counts[label]:04d}"
    return [names[group] for group in component]
