"""Arrays too large for memory: NumPy files, written whole, read and written in parts."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from wastelib.files import need_space, whole_file


class StoredArray:
    """An array in a `.npy` file, indexed along its first axis as NumPy does it.

    The file is mapped for each access and let go again, so that the process holds what it asked
    for, and not all that it ever touched.
    """

    def __init__(self, file: Path) -> None:
        # The header is read here only: to parse it in several threads at once ends in a
        # SystemError in Python 3.11 (cpython issue 106905).
        mapped = np.load(file, mmap_mode="r", allow_pickle=False)
        self.file, self._offset = file, mapped.offset
        self.shape, self.dtype = mapped.shape, mapped.dtype

    def _mapped(self, mode: str) -> np.ndarray:
        return np.memmap(self.file, self.dtype, mode, self._offset, self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: int | slice | np.ndarray) -> np.ndarray:
        return np.asarray(self._mapped("r")[rows])

    def __setitem__(self, rows: int | slice | np.ndarray, values: np.ndarray) -> None:
        self._mapped("r+")[rows] = values


@contextlib.contextmanager
def new_array(
    path: Path, shape: tuple[int, ...], dtype: type, purpose: str
) -> Iterator[StoredArray]:
    """Yield an array to be written, which becomes the file `path` if the block succeeds.

    Its room on the disk is taken before the block runs: a mapped file that meets a full disk
    later would end the process without a word. Raises `WasteError`, saying what `purpose`
    needs, if there is too little.
    """
    n_bytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
    need_space(path.parent, n_bytes, purpose)
    with whole_file(path) as temporary:
        np.lib.format.open_memmap(temporary, "w+", dtype, shape)
        if hasattr(os, "posix_fallocate"):
            with temporary.open("r+b") as file:
                os.posix_fallocate(file.fileno(), 0, temporary.stat().st_size)
        yield StoredArray(temporary)
