"""The design's structure: imports point one way, and no new top-level folder appears."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = {".ci", "notebooks", "report", "tests", "wastelib"}
OPENING = {"open_test", "test_evaluations", "test_answers", "temperatures_table"}
CHOOSING = {
    "train",
    "train_all",
    "cross_validate",
    "declare",
    "best_on_validation",
    "best_of",
    "search",
}


def test_imports_point_one_way_only():
    """In a process of its own, since the checker closes streams that pytest still reads."""
    program = "from importlinter.cli import lint_imports_command as check; check()"
    done = subprocess.run(
        [sys.executable, "-c", program, "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_no_other_top_level_folder():
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    assert {path.split("/")[0] for path in listed.stdout.splitlines() if "/" in path} <= FOLDERS


@pytest.mark.parametrize("module", ["", ".settings", ".cli", ".files", ".errors", ".doctor"])
def test_importing_does_nothing(module, tmp_path):
    code = f"import wastelib{module}, os, sys; print(os.listdir('.'), 'tensorflow' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[] False\n"
    assert done.stderr == ""


def test_every_import_is_a_declared_dependency():
    """What is imported is asked for by name, not by the grace of another package."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    optional = project["optional-dependencies"]
    wanted = [*project["dependencies"], *optional["export"], *optional["explore"]]
    declared = {re.match(r"[\w-]+", line)[0].replace("_", "-").lower() for line in wanted}
    providers = packages_distributions()
    for path in (ROOT / "wastelib").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []
            for module in {name.split(".")[0] for name in names}:
                if module not in sys.stdlib_module_names | {"wastelib"}:
                    found = {name.replace("_", "-").lower() for name in providers[module]}
                    assert found & declared, f"{path.name} imports {module}"


def calls(tree: ast.AST) -> list[ast.Call]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def name_of(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def is_choice(call: ast.Call) -> bool:
    """A call of ours that trains or chooses, or Python's own `max(…, key=…)`."""
    compares = any(keyword.arg == "key" for keyword in call.keywords)
    return name_of(call) in CHOOSING or (name_of(call) in {"max", "min"} and compares)


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda p: p.stem)
def test_no_notebook_trains_or_chooses_after_it_has_opened_a_test(path):
    cells = nbformat.read(path, as_version=4).cells
    opened = False
    # Exercises, which the report leaves out, have no runs to choose among.
    lesson = [cell for cell in cells if "remove-cell" not in cell.metadata.get("tags", [])]
    for cell in (cell for cell in lesson if cell.cell_type == "code"):
        found = calls(ast.parse(cell.source))
        lines = [call.lineno for call in found if name_of(call) in OPENING]
        for call in filter(is_choice, found):
            late = opened or any(line < call.lineno for line in lines)
            assert not late, f"after a test was opened: {ast.unparse(call)}"
        opened = opened or bool(lines)


def test_only_evaluation_opens_tests():
    """The library's other parts, training and choosing among them, see validation only."""
    for path in (ROOT / "wastelib").rglob("*.py"):
        text, place = path.read_text("utf-8"), path.relative_to(ROOT / "wastelib")
        if place.parts[0] != "evaluation":
            opening = [call for call in calls(ast.parse(text)) if name_of(call) == "open_test"]
            assert not opening, f"{place} opens a test"
        if place.as_posix() not in {"training/run.py"}:
            assert "test_predictions" not in text, f"{place} reads around open_test"
