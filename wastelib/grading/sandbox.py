"""A process tree that is kept in its folder, without network, and ended when it takes too much.

What the system offers without privileges is used, and what it does not offer is said: namespaces
of its own (unshare, util-linux) for processes, network and mounts; Landlock for files; limits of
each process by the kernel; and a watch over the sums, which ends the tree.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from wastelib.files import cache_folder
from wastelib.grading import landlock
from wastelib.grading.watch import LOOK_SECONDS, Ended, Limits, Watch, end

ROOT = Path(__file__).parents[2]
NAMESPACES = (
    *("--user", "--map-root-user", "--net", "--ipc", "--uts"),
    *("--pid", "--fork", "--kill-child", "--mount-proc"),
)
# What every Python program needs of a system, and nothing of its users.
SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/etc", "/opt", "/proc", "/sys")
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


@dataclass(frozen=True)
class Outcome:
    """How a tree ended, after how long, and the most memory that it was seen to hold."""

    ended: Ended
    seconds: float
    peak_bytes: int


@cache
def namespaces() -> bool:
    """Whether this system lets us have namespaces of our own."""
    program = shutil.which("unshare")
    if program is None:
        return False
    tried = subprocess.run([program, *NAMESPACES, "true"], capture_output=True)  # noqa: S603
    return tried.returncode == 0


def enforced() -> dict[str, str]:
    """What is enforced here, and by what, in words; also what is not."""
    files, own = landlock.version(), namespaces()
    network = "none: a network namespace of its own"
    if not own:
        network = "TCP refused by Landlock; UDP is NOT" if files >= 4 else "NOT PREVENTED here"
    return {
        "files": "only its own folder can be written, and only libraries and photographs read "
        f"(Landlock, version {files})"
        if files
        else "NOT PREVENTED here: this system has no Landlock; changes to the project are detected",
        "network": network,
        "processes": "a process namespace of its own: none outlives its notebook"
        if own
        else "ended with the notebook as far as they can be found, and NOT one that hides",
        "amounts": "CPU time, memory and file size of each process by the kernel; time, memory, "
        f"disk and processes of all together, looked at every {LOOK_SECONDS:g} s",
    }


def confine(
    task: str,
    facts: dict,
    folder: Path,
    limits: Limits,
    *,
    readable: tuple[Path, ...] = (),
    writable: tuple[Path, ...] = (),
    stopped: threading.Event | None = None,
) -> Outcome:
    """Carry out a task of `confined` in `folder`, which is new and has a short path.

    It may write there and in `writable`; `readable` it may read. All are absolute. Returns when
    the tree is gone, and raises nothing that the task has caused. `stopped`, once set, ends it
    early.
    """
    (folder / "home").mkdir()
    (folder / "tmp").mkdir()
    _lend_fonts(folder / "home" / "mplconfigdir")
    order = {
        "task": task,
        "namespaces": namespaces(),
        "limits": asdict(limits),
        "readable": [*SYSTEM, *_python(), *map(str, (ROOT / "wastelib", ROOT / "report/profiles"))]
        + [str(path.resolve()) for path in (cache_folder(), keras_home(), *readable)],
        "listable": [str(ROOT)],
        "writable": [*DEVICES, str(folder), *map(str, writable)],
        "folder": str(folder),
        **facts,
    }
    path = folder / "order.json"
    path.write_text(json.dumps(order), "utf-8")
    command = [shutil.which("unshare"), *NAMESPACES] if namespaces() else []
    command += [sys.executable, "-P", "-m", "wastelib.grading.confined", str(path)]
    began = time.monotonic()
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603
            command,
            cwd=folder,
            env=_environment(folder),
            stdin=subprocess.PIPE,  # closes with this process, and the tree ends with it
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            watch = Watch(process, (folder, *writable), limits, stopped or threading.Event())
            ended = watch.until_it_ends()
        finally:
            end(process)
    return Outcome(ended, time.monotonic() - began, watch.peak_bytes)


def _lend_fonts(folder: Path) -> None:
    """Give it our list of the system's fonts, which Matplotlib takes seconds to make."""
    from matplotlib import font_manager, get_cachedir

    folder.mkdir()
    version = font_manager.FontManager.__version__
    for path in Path(get_cachedir()).glob(f"fontlist-v{version}*.json"):
        shutil.copy(path, folder)


def keras_home() -> Path:
    """Where Keras keeps the weights that it has downloaded."""
    return Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"))


def _python() -> list[str]:
    """Where this Python and its packages are."""
    return sorted({sys.prefix, sys.base_prefix, sys.exec_prefix})


def _environment(folder: Path) -> dict[str, str]:
    """Nothing of ours but how to find programs; homes of every kind lie in `folder`."""
    home = folder / "home"
    return {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath]),
        "LANG": "C.UTF-8",
        "HOME": str(home),
        "TMPDIR": str(folder / "tmp"),
        "PYTHONPATH": str(ROOT),
        "PYTHONNOUSERSITE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "WASTELIB_CACHE": str(cache_folder().resolve()),
        "KERAS_HOME": str(keras_home()),
        **{name: str(home / name.lower()) for name in ("IPYTHONDIR", "MPLCONFIGDIR")},
        **{f"JUPYTER_{kind}_DIR": str(home / "jupyter") for kind in ("CONFIG", "DATA", "RUNTIME")},
        **{f"XDG_{kind}_HOME": str(home / "xdg") for kind in ("CONFIG", "DATA", "CACHE")},
    }
