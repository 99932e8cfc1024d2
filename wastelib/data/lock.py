"""One process at a time: two reports built at once must not fetch into the same file."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from wastelib.errors import WasteError

try:
    import fcntl
except ImportError:  # Windows has no such lock; there, two builds at once are not guarded
    fcntl = None


@contextlib.contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Wait until no other process is making `path`, and keep others out during the block.

    The lock is an empty file `<path>.lock` that stays; the system frees the lock itself when
    its holder dies. Raises `WasteError` if the folder of `path` cannot be written to.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.with_name(path.name + ".lock").open("w")
    except OSError as error:
        raise WasteError(
            f"cannot write there: {error.strerror}",
            where=path.parent,
            remedy="mend that, or set WASTELIB_CACHE to a folder of your own",
        ) from error
    with lock:
        if fcntl is not None:
            with contextlib.suppress(OSError):  # some network file systems have no locks
                _wait_for(lock, path)
        yield


def _wait_for(lock: TextIO, path: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(f"waiting for another process that is making {path.name} …", file=sys.stderr)
        fcntl.flock(lock, fcntl.LOCK_EX)
