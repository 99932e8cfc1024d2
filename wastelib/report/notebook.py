"""One notebook: read, run in a kernel with the profile's values, and written as executed."""

import ast
import logging
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbclient.exceptions import CellTimeoutError, DeadKernelError

from wastelib.errors import WasteError
from wastelib.files import whole_file
from wastelib.report.kernel import Kernel, cause_of_death
from wastelib.report.progress import NotebookProgress

START_SECONDS = 180  # a kernel's start on a cold, slow disk
OUTPUT_SECONDS = 120  # a cell's last figures may arrive this long after its end


class StoppedError(Exception):
    """The build ends, and with it a notebook that may have been in order."""


@dataclass(frozen=True)
class CellSeconds:
    """How long the cells of one execution took, without those that only import."""

    training: float  # those in which an epoch ended
    other: float


@dataclass(frozen=True)
class Notebook:
    """A notebook as it is committed, and the values that it is run with."""

    name: str
    source: nbformat.NotebookNode
    parameters: dict[str, object]


def read_notebook(path: Path, parameters: dict[str, object]) -> Notebook:
    """Read one notebook, checked against the format's schema.

    Raises `WasteError` if it is missing or no valid notebook.
    """
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
    return Notebook(path.stem, notebook, parameters)


def run_notebook(
    notebook: Notebook,
    copies: Path,
    kernel: Kernel,
    progress: NotebookProgress,
    stopped: threading.Event,
) -> CellSeconds:
    """Run a notebook in `kernel` and write its executed copy whole to `copies/<name>.ipynb`.

    Raises `WasteError` where a cell raises or the kernel dies; how far it came is then in
    `copies/<name>.failed.ipynb`. Raises `StoppedError`, and writes nothing, if `stopped` was
    set before the end.
    """
    import papermill

    # Papermill logs what is reported here as well, and warns to no purpose
    logging.getLogger("papermill").setLevel(logging.CRITICAL)
    executed = notebook.source  # papermill's own copy takes its place as soon as it exists

    def on_start(**copy: nbformat.NotebookNode) -> None:
        nonlocal executed
        executed = copy["notebook"]
        progress.count_cells(sum(_is_code(cell) for cell in executed.cells))

    def on_cell(cell: nbformat.NotebookNode, cell_index: int) -> None:
        if stopped.is_set():
            raise StoppedError
        progress.next_cell(cell_index)

    try:
        papermill.execute_notebook(
            notebook.source,
            None,
            parameters=notebook.parameters,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            start_timeout=START_SECONDS,
            km=kernel,
            iopub_timeout=OUTPUT_SECONDS,
            on_notebook_start=on_start,
            on_cell_execute=on_cell,
        )
        _refuse_early_end(executed)
    except (papermill.PapermillExecutionError, CellTimeoutError, RuntimeError) as error:
        if stopped.is_set():
            raise StoppedError from error
        cell = _last_started(executed)
        if cell is None:
            raise WasteError(
                f"{notebook.name}: the notebook's Python process did not start: {error}",
                where=sys.executable,
                remedy="run `make doctor`; it names what is missing on this machine",
            ) from error
        failed = copies / f"{notebook.name}.failed.ipynb"
        _write(executed, failed, notebook.name)
        place = f"{notebook.name}, {_place(cell, executed)}"
        raise _explained(error, place, failed, kernel) from error
    _write(executed, copies / f"{notebook.name}.ipynb", notebook.name)
    return _cell_seconds(executed, progress.training_cells())


def _cell_seconds(notebook: nbformat.NotebookNode, training_cells: set[int]) -> CellSeconds:
    training = other = 0.0
    for index, cell in enumerate(notebook.cells):
        if _is_code(cell) and not _only_imports(cell.source):
            seconds = cell.metadata.papermill.duration or 0.0
            training += seconds if index in training_cells else 0
            other += 0 if index in training_cells else seconds
    return CellSeconds(training, other)


def _only_imports(source: str) -> bool:
    try:
        statements = ast.parse(source).body
    except SyntaxError:  # IPython's own, such as %magic
        return False
    return all(isinstance(statement, ast.Import | ast.ImportFrom) for statement in statements)


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
