"""What was handed in, read without believing any of it: from a folder or a zip, nothing unpacked.

No link is followed, nothing is read that is larger than such a file ever is, and nothing is
imported or unpickled. Names of files are shown, never used as paths.
"""

import os
import re
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import nbformat
from nbformat import NotebookNode
from pydantic import ValidationError

from wastelib.errors import WasteError
from wastelib.grading.records import Problem
from wastelib.report.results import Results
from wastelib.settings import NOTEBOOKS

NOTEBOOK_BYTES = 20_000_000
RECORD_BYTES = 5_000_000
MOST_FILES = 2000  # that are looked at in one submission
BUILD = "build"  # a folder of this name holds what is made again
SHOWN = 5  # names of files that play no part


@dataclass(frozen=True)
class Submission:
    """Notebooks by name and what they are said to have found, with what was wrong in reading."""

    name: str
    notebooks: dict[str, NotebookNode] = field(default_factory=dict)
    recorded: Results | None = None
    problems: tuple[Problem, ...] = ()


class Files(Protocol):
    """Where a submission's files are."""

    def names(self) -> list[str]:
        """Paths of plain files, with forward slashes; links are not among them."""

    def read(self, name: str, most: int) -> bytes:
        """The content of one; raises `ValueError` if it is larger than `most` bytes."""


class Folder:
    """Files of a folder. Hidden folders and builds are passed over."""

    def __init__(self, root: Path):
        self.root = root
        self.links: list[str] = []

    def names(self) -> list[str]:
        found = []
        for folder, folders, files in os.walk(self.root, followlinks=False):
            # What is read comes first, so that nothing else uses up the files that are looked at.
            kept = (name for name in folders if not _hidden(name) and name != BUILD)
            folders[:] = sorted(kept, key=lambda name: (name not in ("notebooks", "report"), name))
            for name in sorted([*files, *folders]):
                path = Path(folder, name)
                mode = path.lstat().st_mode
                shown = path.relative_to(self.root).as_posix()
                if stat.S_ISREG(mode):
                    found.append(shown)
                elif not stat.S_ISDIR(mode):
                    self.links.append(shown)
            if len(found) > MOST_FILES:
                break
        return found

    def read(self, name: str, most: int) -> bytes:
        with os.fdopen(os.open(self.root / name, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
            return _limited(file.read(most + 1), most)


class Zip:
    """Files of a zip, read where they are."""

    def __init__(self, path: Path):
        self._zip = zipfile.ZipFile(path)
        self.links: list[str] = []

    def names(self) -> list[str]:
        infos = self._zip.infolist()  # which are in memory already
        infos = [info for info in infos if not any(map(_hidden, _folders(info.filename)))]
        top = _top([info.filename for info in infos])
        found = []
        for info in infos:
            if BUILD in _folders(info.filename.removeprefix(top)):
                continue  # but what it was packed from may itself lie in a folder of that name
            if stat.S_ISLNK(info.external_attr >> 16):
                self.links.append(info.filename)
            elif not info.is_dir():
                found.append(info.filename)
        return found

    def read(self, name: str, most: int) -> bytes:
        if self._zip.getinfo(name).compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"{name} is not packed by deflate; other ways know no limit of size")
        with self._zip.open(name) as file:
            return _limited(file.read(most + 1), most)


def _folders(name: str) -> list[str]:
    return name.split("/")[:-1]


def _hidden(folder: str) -> bool:
    return folder.startswith(".")


def find_submissions(path: Path) -> dict[str, Path]:
    """Name -> folder or zip: `path` itself if it holds notebooks, else each one in it.

    Raises `WasteError` if there is none.
    """
    if not path.exists():
        raise WasteError("there is no such submission", where=path, remedy="name a folder or zip")
    if path.is_file() or (path / "notebooks").is_dir():
        return {path.resolve().name: path}
    inside = sorted(
        entry
        for entry in path.iterdir()
        if not entry.name.startswith(".") and (entry.is_dir() or entry.suffix.lower() == ".zip")
    )
    if not inside:
        raise WasteError(
            "this holds no submission",
            where=path,
            remedy="hand in a folder with notebooks/ and report/recorded/<profile>/results.json, "
            "a zip of one, or a folder of several",
        )
    return {entry.name: entry for entry in inside}


def read_submission(name: str, path: Path, profile: str) -> Submission:
    """Read what was handed in. Whatever is wrong with it becomes a `Problem`."""
    try:
        if path.is_symlink():
            raise ValueError("it is a link, which is not followed")
        files = Folder(path) if path.is_dir() else Zip(path)
        names = files.names()
        return _read(name, files, names, profile)
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        problem = Problem(kind="unreadable", what=f"it cannot be read: {_words(error)}")
        return Submission(name, problems=(problem,))


def _read(name: str, files: Folder | Zip, names: list[str], profile: str) -> Submission:
    top = _top(names)
    record = f"{top}report/recorded/{profile}/results.json"
    problems = list(_not_used(names, files.links, top, record))
    notebooks = {}
    for notebook in NOTEBOOKS:
        wanted = f"{top}notebooks/{notebook}.ipynb"
        if wanted not in names:
            problems.append(Problem(kind="missing", notebook=notebook, what="it is not there"))
            continue
        try:
            notebooks[notebook] = _notebook(files.read(wanted, NOTEBOOK_BYTES))
        except Exception as error:  # nbformat's validators raise what they like
            what = f"it is no valid notebook: {_words(error)}"
            problems.append(Problem(kind="unreadable", notebook=notebook, what=what))
    recorded = None
    if record not in names:
        problems.append(Problem(kind="missing", what=f"there is no {record.removeprefix(top)}"))
    else:
        try:
            recorded = _results(files.read(record, RECORD_BYTES))
        except (OSError, ValueError, RecursionError, zipfile.BadZipFile) as error:
            what = f"its recorded results cannot be read: {_words(error)}"
            problems.append(Problem(kind="unreadable", what=what))
    return Submission(name, notebooks, recorded, tuple(problems))


def _top(names: list[str]) -> str:
    """The folder that everything is in: '' or, as in many a zip, one with a trailing slash."""
    known = "|".join(map(re.escape, NOTEBOOKS))
    tops = [
        found[1]
        for name in names
        if (found := re.fullmatch(rf"(.*?)notebooks/(?:{known})\.ipynb", name))
    ]
    return min(tops, key=len, default="")


def _not_used(names: list[str], links: list[str], top: str, record: str) -> Iterator[Problem]:
    if links:
        yield Problem(kind="not used", what=f"links are not followed: {_list(links)}")
    if any(name.startswith(f"{top}wastelib/") for name in names):
        yield Problem(kind="not used", what="its own wastelib; the grader's is used")
    known = {f"{top}notebooks/{notebook}.ipynb" for notebook in NOTEBOOKS}
    code = [name for name in names if name.startswith(f"{top}notebooks/") and name not in known]
    if code:
        what = f"only the course's notebooks are run, not what lies beside them: {_list(code)}"
        yield Problem(kind="not used", what=what)


def _notebook(content: bytes) -> NotebookNode:
    notebook = nbformat.reads(content.decode("utf-8"), as_version=4)
    _, notebook = nbformat.validator.normalize(notebook)  # older ones have no ids
    nbformat.validate(notebook)
    nbformat.writes(notebook).encode("utf-8")  # JSON can hold what no file of text can
    return notebook


def _results(content: bytes) -> Results:
    try:
        return Results.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{place}: {first['msg']}") from None


def _limited(content: bytes, most: int) -> bytes:
    if len(content) > most:
        raise ValueError(f"it is larger than {most / 1e6:g} MB")
    return content


def _list(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(name[:80] for name in names[:SHOWN]) + more


def _words(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:300]
