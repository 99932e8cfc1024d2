"""Arrays too large for memory: NumPy files, written whole, then mapped."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from wastelib.files import need_space, whole_file


@contextlib.contextmanager
def new_array(
    path: Path, shape: tuple[int, ...], dtype: type, purpose: str
) -> Iterator[np.ndarray]:
    """Yield a writable array that becomes the file `path` if the block succeeds.

    Its room on the disk is taken before the block runs: a mapped file that meets a full disk
    later would end the process without a word. Raises `WasteError`, saying what `purpose`
    needs, if there is too little.
    """
    n_bytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
    need_space(path.parent, n_bytes, purpose)
    with whole_file(path) as temporary:
        array = np.lib.format.open_memmap(temporary, "w+", dtype, shape)
        if hasattr(os, "posix_fallocate"):
            with temporary.open("r+b") as file:
                os.posix_fallocate(file.fileno(), 0, temporary.stat().st_size)
        yield array
        array.flush()
