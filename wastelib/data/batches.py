"""Batches: images decoded once into a cache on the disk, then only read.

The cache of a dataset at one image size, in one view, is a NumPy file of shape (images, size,
size, 3), uint8, in the catalogue's order. Models take these pixels as they are, 0..255, and
scale them in their first layers, so that no caller can feed a model the wrong range.
"""

from itertools import islice
from pathlib import Path

import keras
import numpy as np

from wastelib.data.arrays import StoredArray, new_array
from wastelib.data.dataset import Dataset
from wastelib.data.images import read_rgb
from wastelib.data.lock import one_at_a_time
from wastelib.data.threads import in_order
from wastelib.data.views import view_of
from wastelib.errors import WasteError
from wastelib.files import sha256_of

# Opening the file for each single image would take as long as decoding a small one.
WRITTEN_AT_ONCE = 64


def decoded(dataset: Dataset, image_size: int, view: str = "colour") -> StoredArray:
    """All images of `dataset` at `image_size`, read-only, from the cache; made if missing.

    `view` says what is shown of them (see `views`).

    Raises `WasteError` if a file has changed since the catalogue was made, or the disk has
    no room.
    """
    cache = decoded_file(dataset, image_size, view)
    if not cache.exists():
        with one_at_a_time(cache):
            if not cache.exists():
                _decode(dataset, image_size, view, cache)
    return StoredArray(cache)


def decoded_file(dataset: Dataset, image_size: int, view: str = "colour") -> Path:
    """Where the decoded images of that size and view are kept."""
    name = f"pixels-{dataset.fingerprint[:16]}-{image_size}-{view}.npy"
    return dataset.build_folder / "cache" / name


def _decode(dataset: Dataset, image_size: int, view: str, cache: Path) -> None:
    catalogue = dataset.catalogue
    shape = (len(catalogue), image_size, image_size, 3)

    def decode(image: tuple[str, str]) -> np.ndarray:
        relative, sha256 = image
        path = dataset.root / relative
        if sha256_of(path) != sha256:
            raise WasteError(
                "an image has changed since the catalogue was made",
                where=path,
                remedy="run notebook 01_data_preparation again",
            )
        return view_of(read_rgb(path, image_size), view)

    purpose = f"the cache of images at {image_size} px"
    with new_array(cache, shape, np.uint8, purpose) as pixels:
        images = in_order(decode, zip(catalogue["path"], catalogue["sha256"], strict=True))
        for start in range(0, len(catalogue), WRITTEN_AT_ONCE):
            block = list(islice(images, WRITTEN_AT_ONCE))
            pixels[start : start + len(block)] = np.stack(block)


class Batches(keras.utils.PyDataset):
    """Batches of some rows of an array and their labels, as `fit` and `evaluate` take them.

    `inputs` is any array whose first axis is the image: decoded pixels, or features.
    Reading is a copy out of memory or page cache; nothing is decoded here.
    """

    def __init__(
        self,
        inputs: np.ndarray | StoredArray,
        labels: np.ndarray,
        rows: np.ndarray,
        batch_size: int,
    ) -> None:
        super().__init__()
        self.inputs, self.labels, self.batch_size = inputs, labels, batch_size
        self.rows = self._order = np.asarray(rows)

    def shuffle(self, seed: int, epoch: int) -> None:
        """Put the rows into the order of this epoch, which depends on nothing else.

        So a training that was interrupted goes on with the order it would have had.
        """
        self._order = np.random.default_rng([seed, epoch]).permutation(self.rows)

    def __len__(self) -> int:
        return -(-len(self.rows) // self.batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rows = self._order[index * self.batch_size : (index + 1) * self.batch_size]
        # Sorted reading is sequential reading, and a batch's own order does not matter.
        rows = np.sort(rows)
        return self.inputs[rows], self.labels[rows]
