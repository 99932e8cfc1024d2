"""What this process may use of the machine: cores, and bytes of memory."""

import contextlib
import math
import os
from pathlib import Path

import psutil

CGROUP = Path("/sys/fs/cgroup")


def cores() -> int:
    """Processor cores that this process may use: of the machine, or of its container if fewer."""
    try:
        count = len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        count = os.cpu_count() or 1
    with contextlib.suppress(OSError, ValueError):  # "max" is no number
        quota, period = (CGROUP / "cpu.max").read_text("ascii").split()
        count = min(count, max(1, math.ceil(int(quota) / int(period))))
    return count


def total_memory() -> int:
    """Bytes that programs could have if none ran; it does not change while the machine runs."""
    return min([psutil.virtual_memory().total, *_cgroup("memory.max")])


def available_memory() -> int:
    """Bytes that a new program can have now."""
    free = [psutil.virtual_memory().available]
    for limit, used in zip(_cgroup("memory.max"), _cgroup("memory.current"), strict=False):
        free.append(max(0, limit - used))
    return min(free)


def _cgroup(name: str) -> list[int]:
    """The one figure of a file that containers have, or none."""
    with contextlib.suppress(OSError, ValueError):
        return [int((CGROUP / name).read_text("ascii"))]
    return []
