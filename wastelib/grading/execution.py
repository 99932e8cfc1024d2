"""The notebooks of one submission, run again one after the other, each in a sandbox of its own."""

import os
import re
import shutil
import stat
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from pydantic import ValidationError

from wastelib.files import whole_file
from wastelib.grading.records import Execution, Exercise, Problem
from wastelib.grading.rerun import Rerun
from wastelib.grading.restore import changed_cells, check_names, restored
from wastelib.grading.sandbox import Outcome, confine
from wastelib.grading.watch import Limits

RESULT_BYTES = 20_000_000
EXECUTED_BYTES = 60_000_000
LOG_BYTES = 1_000_000
LONGEST_PATH = 60  # characters before a socket's name, of which a path may have 107 in all

# How an exception reads that is the sandbox's doing: files, then networks.
OUTSIDE = re.compile(
    r"PermissionError|Read-only file system|Network is unreachable|\[Errno (13|18|30|101|-2|-3)\]"
    r"|Permission denied|name resolution|Name or service not known"
)
STOPPED = {
    "time": "it took more time than it is given",
    "memory": "it took more memory than it is given",
    "disk": "it wrote more than it is given room for",
    "processes": "it started more processes than it is allowed",
}


@dataclass(frozen=True)
class Ran:
    """One notebook that was run again: what became of it, and what it says that it found."""

    execution: Execution
    rerun: Rerun | None
    problems: tuple[Problem, ...]
    exercises: tuple[Exercise, ...]


@dataclass(frozen=True)
class Place:
    """Where a submission's notebooks run: `work` and `build` are theirs to write to."""

    work: Path  # holds notebooks/, where they run, and what they make
    build: Path
    readable: tuple[Path, ...]
    kept: Path  # where the executed copies go

    @property
    def writable(self) -> tuple[Path, ...]:
        """Folders that lie in no other: what they hold is counted once."""
        inside = self.build.is_relative_to(self.work)
        return (self.work,) if inside else (self.work, self.build)


def run_again(
    name: str,
    submitted: NotebookNode,
    ours: NotebookNode,
    parameters: Mapping[str, object],
    place: Place,
    limits: Limits,
    stopped: threading.Event | None = None,
) -> Ran:
    """Run one notebook, with the project's check cells, under `limits`."""
    notebook, problems = restored(name, submitted, ours)
    names = check_names(ours)
    with private_folder() as folder:
        nbformat.write(notebook, folder / f"{name}.ipynb")
        facts = {
            "notebook": str(folder / f"{name}.ipynb"),
            "executed": str(folder / "executed" / f"{name}.ipynb"),
            "result": str(folder / "result.json"),
            "parameters": dict(parameters) | {"build_folder": str(place.build)},
            "cwd": str(place.work / "notebooks"),
            "checks": list(names),
        }
        (folder / "executed").mkdir()
        outcome = confine(
            "notebook",
            facts,
            folder,
            limits,
            readable=place.readable,
            writable=place.writable,
            stopped=stopped,
        )
        found = _result(folder / "result.json")
        log = _text(folder / "log.txt", LOG_BYTES)
        at_work = _text(folder / "cell.txt", 1000) or "its start"
        _keep(folder / "executed" / f"{name}.ipynb", place.kept / f"{name}.ipynb")
    ended, problem = _ending(name, outcome, found, at_work, log, limits)
    execution = Execution(
        notebook=name,
        ended=ended,
        seconds=round(outcome.seconds, 1),
        peak_bytes=outcome.peak_bytes,
        changed_cells=changed_cells(submitted, ours),
    )
    problems = [*problems, *([problem] if problem else [])]
    return Ran(execution, found, tuple(problems), tuple(_exercises(name, names, found)))


def _result(path: Path) -> Rerun | None:
    content = read_plainly(path, RESULT_BYTES)
    try:
        return None if content is None else Rerun.model_validate_json(content)
    except ValidationError:
        return None


def _text(path: Path, most: int) -> str:
    return (read_plainly(path, most) or b"").decode("utf-8", "replace")


def _ending(
    name: str, outcome: Outcome, found: Rerun | None, at_work: str, log: str, limits: Limits
) -> tuple[str, Problem | None]:
    """What became of a notebook, in a word and in a sentence."""
    if outcome.ended in STOPPED:
        what = f"{STOPPED[outcome.ended]}, in {at_work}"
        return "stopped", Problem(kind="stopped", notebook=name, what=what)
    if found is None:
        last = (log.strip().splitlines() or ["it said nothing"])[-1][:300]
        what = f"its process ended without a result, in {at_work}: {last}"
        return "failed", Problem(kind="failed", notebook=name, what=what)
    if (failure := found.failure) is None:
        return "done", None
    if failure.kind == "output":
        what = f"it showed more than {limits.output_bytes / 1e6:g} MB, in {failure.cell}"
        return "stopped", Problem(kind="stopped", notebook=name, what=what)
    kept_out = failure.kind == "raised" and OUTSIDE.search(failure.what)
    what = f"{failure.cell}: {failure.what}"
    return "failed", Problem(kind="outside" if kept_out else "failed", notebook=name, what=what)


def _exercises(name: str, names: dict[str, str], found: Rerun | None) -> Iterator[Exercise]:
    checks = {check.cell: check for check in found.checks} if found else {}
    for cell, exercise in names.items():
        check = checks.get(cell)
        yield Exercise(
            notebook=name,
            name=exercise,
            outcome=check.outcome if check else "not run",
            says=check.says if check else "",
        )


@contextmanager
def private_folder() -> Iterator[Path]:
    """A new folder with a short path, removed afterwards whatever is in it."""
    parent = tempfile.gettempdir()
    short = parent if len(parent) < LONGEST_PATH else "/tmp"  # noqa: S108
    folder = Path(tempfile.mkdtemp(prefix="wl-", dir=short))
    try:
        yield folder.resolve()
    finally:
        remove(folder)


def remove(folder: Path) -> None:
    """Remove a folder that somebody else's code has filled, however deep; no link is followed."""
    # Modes did not bind whoever was root in a namespace of its own; they bind us.
    open_up, away = ["chmod", "-R", "u+rwX", "--"], ["rm", "-rf", "--"]
    for program, *options in (open_up, away):
        subprocess.run([shutil.which(program), *options, str(folder)], capture_output=True)  # noqa: S603


def read_plainly(path: Path, most: int) -> bytes | None:
    """The content of a plain file that a submission left; None for anything else, or larger.

    `path` is absolute, and no folder on its way was a link when it was formed.
    """
    if path.parent.resolve() != path.parent:  # a folder has become one
        return None
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(handle, "rb") as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode) or about.st_size > most:
            return None
        return file.read(most)


def _keep(executed: Path, kept: Path) -> None:
    if (content := read_plainly(executed, EXECUTED_BYTES)) is not None:
        with whole_file(kept) as temporary:
            temporary.write_bytes(content)
