"""The design's structure: imports point one way, and no new top-level folder appears."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = {".ci", "notebooks", "report", "tests", "wastelib"}


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
    declared = {
        re.match(r"[\w-]+", line)[0].replace("_", "-").lower()
        for line in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    }
    providers = packages_distributions()
    for path in (ROOT / "wastelib").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []
            for module in {name.split(".")[0] for name in names}:
                if module not in sys.stdlib_module_names | {"wastelib"}:
                    found = {name.replace("_", "-").lower() for name in providers[module]}
                    assert found & declared, f"{path.name} imports {module}"
