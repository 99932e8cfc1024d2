"""Run the notebooks that something has changed for, side by side where they may."""

import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from wastelib.profiles import Profile
from wastelib.report import ledger
from wastelib.report.ledger import Entry, Inputs
from wastelib.report.notebook import Notebook, read_notebook, run_notebook
from wastelib.report.progress import Progress
from wastelib.report.results import NotebookSeconds
from wastelib.report.workers import Workers
from wastelib.settings import ALONE, READS

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def execute_notebooks(
    profile: Profile,
    build: Path,
    *,
    jobs: int = 1,
    only: Iterable[str] | None = None,
    materials: Mapping[str, Inputs] | None = None,
    before: Callable[[], None] = lambda: None,
    folder: Path = NOTEBOOKS,
) -> dict[str, Entry]:
    """Run the notebooks of `folder` with the profile's values; return their entries.

    Each runs in `folder`, by the running interpreter, when those that it reads from are done
    (`settings.READS`), at most `jobs` at a time, and those that measure time alone
    (`settings.ALONE`); `only` selects some. Each executed copy is
    written whole to `build/notebooks/<name>.ipynb`. The copy of an earlier build is kept if
    all that it depends on is the same and all that it left is untouched. `materials` are the
    hashes of what a notebook depends on beyond code and parameters; `before` is called before
    any notebook runs.

    Raises `WasteError` where a notebook is missing, a cell raises, or the kernel dies; how
    far it came is then in `build/notebooks/<name>.failed.ipynb`. Others that run are ended
    then, as on Ctrl-C: finished epochs are kept, and whoever waits can mend what failed now
    and not in hours. On Ctrl-C `KeyboardInterrupt` goes on to the caller.
    """
    build, materials = Path(build), materials or {}
    names = [name for name in sorted(profile.notebooks) if only is None or name in only]
    notebooks = {
        name: read_notebook(folder / f"{name}.ipynb", profile.parameters(name)) for name in names
    }
    common = ledger.common_inputs()
    waiting, done = list(names), set()
    with (
        tempfile.TemporaryDirectory(prefix="wastelib-") as private,
        Progress(names) as progress,
        Workers(jobs) as workers,
    ):
        execution = _Execution(build, folder, Path(private), progress, workers)
        while waiting or workers.running:
            ready = [
                name
                for name in waiting
                if set(READS[name]) & set(names) <= done and _may_join(name, workers.running)
            ]
            if not (ready and workers.free):
                done |= workers.finished()
                continue
            name = ready[0]
            waiting.remove(name)
            inputs = common | materials.get(name, {}) | _own_inputs(notebooks[name], profile, build)
            if ledger.keep(name, build, inputs):
                progress.keep(name)
                done.add(name)
            else:
                before()
                ledger.forget(name, build, inputs)
                workers.start(name, execution.run, notebooks[name], inputs)
    return {name: ledger.read_entry(build, name) for name in names}


def _may_join(name: str, running: Collection[str]) -> bool:
    return not running or not {name, *running} & set(ALONE)


def _own_inputs(notebook: Notebook, profile: Profile, build: Path) -> Inputs:
    return {
        "notebook": ledger.digest(notebook.source),
        "parameters": ledger.digest(profile.facts(notebook.name)),
        "earlier": ledger.read_by(notebook.name, build),
    }


@dataclass(frozen=True)
class _Execution:
    """What the notebooks of one build share; `run` is called in a thread for each of them."""

    build: Path
    folder: Path
    private: Path
    progress: Progress
    workers: Workers

    def run(self, notebook: Notebook, inputs: Inputs) -> None:
        """Run the notebook and enter in the ledger what it left and where its time went."""
        name, build = notebook.name, self.build
        private = self.private / name
        private.mkdir()
        expected = ledger.expected_seconds(name, build, inputs)
        shown = self.progress.begin(name, private / "progress.jsonl", expected)
        variable = {"WASTELIB_PROGRESS": str(shown.path)}
        with self.workers.kernel(self.folder, private, **variable) as kernel:
            copies, stopped = build / "notebooks", self.workers.stopped
            cells = run_notebook(notebook, copies, kernel, shown, stopped)
        spent = NotebookSeconds(
            notebook=name,
            setup_seconds=round(shown.seconds() - cells.training - cells.other, 1),
            training_seconds=round(cells.training, 1),
            other_seconds=round(cells.other, 1),
            trainings=ledger.trainings_of(name, build, shown.trained_runs()),
        )
        entry = Entry(inputs=inputs, outputs=ledger.left_by(name, build), seconds=spent)
        ledger.write_entry(build, name, entry)
        self.progress.end(shown)
