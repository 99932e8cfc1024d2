"""Run the notebooks, one after the other, and say what happens meanwhile."""

import logging
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import nbformat
from nbclient.exceptions import CellTimeoutError, DeadKernelError

from wastelib.errors import WasteError
from wastelib.files import whole_file
from wastelib.report.kernel import Kernel, cause_of_death, running_kernel
from wastelib.report.progress import Progress
from wastelib.settings import Profile

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
START_SECONDS = 180  # a kernel's start on a cold, slow disk
OUTPUT_SECONDS = 120  # a cell's last figures may arrive this long after its end


def execute_notebooks(
    profile: Profile, build: Path, *, only: Iterable[str] | None = None, folder: Path = NOTEBOOKS
) -> dict[str, float]:
    """Run the notebooks of `folder` with the profile's values; return the seconds each took.

    They run in the order of their names, in `folder`, by the running interpreter; `only`
    selects some. Each executed copy is written whole to `build/notebooks/<name>.ipynb`,
    and copies of an earlier build are removed first.

    Raises `WasteError` where a notebook is missing, a cell raises, or the kernel dies; how
    far it came is then in `build/notebooks/<name>.failed.ipynb`. On Ctrl-C the kernel is
    ended and `KeyboardInterrupt` goes on to the caller.
    """
    names = [name for name in sorted(profile.notebooks) if only is None or name in only]
    copies = Path(build) / "notebooks"
    for name in names:
        for stale in (copies / f"{name}.ipynb", copies / f"{name}.failed.ipynb"):
            stale.unlink(missing_ok=True)
    sources = {name: _read(folder / f"{name}.ipynb") for name in names}
    # Papermill logs what is reported here as well, and warns to no purpose
    logging.getLogger("papermill").setLevel(logging.CRITICAL)
    seconds = {}
    with tempfile.TemporaryDirectory(prefix="wastelib-") as private:
        epochs = Path(private) / "progress.jsonl"
        with Progress(names, epochs) as progress:
            for name in names:
                started = time.monotonic()
                progress.begin(name)
                with running_kernel(folder, Path(private), WASTELIB_PROGRESS=str(epochs)) as kernel:
                    _execute(name, sources[name], profile, copies, kernel, progress)
                seconds[name] = time.monotonic() - started
                progress.end(seconds[name])
    return seconds


def _read(path: Path) -> nbformat.NotebookNode:
    """Read one notebook, checked against the format's schema."""
    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
    except FileNotFoundError as error:
        raise WasteError(
            f"the notebook {path.name} is missing",
            where=path.parent,
            remedy="restore it: git checkout notebooks",
        ) from error
    except (AttributeError, KeyError, TypeError, ValueError, nbformat.ValidationError) as error:
        raise WasteError(
            f"{path.name} is not a valid notebook: {str(error).splitlines()[0]}",
            where=path,
            remedy="open and save it in JupyterLab, or restore it: git checkout notebooks",
        ) from error
    return notebook


def _execute(
    name: str,
    source: nbformat.NotebookNode,
    profile: Profile,
    copies: Path,
    kernel: Kernel,
    progress: Progress,
) -> None:
    """Run one notebook in `kernel` and write its executed copy, or its failed one."""
    import papermill

    executed = source  # what papermill works on replaces it as soon as it exists

    def on_start(notebook: nbformat.NotebookNode) -> None:
        nonlocal executed
        executed = notebook
        progress.count_cells(sum(_is_code(cell) for cell in notebook.cells))

    try:
        papermill.execute_notebook(
            source,
            None,
            parameters=profile.parameters(name),
            kernel_name="python3",
            language="python",
            progress_bar=False,
            start_timeout=START_SECONDS,
            km=kernel,
            iopub_timeout=OUTPUT_SECONDS,
            on_notebook_start=on_start,
            on_cell_execute=lambda cell, cell_index: progress.next_cell(),
        )
        _refuse_early_end(executed)
    except (papermill.PapermillExecutionError, CellTimeoutError, RuntimeError) as error:
        cell = _last_started(executed)
        if cell is None:
            raise WasteError(
                f"{name}: the notebook's Python process did not start: {error}",
                where=sys.executable,
                remedy="run `make doctor`; it names what is missing on this machine",
            ) from error
        failed = copies / f"{name}.failed.ipynb"
        _write(executed, failed, name)
        raise _explained(error, f"{name}, {_place(cell, executed)}", failed, kernel) from error
    _write(executed, copies / f"{name}.ipynb", name)


def _is_code(cell: nbformat.NotebookNode) -> bool:
    return cell.cell_type == "code" and bool(cell.source.strip())


def _refuse_early_end(notebook: nbformat.NotebookNode) -> None:
    """Raise if a cell ended the notebook: papermill takes `sys.exit()` for a success."""
    for cell in notebook.cells:
        if cell.metadata.papermill.status == "failed":
            raise RuntimeError("the cell ended the notebook before its last cell")


def _write(notebook: nbformat.NotebookNode, path: Path, name: str) -> None:
    """Write a copy whole, naming its source instead of this build's temporary paths."""
    notebook.metadata.setdefault("papermill", {})
    notebook.metadata.papermill.update(input_path=f"{name}.ipynb", output_path=path.name)
    with whole_file(path) as temporary:
        nbformat.write(notebook, temporary)


def _last_started(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode | None:
    """The code cell that was at work last, or None if none was."""
    started = [
        cell
        for cell in notebook.cells
        if _is_code(cell) and cell.metadata.get("papermill", {}).get("start_time")
    ]
    return started[-1] if started else None


def _place(cell: nbformat.NotebookNode, notebook: nbformat.NotebookNode) -> str:
    """A code cell's number, counted from 1, and the first line of its source."""
    number = sum(_is_code(other) for other in notebook.cells[: notebook.cells.index(cell) + 1])
    first_line = next(line for line in cell.source.splitlines() if line.strip())
    return f"code cell {number}: {first_line.strip()}"


def _explained(error: Exception, place: str, failed: Path, kernel: Kernel) -> WasteError:
    """Say what went wrong at that place, and what can be done."""
    if isinstance(error, DeadKernelError):
        return WasteError(
            f"{place}\n  the notebook's Python process died: {cause_of_death(kernel)}",
            where=failed,
            remedy="most often memory ran out: close other programs, or choose a smaller "
            "image_size or batch_size in the profile; finished trainings are not repeated",
        )
    kind, message = getattr(error, "ename", type(error).__name__), getattr(error, "evalue", error)
    return WasteError(
        f"{place}\n  {kind}: " + str(message).replace("\n", "\n  "),
        where=failed,
        remedy="open the copy to see how far it came; finished trainings are not repeated",
    )
