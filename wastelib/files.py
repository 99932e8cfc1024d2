"""Files that are there whole or not at all, and the folder that caches live in."""

import contextlib
import errno
import hashlib
import json
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

from wastelib.errors import WasteError


def cache_folder() -> Path:
    """The user's cache folder: `WASTELIB_CACHE`, else what the platform prescribes."""
    if chosen := os.environ.get("WASTELIB_CACHE"):
        return Path(chosen)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about progress bars in notebooks, which we do not use
        import pooch  # here, because it is slow to import and few callers come so far

    return Path(pooch.os_cache("wastelib"))


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` if the block succeeds.

    On any exception, Ctrl-C included, the temporary file is removed and `path` is as it
    was. A full disk becomes a `WasteError`. The temporary name keeps `path`'s suffix,
    because writers choose their format by it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".part-", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    temporary.chmod(0o644)  # mkstemp's 0600 would hide the result from a second user
    try:
        with disk_full_named(path):
            yield temporary
            _to_disk(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """The same for a folder: yield an empty sibling, rename it to `path` on success.

    Raises `FileExistsError` if `path` exists: a finished folder is never overwritten.
    """
    path = Path(path)
    if path.exists():
        raise FileExistsError(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=".part-"))
    temporary.chmod(0o755)
    try:
        with disk_full_named(path):
            yield temporary
        temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextlib.contextmanager
def disk_full_named(path: Path) -> Iterator[None]:
    """Turn 'no space left on device' inside the block into a `WasteError` naming `path`."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise WasteError(
            f"the disk is full while writing {Path(path).name}",
            where=Path(path).parent,
            remedy="free some space there, or set WASTELIB_CACHE to a folder on another disk",
        ) from error


def need_space(folder: Path, needed_bytes: int, purpose: str) -> None:
    """Raise `WasteError` if the disk of `folder` has less than `needed_bytes` free."""
    existing = Path(folder)
    while not existing.exists():
        existing = existing.parent
    free = shutil.disk_usage(existing).free
    if free < needed_bytes:
        raise WasteError(
            f"{purpose} needs {needed_bytes / 1e6:,.0f} MB of disk, {free / 1e6:,.0f} MB are free",
            where=folder,
            remedy="free some space there, or set WASTELIB_CACHE to a folder on another disk",
        )


def write_json(path: Path, value: object) -> None:
    """Write `value` as indented JSON, whole or not at all."""
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", "utf-8")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _to_disk(path: Path) -> None:
    """Flush to the disk before the rename, or a power cut could leave an empty file."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
