"""The ledger of a build: what each step depended on, what it left, and where its time went.

A step is a notebook, or the report made of them all. Its entry is written when the step is
done, to `build/ledger/<step>.json`. While an entry holds, its step need not be done again.
"""

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import distributions
from pathlib import Path

from pydantic import BaseModel, ConfigDict, field_validator

from wastelib.files import sha256_of, write_json
from wastelib.report.results import NotebookSeconds, TrainingSeconds
from wastelib.settings import NOTEBOOKS, READS
from wastelib.training.environment import environment

Inputs = dict[str, str]  # what a step depends on -> a hash of it
NOT_READABLE = "not readable"  # instead of a hash
Outputs = dict[str, str]  # the path of a file in the build folder -> its SHA-256


class Entry(BaseModel):
    """One step that was done: what it depended on, all files that it left, and its time.

    Where the report's own time went is in its results.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    inputs: Inputs
    outputs: Outputs
    seconds: NotebookSeconds | None = None

    @field_validator("outputs")
    @classmethod
    def _stay_in_the_build(cls, outputs: Outputs) -> Outputs:
        """What is listed may be removed, and a build folder may come from somebody else."""
        for path in map(Path, outputs):
            if path.is_absolute() or ".." in path.parts:
                raise ValueError(f"{path} is not in the build folder")
        return outputs


def read_entry(build: Path, step: str) -> Entry | None:
    """The entry of a step, if it was ever done and can be read."""
    try:
        return Entry.model_validate_json(_path(build, step).read_text("utf-8"))
    except (FileNotFoundError, ValueError):  # no UTF-8, no JSON, or no entry
        return None


def write_entry(build: Path, step: str, entry: Entry) -> None:
    """Note that a step is done."""
    write_json(_path(build, step), entry.model_dump(mode="json"))


def holds(step: str, build: Path, inputs: Inputs) -> bool:
    """Whether a step would see the same again, and all that it left is untouched."""
    entry = read_entry(build, step)
    if entry is None or entry.inputs != inputs or not entry.outputs:
        return False
    return not _touched(entry, build)


def keep(notebook: str, build: Path, inputs: Inputs) -> bool:
    """Whether a notebook need not be run again, since its entry holds; the entry then says so."""
    if not holds(notebook, build, inputs):
        return False
    entry = read_entry(build, notebook)
    seconds = entry.seconds.model_copy(update={"kept": True})
    write_entry(build, notebook, entry.model_copy(update={"seconds": seconds}))
    return True


def digest(value: object) -> str:
    """SHA-256 of anything that JSON can hold."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def hashes(folder: Path, paths: Iterable[Path | str]) -> Outputs:
    """SHA-256 of the files among `paths`, which are in or relative to `folder`.

    Contents are read, not dates: a copy or a checkout gives files any date.
    """
    files = [path for path in (folder / path for path in paths) if path.is_file()]
    with ThreadPoolExecutor() as pool:  # hashing lets other threads run
        digests = list(pool.map(_sha256_if_readable, files))
    names = [path.relative_to(folder).as_posix() for path in files]
    return dict(zip(names, digests, strict=True))


def _sha256_if_readable(path: Path) -> str:
    """A file that we may not read is skipped by the catalogue, and no reason to stop."""
    try:
        return sha256_of(path)
    except PermissionError:
        return NOT_READABLE


def common_inputs() -> Inputs:
    """What every step depends on: this library, all installed packages, Python, the machine."""
    library = Path(__file__).parents[1]
    code = {path.relative_to(library).as_posix(): sha256_of(path) for path in library.rglob("*.py")}
    packages = sorted(f"{found.name}=={found.version}" for found in distributions())
    facts = environment()
    machine = [facts[key] for key in ("versions", "platform", "processor", "cores")]
    return {"code": digest(code), "packages": digest(packages), "machine": digest(machine)}


def report_inputs(entries: Mapping[str, Entry], templates: Path) -> Inputs:
    """What the report depends on: the notebooks, how it is set, the commit that it names."""
    return common_inputs() | {
        "notebooks": digest({name: entry.outputs for name, entry in entries.items()}),
        "templates": digest(hashes(templates, templates.rglob("*"))),
        "commit": environment()["git_commit"],
    }


def left_by(notebook: str, build: Path) -> Outputs:
    """SHA-256 of the files that an executed notebook left: its copy, and what others read."""
    files = [build / "notebooks" / f"{notebook}.ipynb", _declaration(build, notebook)]
    if "data" in NOTEBOOKS[notebook].model_fields:
        files += sorted((build / "dataset").rglob("*"))
    for run in _declared_runs(build, notebook):
        files += sorted((build / "runs" / run).rglob("*"))
    return hashes(build, files)


def read_by(notebook: str, build: Path) -> str:
    """A hash of what earlier notebooks left for this one, by their entries."""
    entries = [entry for name in READS[notebook] if (entry := read_entry(build, name))]
    left = {path: found for entry in entries for path, found in entry.outputs.items()}
    return digest({path: found for path, found in left.items() if not path.endswith(".ipynb")})


def forget(notebook: str, build: Path, inputs: Inputs) -> None:
    """Remove what an execution of the notebook must not find: its copies, and touched files.

    A run is removed as a whole, and its trial is then trained again. Times are kept, and the
    files that the entry names are forgotten: they are new ones from now on.
    """
    for copy in (f"{notebook}.ipynb", f"{notebook}.failed.ipynb"):
        (build / "notebooks" / copy).unlink(missing_ok=True)
    _declaration(build, notebook).unlink(missing_ok=True)
    if (entry := read_entry(build, notebook)) is None:
        return
    for path in _touched(entry, build):
        if path.startswith("runs/"):
            shutil.rmtree((build / path).parent, ignore_errors=True)
        else:
            (build / path).unlink(missing_ok=True)
    for photographs, folder in (("photographs", build), ("other_photographs", build / "other")):
        if entry.inputs.get(photographs) != inputs.get(photographs):
            (folder / "dataset" / "dataset.json").unlink(missing_ok=True)  # it judges by dates
    write_entry(build, notebook, entry.model_copy(update={"outputs": {}}))


def expected_seconds(notebook: str, build: Path, inputs: Inputs) -> float | None:
    """How long a notebook will take, judged by its last execution; None where that says nothing.

    It says something if it had the same parameters and photographs and trained what is now
    missing; of its training, the share of these runs counts.
    """
    entry = read_entry(build, notebook)
    same = ("parameters", "photographs", "weights")
    if entry is None or any(entry.inputs.get(key) != inputs.get(key) for key in same):
        return None
    trainings = entry.seconds.trainings
    missing = [t for t in trainings if not (build / "runs" / t.run).is_dir()]
    if not all(training.trained_here for training in missing):
        return None
    trained = sum(t.seconds for t in trainings if t.trained_here)
    share = sum(t.seconds for t in missing) / trained if trained else 0
    own = entry.seconds
    return own.setup_seconds + own.other_seconds + share * own.training_seconds


def trainings_of(notebook: str, build: Path, trained: set[str]) -> list[TrainingSeconds]:
    """What a notebook's declared runs took; `trained` are those that it trained just now."""
    from wastelib.training.run import open_run

    found = []
    for hash_, name in _declared_runs(build, notebook).items():
        run = open_run(build / "runs" / hash_)
        found.append(
            TrainingSeconds(
                name=name,
                run=hash_,
                epochs=len(run.history),
                seconds=round(run.manifest["train_seconds"], 1),
                feature_seconds=round(run.manifest["feature_seconds"], 1),
                trained_here=hash_ in trained,
            )
        )
    return found


def _touched(entry: Entry, build: Path) -> list[str]:
    """The files that are gone, or no longer what they were."""
    found = hashes(build, entry.outputs)
    return [path for path, digest in entry.outputs.items() if found.get(path) != digest]


def _path(build: Path, step: str) -> Path:
    return Path(build) / "ledger" / f"{step}.json"


def _declaration(build: Path, notebook: str) -> Path:
    return build / "declared" / f"{notebook}.json"


def _declared_runs(build: Path, notebook: str) -> dict[str, str]:
    """The runs that a notebook declared, each with the first name that it gave."""
    try:
        roles = json.loads(_declaration(build, notebook).read_text("utf-8"))
    except FileNotFoundError:
        return {}
    names: dict[str, str] = {}
    for entry in (entry for entries in roles.values() for entry in entries):
        names.setdefault(entry["run"], entry["name"])
    return names
