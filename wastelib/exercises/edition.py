"""The student edition: the notebooks without the solutions of their exercises.

The notebooks are the one truth. Their exercises are in nbgrader's format (schema 3), so that a
course that grades with nbgrader takes them as they are, and nothing of it is needed here: a cell
whose metadata call it a solution keeps what is outside `### BEGIN SOLUTION` and `### END
SOLUTION`, which is the task.
"""

import copy
import re
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from wastelib.errors import WasteError
from wastelib.files import whole_folder
from wastelib.report.notebook import read_notebook

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
SOLUTION = re.compile(r"^( *)### BEGIN SOLUTION\n.*?^ *### END SOLUTION$", re.MULTILINE | re.DOTALL)
STUB = r"\1# YOUR CODE HERE\n\1raise NotImplementedError()"  # nbgrader's own words


def write_edition(into: Path, notebooks: Path = NOTEBOOKS) -> bool:
    """Write the student edition of all `notebooks` to `into`/notebooks; False if it was there.

    The notebooks keep their parameters, so what they make is in `into` too, and `into` may be
    moved or given away. It is written whole or not at all.

    Raises `WasteError` if `into` exists and holds anything else: that may be a student's work.
    """
    edition = {
        path.name: nbformat.writes(student_version(read_notebook(path, {}).source)) + "\n"
        for path in sorted(notebooks.glob("*.ipynb"))
    }
    if into.exists():
        _refuse_changed(into, edition)
        return False
    with whole_folder(into) as folder:
        (folder / "notebooks").mkdir()
        for name, text in edition.items():
            (folder / "notebooks" / name).write_text(text, "utf-8")
    return True


def student_version(notebook: NotebookNode) -> NotebookNode:
    """A copy without solutions, and without outputs but the kept ones.

    A check that fails does not stop the cells after it. JupyterLab refuses to change a check, and
    to delete it or the cell of an answer, as nbgrader has it do. Raises `WasteError` for a solution
    whose markers are missing.
    """
    student = copy.deepcopy(notebook)
    for cell in student.cells:
        if cell.cell_type != "code":
            continue
        tags = cell.metadata.get("tags", [])
        if "keep_output" not in tags:
            cell.outputs, cell.execution_count = [], None
        if "nbgrader" in cell.metadata:
            cell.metadata.deletable = False
        if _is(cell, "locked"):
            cell.metadata.editable = False
        if _is(cell, "solution"):
            cell.source, found = SOLUTION.subn(STUB, cell.source)
            if not found or "SOLUTION" in cell.source:
                raise WasteError(
                    "a solution does not stand between its markers",
                    where=f"cell {cell.id}",
                    remedy="put it between `### BEGIN SOLUTION` and `### END SOLUTION`",
                )
        elif _is(cell, "grade"):
            cell.metadata.tags = [*tags, "raises-exception"]
    return student


def _is(cell: NotebookNode, role: str) -> bool:
    return cell.metadata.get("nbgrader", {}).get(role, False)


def _refuse_changed(into: Path, edition: dict[str, str]) -> None:
    changed = [name for name, text in edition.items() if _text(into / "notebooks" / name) != text]
    if changed:
        raise WasteError(
            "there is something else already, which may be somebody's work: " + ", ".join(changed),
            where=into,
            remedy="rename that folder, or write another: wastelib student --into FOLDER",
        )


def _text(path: Path) -> str | None:
    return path.read_text("utf-8", "replace") if path.is_file() else None
