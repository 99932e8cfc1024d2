"""Landlock: a process gives up, for good and for its children, all files but those it names.

Three system calls of Linux (since 5.13), needing no privileges; see landlock(7) and the kernel's
Documentation/userspace-api/landlock.rst. There is no wrapper in Python's library or in glibc.
"""

import ctypes
import os
import sys
from collections.abc import Iterable
from pathlib import Path

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same on every architecture
ASK_VERSION = 1
RULE_PATH_BENEATH = 1
NO_NEW_PRIVILEGES = 38  # of prctl

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
TRUNCATE, IOCTL_DEV = 1 << 14, 1 << 15
READ = EXECUTE | READ_FILE | READ_DIR
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV  # the rest is of folders

TCP = 0b11  # bind and connect, version 4
SCOPES = 0b11  # abstract sockets and signals, version 6


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def version() -> int:
    """The version that this system's kernel has, 0 if it has none or it is switched off."""
    if not sys.platform.startswith("linux"):
        return 0
    return max(_call(CREATE_RULESET, None, 0, ASK_VERSION), 0)


def restrict(
    *, readable: Iterable[Path], listable: Iterable[Path], writable: Iterable[Path]
) -> None:
    """Let this process read, list or write only what lies at or below these paths.

    What may be read may be executed; what may be written may be read. Paths that do not
    exist are left out. TCP is given up too, where the kernel knows how (version 4).

    Raises `OSError` if the kernel refuses.
    """
    found = version()
    everything = _rights(found)
    ruleset = _Ruleset(everything, TCP if found >= 4 else 0, SCOPES if found >= 6 else 0)
    size = 8 if found < 4 else 16 if found < 6 else 24
    handle = _checked(_call(CREATE_RULESET, ctypes.byref(ruleset), size, 0))
    try:
        for paths, rights in ((readable, READ), (listable, READ_DIR), (writable, everything)):
            for path in paths:
                _allow(handle, Path(path), rights & everything)
        _checked(_prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0))
        _checked(_call(RESTRICT_SELF, handle, 0))
    finally:
        os.close(handle)


def _rights(version: int) -> int:
    """All rights over files that a version knows: 13 at first, then one more at 2, 3 and 5."""
    return (1 << (13 + (version >= 2) + (version >= 3) + (version >= 5))) - 1


def _allow(ruleset: int, path: Path, rights: int) -> None:
    try:
        folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not path.is_dir():
            rights &= OF_FILES
        rule = _PathBeneath(rights, folder)
        _checked(_call(ADD_RULE, ruleset, RULE_PATH_BENEATH, ctypes.byref(rule), 0))
    finally:
        os.close(folder)


def _call(number: int, *arguments) -> int:
    wide = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return _library().syscall(ctypes.c_long(number), *wide)


def _prctl(*arguments: int) -> int:
    return _library().prctl(*(ctypes.c_ulong(argument) for argument in arguments))


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock: {os.strerror(number)}")
    return result
