"""How alike two photographs are: by their hashes, their colours, or any description of them."""

from array import array
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

import cv2
import imagehash
import numpy as np
import pandas as pd
from PIL import Image
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from wastelib.data.arrays import StoredArray
from wastelib.data.images import read_rgb
from wastelib.data.threads import in_order

HASH_BITS = 64

# L, a and b of CIELAB. Waste is mostly grey, so the a and b bins cover the middle half only.
_BINS, _RANGES = [8, 16, 16], [0, 256, 64, 192, 64, 192]

_EVEN = 8  # of 256 levels of grey: less contrast is none

_AT_ONCE = 256  # descriptions read from their file


class Look(Protocol):
    """A way to describe photographs as vectors of unit length, one row per image.

    The dot product of two rows is the likeness of the two photographs. `identity` names
    everything that the rows depend on but the photographs; equal identities, equal rows.
    """

    @property
    def identity(self) -> str: ...

    def __call__(self, root: Path, catalogue: pd.DataFrame) -> np.ndarray | StoredArray: ...


def thumbnail(rgb: np.ndarray) -> np.ndarray:
    """A photograph, uint8 (height, width, 3), at the 64 px that hash and colours are taken from."""
    return cv2.resize(rgb, (64, 64), interpolation=cv2.INTER_AREA)


def perceptual_hash(small: np.ndarray) -> int:
    """The perceptual hash of a thumbnail: 64 bits, of which near-copies share nearly all.

    Each bit says whether one coarse pattern of light and dark, a coefficient of the cosine
    transform, is stronger than their median; size, compression and brightness change few. An
    even surface has no patterns but noise, and the hash 0.
    """
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    if np.ptp(grey) < _EVEN:
        return 0
    # At the size that the hash is made from: OpenCV shrinks faster than Pillow.
    grey = cv2.resize(grey, (32, 32), interpolation=cv2.INTER_AREA)
    return int.from_bytes(np.packbits(imagehash.phash(Image.fromarray(grey)).hash).tobytes())


def appearance(small: np.ndarray) -> np.ndarray:
    """A description of a thumbnail that survives turning and moving the item.

    Returns a float32 vector of unit length, the square root of the joint colour histogram:
    the dot product of two is the Bhattacharyya coefficient of the histograms (0: no colour
    shared, 1: the same).
    """
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB)
    histogram = cv2.calcHist([lab], [0, 1, 2], None, _BINS, _RANGES)
    flat = histogram.reshape(_BINS[0], -1)
    # A little blur, or a slight change of light moves all pixels to other bins.
    smooth = cv2.GaussianBlur(flat, (1, 3), 0.7).ravel()
    return np.sqrt(smooth / max(smooth.sum(), 1)).astype(np.float32)


class Neighbours:
    """The likeness of each photograph to those before it, noted as they come by.

    Only the last `reach` descriptions are held, however many come.
    """

    def __init__(self, reach: int) -> None:
        self._before: deque[np.ndarray] = deque(maxlen=reach)
        self._noted, self._count = array("f"), 0

    def add(self, look: np.ndarray) -> None:
        """Compare the next photograph, described by a vector of unit length."""
        noted = np.zeros(self._before.maxlen, np.float32)
        for place, other in enumerate(reversed(self._before)):
            noted[place] = np.einsum("i,i->", look, other)
        self._noted.extend(noted)
        self._count += 1
        self._before.append(look)

    def likenesses(self) -> np.ndarray:
        """Float32 (photographs, reach): column d - 1 compares with the dth before; 0 if none."""
        return np.array(self._noted, np.float32).reshape(self._count, self._before.maxlen)


def neighbour_likenesses(looks: np.ndarray | StoredArray, reach: int) -> np.ndarray:
    """The same for descriptions that are stored, (photographs, length)."""
    neighbours = Neighbours(reach)
    for look in _rows(looks):
        neighbours.add(look)
    return neighbours.likenesses()


def colour_likenesses(root: Path, paths: Iterable[str], reach: int) -> np.ndarray:
    """The same by the colours of photographs, which are read again for it."""
    neighbours = Neighbours(reach)
    for look in in_order(lambda path: appearance(thumbnail(read_rgb(root / path))), paths):
        neighbours.add(look)
    return neighbours.likenesses()


def chance_likenesses(
    labels: pd.Series, looks: np.ndarray | StoredArray, *, seed: int, pairs: int = 500
) -> pd.Series:
    """The mean likeness of two photographs drawn at random from a class, by class.

    A class of one photograph has none, and is left out.
    """
    rng = np.random.default_rng(seed)
    found = {}
    for label, rows in labels.groupby(labels).indices.items():
        if len(rows) > 1:
            one = rng.integers(len(rows), size=pairs)
            other = (one + rng.integers(1, len(rows), size=pairs)) % len(rows)
            products = np.einsum("ij,ij->i", looks[rows[one]], looks[rows[other]])
            found[label] = float(products.mean())
    return pd.Series(found, dtype=float)


def near_copies(hashes: np.ndarray, distance: int) -> np.ndarray:
    """The number of the set of near-copies that each image is in, int (images,).

    `hashes` is uint64 (images,). In one set are all that a chain of hashes connects, each
    at most `distance` bits from the next; an image without a near-copy is a set of its own.
    So is one whose hash is 0: an even surface, of which the hash says nothing.

    The 64 bits are divided into `distance` + 1 bands. Two hashes that differ in no more than
    `distance` bits are equal in one band at least, so only those that share a band are
    compared: for few bits nearly linear in time, and linear in memory whatever the hashes.
    """
    telling = np.flatnonzero(hashes)
    unique, places = np.unique(hashes[telling], return_inverse=True)
    sets = np.arange(len(unique))
    for band in range(distance + 1):
        # Every so manieth bit: side by side, bits often are those of one empty background.
        mask = np.uint64(sum(1 << bit for bit in range(band, HASH_BITS, distance + 1)))
        order = np.argsort(unique & mask, kind="stable")
        keys, ordered = (unique & mask)[order], unique[order]
        here, step = np.arange(len(order)), 1
        while len(here := here[here + step < len(order)]):
            here = here[keys[here] == keys[here + step]]
            close = here[np.bitwise_count(ordered[here] ^ ordered[here + step]) <= distance]
            if len(close):
                sets = linked(len(sets), sets[order[close]], sets[order[close + step]])[sets]
            step += 1
    found = len(unique) + np.arange(len(hashes))
    found[telling] = sets[places]
    return found


def linked(count: int, some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The number of the set that each of `count` items is in, int (count,).

    Item `some[i]` is linked to `others[i]`; all that links connect, directly or through
    others, are one set.
    """
    links = (np.ones(len(some), bool), (some, others))
    return connected_components(coo_array(links, shape=(count, count)), directed=False)[1]


def _rows(looks: np.ndarray | StoredArray) -> Iterator[np.ndarray]:
    for start in range(0, len(looks), _AT_ONCE):
        yield from looks[start : start + _AT_ONCE]
