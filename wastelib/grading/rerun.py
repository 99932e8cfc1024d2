"""One notebook of a submission, run again; this is done inside the sandbox.

What it found is written to one JSON file, `Rerun`, which the grader reads as what it is: the word
of the submission's own code.
"""

import os
from pathlib import Path
from typing import Literal

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode
from pydantic import BaseModel, ConfigDict

from wastelib.files import write_json
from wastelib.report.kernel import QUIET, Kernel
from wastelib.report.results import TableResult

LONGEST_WORDS = 2000  # characters of an exception's message that are kept
START_SECONDS = 180


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Failure(_Record):
    """Why a notebook did not come to its end."""

    kind: Literal["raised", "died", "output", "unreadable"]
    cell: str
    what: str


class Checked(_Record):
    """How a check cell ended."""

    cell: str
    outcome: Literal["passed", "failed", "not run"]
    says: str = ""


class Rerun(_Record):
    """What one notebook came to."""

    failure: Failure | None
    tables: list[TableResult]
    answer: str | None
    checks: list[Checked]


def rerun(order: dict) -> None:
    """Run `order["notebook"]` with `order["parameters"]` and write `order["result"]`.

    The cells named in `order["checks"]` may raise; the first other one that does ends the
    notebook. The executed copy is written to `order["executed"]`.
    """
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    notebook = parameterize_notebook(
        load_notebook_node(order["notebook"]),
        order["parameters"],
        kernel_name="python3",
        language="python",
    )
    failure = _run(notebook, order)
    _write(notebook, failure, order)


def _run(notebook: NotebookNode, order: dict) -> Failure | None:
    folder = Path(order["folder"])
    kernel = Kernel(kernel_name="python3", transport="ipc", ip=str(folder / "k"))
    client = _Client(
        notebook,
        km=kernel,
        timeout=None,
        startup_timeout=START_SECONDS,
        resources={"metadata": {"path": order["cwd"]}},
    )
    client.now, client.bytes_left = folder / "cell.txt", order["limits"]["output_bytes"]
    client.give_up = lambda what: _give_up(notebook, what, order)
    try:
        client.execute(env={**os.environ, **QUIET})
    except CellExecutionError as error:
        what = f"{error.ename}: {error.evalue}"[:LONGEST_WORDS]
        return Failure(kind="raised", cell=client.place, what=what)
    except DeadKernelError:
        return Failure(kind="died", cell=client.place, what="its process died")
    except Exception as error:  # of nbclient, over messages that are none
        what = f"{type(error).__name__}: {error}"[:LONGEST_WORDS]
        return Failure(kind="unreadable", cell=client.place, what=what)
    return None


class _Client(NotebookClient):
    """Notes which cell is at work, and does not collect output without end."""

    place = "its start"

    async def async_execute_cell(self, cell, cell_index, *arguments, **named):
        if cell.cell_type == "code" and cell.source.strip():
            self.place = place_of(cell, self.nb)
            self.now.write_text(self.place, "utf-8")
        return await super().async_execute_cell(cell, cell_index, *arguments, **named)

    def process_message(self, msg, cell, cell_index):
        self.bytes_left -= sum(len(str(part)) for part in msg["content"].values())
        if self.bytes_left < 0:
            self.give_up(Failure(kind="output", cell=self.place, what="it shows without end"))
        return super().process_message(msg, cell, cell_index)


def place_of(cell: NotebookNode, notebook: NotebookNode) -> str:
    """A code cell's number, counted from 1 without the one that papermill adds; its first line."""
    before = notebook.cells[: notebook.cells.index(cell) + 1]
    number = sum(
        c.cell_type == "code"
        and bool(c.source.strip())
        and "injected-parameters" not in c.metadata.get("tags", [])
        for c in before
    )
    first = next(line.strip() for line in cell.source.splitlines() if line.strip())
    return f"code cell {number}: {first[:80]}"


def _give_up(notebook: NotebookNode, failure: Failure, order: dict) -> None:
    """Write what there is and end the process, and with it the kernel that goes on printing."""
    for cell in notebook.cells:
        if sum(len(str(output)) for output in cell.get("outputs", [])) > 1_000_000:
            cell.outputs = []
    _write(notebook, failure, order)
    os._exit(0)


def _write(notebook: NotebookNode, failure: Failure | None, order: dict) -> None:
    name = Path(order["executed"]).stem
    nbformat.write(notebook, order["executed"])
    found = Rerun(
        failure=failure,
        tables=list(_tables(name, notebook)),
        answer=None if failure else _answer(Path(order["executed"])),
        checks=[_checked(cell) for cell in notebook.cells if cell.id in order["checks"]],
    )
    write_json(Path(order["result"]), found.model_dump(mode="json"))


def _tables(name: str, notebook: NotebookNode):
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            about = output.get("metadata", {}).get("wastelib", {})
            if about.get("kind") == "table":
                yield TableResult(
                    notebook=name,
                    number="",
                    name=about["name"],
                    caption=about["caption"],
                    columns=[column["name"] for column in about["columns"]],
                    rows=about["rows"],
                )


def _answer(executed: Path) -> str | None:
    """The words that the notebook ends with, as `results.json` records them."""
    from wastelib.report.collect import answer_of
    from wastelib.report.document import read

    try:
        return answer_of(read([executed])[0])
    except Exception:  # prose of a submission may be anything
        return None


def _checked(cell: NotebookNode) -> Checked:
    errors = [output for output in cell.outputs if output.output_type == "error"]
    if errors:
        says = f"{errors[0].evalue}" or errors[0].ename
        return Checked(cell=cell.id, outcome="failed", says=says[:LONGEST_WORDS])
    ran = cell.execution_count is not None
    return Checked(cell=cell.id, outcome="passed" if ran else "not run")
