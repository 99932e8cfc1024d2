"""What grading begins with: the profile, the photographs on this disk, and the reference."""

import json
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from wastelib.errors import WasteError
from wastelib.files import write_json
from wastelib.grading.execution import Place, Ran, private_folder, run_again
from wastelib.grading.records import Execution
from wastelib.grading.reference import DAY, Reference
from wastelib.grading.sandbox import confine
from wastelib.grading.watch import Limits
from wastelib.profiles import Profile, load_profile
from wastelib.report.build import NOTEBOOKS as FOLDER
from wastelib.report.build import materials
from wastelib.report.ledger import common_inputs, digest
from wastelib.report.notebook import read_notebook
from wastelib.settings import Parameters
from wastelib.training import machine
from wastelib.training.trial import Trial

GIGABYTE = 1_000_000_000
WORDS = ("demo", "demo-clean", "realwaste", "imagenet")  # that stand for no path
PATHS = ("data", "other_data", "weights")  # parameters that may name one
# A submission's notebook gets so much more than the reference took, which trained everything.
TIMES, MORE_SECONDS = 4, 120
LEAST_MEMORY = 6 * GIGABYTE


def settled(profile_name: str, build: Path, data: str | None, weights: str | None) -> Profile:
    """The profile with absolute paths: notebooks are run in other folders than their own."""
    data, weights = (_absolute(v, Path.cwd()) if v else None for v in (data, weights))
    profile = load_profile(profile_name, build_folder=str(build), data=data, weights=weights)
    notebooks = {name: _settled(values) for name, values in profile.notebooks.items()}
    return profile.model_copy(update={"notebooks": notebooks})


def _settled(values: Parameters) -> Parameters:
    paths = {
        name: _absolute(value, FOLDER) for name in PATHS if (value := getattr(values, name, None))
    }
    return values.model_copy(
        update=paths | ({"scheduler": ""} if hasattr(values, "scheduler") else {})
    )


def _absolute(value: str, seen_from: Path) -> str:
    return value if value in WORDS else str((seen_from / Path(value).expanduser()).resolve())


@dataclass(frozen=True)
class Prepared:
    """The reference and what it was made of; `ran` if its notebooks were run just now."""

    profile: Profile
    notebooks: dict[str, NotebookNode]
    reference: Reference
    executions: dict[str, Execution]
    readable: tuple[Path, ...]
    ran: dict[str, Ran]


def prepare(profile: Profile, build: Path, *, again: bool, stopped: threading.Event) -> Prepared:
    """The reference in `build`: made if `again`, or if code, notebooks or data have changed.

    Raises `WasteError` if one of the project's own notebooks does not come to its end.
    """
    found = materials(profile)  # renders, downloads or unpacks: a sandbox may only read
    notebooks = {
        name: read_notebook(FOLDER / f"{name}.ipynb", {}).source for name in profile.notebooks
    }
    facts = {name: profile.facts(name) for name in profile.notebooks}
    key = digest(
        [common_inputs(), found, facts, {name: digest(n) for name, n in notebooks.items()}]
    )
    readable = _outside_paths(profile)
    weights = next(p.weights for p in profile.notebooks.values() if hasattr(p, "weights"))
    reference = Reference(build, _trainer(build, readable, weights, stopped))
    note = build / "reference.json"
    kept = None if again else _read_note(note, key)
    ran: dict[str, Ran] = {}
    if kept is None:
        if build.exists():
            shutil.rmtree(build)
        build.mkdir(parents=True)
        ran = _run_own(profile, notebooks, build, readable, stopped)
        kept = {name: one.execution for name, one in ran.items()}
        write_json(note, {"key": key, "notebooks": [e.model_dump() for e in kept.values()]})
    return Prepared(profile, notebooks, reference, kept, readable, ran)


def _read_note(note: Path, key: str) -> dict[str, Execution] | None:
    try:
        content = json.loads(note.read_text("utf-8"))
        if content["key"] != key:
            return None
        found = [Execution(**entry) for entry in content["notebooks"]]
    except (OSError, ValueError, KeyError):
        return None
    return {execution.notebook: execution for execution in found}


def _run_own(
    profile: Profile,
    notebooks: dict[str, NotebookNode],
    build: Path,
    readable: tuple[Path, ...],
    stopped: threading.Event,
) -> dict[str, Ran]:
    ran = {}
    with private_folder() as work:
        (work / "notebooks").mkdir()
        place = Place(work, build, readable, build / "notebooks")
        for name, notebook in notebooks.items():
            print(f"the project's own {name} is run", flush=True)
            one = run_again(
                name, notebook, notebook, profile.parameters(name), place, generous(), stopped
            )
            if one.execution.ended != "done":
                raise WasteError(
                    f"the project's own notebook does not run: {one.problems[-1].what}",
                    where=name,
                    remedy="run `make report` and mend what it names; then grade again",
                )
            ran[name] = one
    return ran


def _outside_paths(profile: Profile) -> tuple[Path, ...]:
    """Photographs and weights that lie in neither the project nor the cache."""
    values = (getattr(p, n, "") for p in profile.notebooks.values() for n in PATHS)
    return tuple(sorted({Path(value) for value in values if value and value not in WORDS}))


def _trainer(build: Path, readable: tuple[Path, ...], weights: str, stopped: threading.Event):
    def train(trials: dict[str, Trial], seconds: float) -> None:
        facts = {
            "trials": {name: trial.model_dump(mode="json") for name, trial in trials.items()},
            "build": str(build),
            "weights": weights,
        }
        with private_folder() as folder:
            confine(
                "train",
                facts,
                folder,
                generous(seconds),
                readable=readable,
                writable=(build,),
                stopped=stopped,
            )

    return train


def generous(seconds: float = DAY) -> Limits:
    """For code of the project's own: against accidents only."""
    return Limits(
        seconds=seconds,
        cpu_seconds=int(seconds) * machine.cores(),
        memory_bytes=machine.total_memory(),
        disk_bytes=100 * GIGABYTE,
        file_bytes=50 * GIGABYTE,
        output_bytes=100_000_000,
    )


def limits_for(execution: Execution) -> Limits:
    """Of one notebook of a submission, from what the reference took for it."""
    seconds = MORE_SECONDS + TIMES * execution.seconds
    return Limits(
        seconds=seconds,
        cpu_seconds=int(seconds) * machine.cores(),
        memory_bytes=max(LEAST_MEMORY, 3 * execution.peak_bytes // 2),
        disk_bytes=5 * GIGABYTE,
        file_bytes=2 * GIGABYTE,
        output_bytes=40_000_000,
    )
