"""The process that a submission's code runs in: it gives up its rights, then begins its task.

`python -m wastelib.grading.confined ORDER` is started by `sandbox.confine`. What it writes is the
word of whoever's code it ran, and is read as such.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import resource
import socket
import struct
import sys
import threading
from pathlib import Path

import psutil

from wastelib.grading import landlock

CHILD_SUBREAPER = 36  # of prctl
GET_FLAGS, SET_FLAGS, UP = 0x8913, 0x8914, 1  # of a network interface, netdevice(7)
SHARED_MEMORY = "/dev/shm"  # noqa: S108 - where Python keeps its locks between processes
NICENESS = 5  # the grader itself must get a turn whatever happens here


def main() -> None:
    """Confine this process and carry out its order."""
    order = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    writable = order["writable"]
    if order["namespaces"]:
        _raise_loopback()
        if _own_shared_memory():
            writable.append(SHARED_MEMORY)
    ctypes.CDLL(None).prctl(CHILD_SUBREAPER, 1, 0, 0, 0)  # orphans stay within reach
    _limit(order["limits"], order["namespaces"])
    if landlock.version():
        landlock.restrict(
            readable=map(Path, order["readable"]),
            listable=map(Path, order["listable"]),
            writable=map(Path, writable),
        )
    # Not before: Landlock binds the thread that asks for it, and those that it starts later.
    threading.Thread(target=_end_with_the_grader, daemon=True).start()
    if order["task"] == "notebook":
        from wastelib.grading.rerun import rerun

        rerun(order)
    else:
        from wastelib.grading.train import train_trials

        train_trials(order)
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            child.kill()  # where a process namespace does not do it
    os._exit(0)


def _end_with_the_grader() -> None:
    """Standard input closes when the grader is gone, however it ended."""
    sys.stdin.read()
    os._exit(1)


def _raise_loopback() -> None:
    """Libraries talk to themselves at 127.0.0.1, which a new network begins without."""
    with socket.socket() as handle:
        name = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16xh14x", fcntl.ioctl(handle, GET_FLAGS, name))[0]
        fcntl.ioctl(handle, SET_FLAGS, struct.pack("16sh14x", b"lo", flags | UP))


def _own_shared_memory() -> bool:
    """Mount an empty one over the machine's, small enough not to matter; whether it worked."""
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.mount(b"tmpfs", SHARED_MEMORY.encode(), b"tmpfs", 0, b"size=256m") == 0


def _limit(limits: dict[str, int], alone: bool) -> None:
    """What the kernel itself holds each process to; the sums are watched from outside.

    The number of threads is counted over all of a user's, unless the tree is `alone`.
    """
    os.nice(NICENESS)
    kinds = {
        resource.RLIMIT_CPU: limits["cpu_seconds"],
        resource.RLIMIT_FSIZE: limits["file_bytes"],
        resource.RLIMIT_DATA: 2 * limits["memory_bytes"],  # what is asked for, used or not
        resource.RLIMIT_CORE: 0,
    }
    if alone:
        kinds[resource.RLIMIT_NPROC] = limits["threads"]
    for kind, most in kinds.items():
        _, hard = resource.getrlimit(kind)
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (allowed, allowed))


if __name__ == "__main__":
    main()
