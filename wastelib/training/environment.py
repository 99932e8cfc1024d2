"""What a figure was made with: versions, hardware and commit."""

import platform
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path

import psutil

LIBRARIES = ("tensorflow", "keras", "numpy", "pandas", "scikit-learn", "opencv-python", "pillow")


@cache
def environment() -> dict:
    """Keys: versions (library -> version), platform, processor, cores, memory_bytes, git_commit."""
    return {
        "versions": {"python": platform.python_version()} | {n: version(n) for n in LIBRARIES},
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": psutil.cpu_count(logical=True),
        "memory_bytes": psutil.virtual_memory().total,
        "git_commit": _git_commit(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:  # not Linux
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _git_commit() -> str:
    """The commit of this code, with `+changes` if the work tree differs from it."""
    folder = Path(__file__).parent
    try:
        git = ["git", "-C", str(folder)]  # no path in the argument list comes from outside
        commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True)  # noqa: S603
        status = subprocess.run(  # noqa: S603
            [*git, "status", "--porcelain"], capture_output=True, text=True
        )
    except OSError:
        return "unknown (git is not installed)"
    if commit.returncode != 0:
        return "unknown (not a git checkout)"
    return commit.stdout.strip() + ("+changes" if status.stdout.strip() else "")
