"""A submitted notebook as it is run: with the project's own locked cells in their places.

The exercises carry nbgrader's marks: a cell that is locked is the project's to write, one that is
locked and graded says whether an exercise is solved. They stand at the end, after a locked cell
that imports what they need.
"""

import copy
import re

from nbformat import NotebookNode

from wastelib.grading.records import Problem

MAY_RAISE = "raises-exception"  # nbclient's tag of cells after which a notebook goes on
CHECKS = re.compile(r"^from wastelib\.exercises import \w+ as check$", re.MULTILINE)


def is_check(cell: NotebookNode) -> bool:
    """Whether a cell says if an exercise is solved."""
    return is_locked(cell) and bool(_marks(cell).get("grade"))


def is_locked(cell: NotebookNode) -> bool:
    """Whether a code cell is the project's to write, and no student's."""
    return cell.cell_type == "code" and bool(_marks(cell).get("locked"))


def _marks(cell: NotebookNode) -> dict:
    return cell.metadata.get("nbgrader", {})


def restored(
    name: str, submitted: NotebookNode, ours: NotebookNode
) -> tuple[NotebookNode, list[Problem]]:
    """A copy of `submitted` with every locked cell of `ours` in its place, and what was restored.

    Cells are known by their ids, and where these are new by what they say. Among the exercises
    every cell may raise, also one that tries something out: one that is not solved is no reason
    not to run the rest. Each check imports itself again, for a cell before it may have given its
    name to something else.
    """
    notebook = copy.deepcopy(submitted)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    problems = []
    for number, cell in enumerate(ours.cells):
        if is_locked(cell) and (became := _put_back(cell, ours.cells[:number], notebook)):
            kind = "check" if is_check(cell) else "locked cell"
            what = f"the {kind} of {exercise_name(cell, ours)!r} {became}"
            problems.append(Problem(kind="check restored", notebook=name, what=what))
    marks = {cell.id: cell for cell in ours.cells if _marks(cell)}
    imports, begun = _imports(ours), False
    for cell in notebook.cells:
        begun = begun or cell.id in marks
        tags = [tag for tag in cell.metadata.get("tags", []) if tag != MAY_RAISE]
        cell.metadata["tags"] = [*tags, MAY_RAISE] if begun else tags
        if cell.id in marks and is_check(marks[cell.id]):
            cell.source = "\n".join([*imports, cell.source])
    return notebook, problems


def _imports(ours: NotebookNode) -> list[str]:
    """The line that gives the checks their name."""
    locked = (cell.source for cell in ours.cells if is_locked(cell))
    return [found[0] for source in locked if (found := CHECKS.search(source))]


def _put_back(cell: NotebookNode, before: list[NotebookNode], notebook: NotebookNode) -> str | None:
    """Put a locked cell in its place, and say what had become of it, if anything had."""
    own = copy.deepcopy(cell)
    cells = notebook.cells
    found = [i for i, other in enumerate(cells) if other.id == cell.id]
    found = found or [i for i, other in enumerate(cells) if _same(other, cell)][:1]
    if not found:
        known = {other.id for other in before}
        places = [i for i, other in enumerate(cells) if other.id in known]
        cells.insert(max(places, default=-1) + 1, own)
        return "was missing"
    there = cells[found[0]]
    cells[found[0]] = own
    for extra in found[:0:-1]:
        del cells[extra]
    return None if _same(there, cell) else "had been changed"


def check_names(ours: NotebookNode) -> dict[str, str]:
    """The exercise that each check cell belongs to, by the cell's id."""
    return {cell.id: exercise_name(cell, ours) for cell in ours.cells if is_check(cell)}


def exercise_name(cell: NotebookNode, notebook: NotebookNode) -> str:
    """The nearest heading above a check cell, without its marks; else its first line."""
    before = notebook.cells[: notebook.cells.index(cell)]
    for other in before[::-1]:
        lines = other.source.splitlines() if other.cell_type == "markdown" else []
        if headings := [line for line in lines if line.startswith("#")]:
            return headings[-1].strip("# ")
    return (cell.source.strip().splitlines() or [cell.id])[0]


def changed_cells(submitted: NotebookNode, ours: NotebookNode) -> int:
    """How many code cells are not as in the project's notebook: changed, added or left out.

    Cells of exercises do not count: they are there to be written, or are put back.
    """
    there = {cell.id: cell.source for cell in submitted.cells if cell.cell_type == "code"}
    wanted = {
        cell.id: cell.source for cell in ours.cells if cell.cell_type == "code" and not _marks(cell)
    }
    theirs = {key: source for key, source in there.items() if source.strip()}
    own = {cell.id for cell in ours.cells}
    altered = sum(theirs.get(key) != source for key, source in wanted.items() if source.strip())
    return altered + sum(key not in own for key in theirs)


def _same(there: NotebookNode, cell: NotebookNode) -> bool:
    return there.cell_type == cell.cell_type and there.source.strip() == cell.source.strip()
