"""The notebooks keep their contract, run with the smoke profile, and print what they promise."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import papermill
import pytest
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

from wastelib.evaluation.published import PUBLISHED
from wastelib.profiles import load_profile
from wastelib.settings import NOTEBOOKS

FOLDER = Path(__file__).parents[2] / "notebooks"
KEPT = {"nbval-check-output", "keep_output"}


@pytest.fixture(params=NOTEBOOKS)
def name(request) -> str:
    return request.param


@pytest.fixture
def notebook(name) -> nbformat.NotebookNode:
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def tags(cell) -> set[str]:
    return set(cell.metadata.get("tags", []))


def code_cells(notebook) -> list:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_there_is_a_model_of_parameters_for_every_notebook():
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == set(NOTEBOOKS)


def test_parameters_cell_is_the_model_of_the_settings(notebook, name):
    """Names, order, types and defaults; each with a comment that explains the value."""
    (cell,) = [cell for cell in notebook.cells if "parameters" in tags(cell)]
    written = {
        line.target.id: (line.annotation.id, ast.literal_eval(line.value))
        for line in ast.parse(cell.source).body
    }
    model = NOTEBOOKS[name]
    defaults = model().model_dump()
    assert list(written) == list(model.model_fields)
    assert written == {key: (type(value).__name__, value) for key, value in defaults.items()}
    assert all("  # " in line for line in cell.source.splitlines())


def test_it_begins_with_title_and_question_and_ends_with_the_answer(notebook):
    """Its last words in the report; what comes after them, the exercises, is left out there."""
    notebook.cells = [cell for cell in notebook.cells if "remove-cell" not in tags(cell)]
    title, _, question, *_ = notebook.cells[0].source.splitlines()
    assert title.startswith("# ")
    assert question.startswith("**")
    assert question.endswith("?**")
    headings = [cell.source for cell in notebook.cells if cell.source.startswith("## ")]
    assert headings[-1].strip() == "## Answer"
    assert "displays.say(" in notebook.cells[-1].source


def test_no_result_is_typed_into_prose(notebook):
    """Results come from `displays.say`; what is typed is the published figure, or no result."""
    published = {f"{100 * result.test_accuracy:.2f}" for result in PUBLISHED}
    told = (cell for cell in notebook.cells if "remove-cell" not in tags(cell))  # in the report
    prose = [cell.source for cell in told if cell.cell_type == "markdown"]
    typed = re.findall(r"(\d+\.\d+)\s*(?:%|per cent|points)", "\n".join(prose))
    assert set(typed) <= published


def test_outputs_are_committed_for_kept_cells_only(notebook):
    for cell in code_cells(notebook):
        assert bool(cell.outputs) == (tags(cell) == KEPT), cell.source
        assert cell.execution_count is None or cell.outputs


def test_no_markdown_cell_is_followed_by_a_page_of_code(notebook):
    cells = [cell for cell in code_cells(notebook) if "parameters" not in tags(cell)]
    assert max(len(cell.source.splitlines()) for cell in cells) <= 22


def test_smoke_run_prints_the_kept_outputs(smoke_build, tmp_path):
    """Each notebook that has some, again, on the build that is there already."""
    profile = load_profile("smoke", build_folder=os.path.relpath(smoke_build, tmp_path))
    sources = {name: load_notebook_node(str(FOLDER / f"{name}.ipynb")) for name in NOTEBOOKS}
    kept = [n for n, source in sources.items() if any(c.outputs for c in code_cells(source))]
    assert len(kept) >= 4
    for name in kept:
        source = sources[name]
        filled = parameterize_notebook(source, profile.parameters(name))
        for cell in code_cells(filled):
            cell.execution_count = 1  # nbval refuses kept outputs of a cell that was never run
        nbformat.write(filled, tmp_path / f"{name}.ipynb")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval-lax", "-q", "-p", "no:cacheprovider", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ | {"JUPYTER_PATH": str(_kernels(tmp_path))},
    )
    assert done.returncode == 0, done.stdout[-5000:]


def _kernels(folder: Path) -> Path:
    """A kernel `python3` that is this interpreter, whatever else is installed."""
    from ipykernel.kernelspec import write_kernel_spec

    write_kernel_spec(folder / "jupyter" / "kernels" / "python3")
    return folder / "jupyter"


def test_papermill_sees_the_parameters_cell(name):
    """What papermill's own inspection reads must be complete, for people who use it directly."""
    seen = papermill.inspect_notebook(str(FOLDER / f"{name}.ipynb"))
    assert list(seen) == list(NOTEBOOKS[name].model_fields)


@pytest.mark.parametrize("stem", ["01_data_preparation", "05_model_comparison"])
def test_notebooks_that_build_no_network_do_not_load_tensorflow(stem):
    cells = code_cells(nbformat.read(FOLDER / f"{stem}.ipynb", as_version=4))
    imports = next(cell.source for cell in cells if cell.source.startswith(("import ", "from ")))
    code = f"import sys\n{imports}\nprint([m for m in ('tensorflow', 'keras') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
