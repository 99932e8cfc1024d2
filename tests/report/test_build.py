"""A build says at once that it works, refuses bad input first, and is never a stale report."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from wastelib.errors import WasteError
from wastelib.profiles import load_profile
from wastelib.report import build as module
from wastelib.report import document, execute
from wastelib.report.build import build_report
from wastelib.report.results import Results

HEAVY = ("pandas", "nbformat", "jupyter_client", "requests", "cv2")


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a finished report."""
    files = [path for name in module.REPORT for path in (folder / name, *folder.glob(f"{name}/*"))]
    return {str(path): path.read_bytes() for path in files if path.is_file()}


@pytest.fixture
def again(smoke_build, monkeypatch):
    """Build the smoke profile once more; a notebook that runs is a mistake."""

    def no_run(*_):
        raise AssertionError("a notebook ran")

    monkeypatch.setattr(execute, "run_notebook", no_run)
    return lambda: build_report("smoke", builds=smoke_build.parent)


def test_a_second_build_runs_nothing_and_leaves_the_report_as_it_is(smoke_build, again):
    before = contents(smoke_build)
    dates = {path: os.stat(path).st_mtime_ns for path in before}
    built = again()
    assert contents(smoke_build) == before
    assert {path: os.stat(path).st_mtime_ns for path in before} == dates
    assert built.results.environment.ledger.notebooks[1].trainings[0].trained_here


def test_the_results_hold_every_answer_and_table_of_the_notebooks(smoke_build):
    results = Results.model_validate_json((smoke_build / "results.json").read_text("utf-8"))
    chapters = document.read(sorted((smoke_build / "notebooks").glob("*.ipynb")))
    assert list(results.answers) == [part.stem for part in chapters]
    assert all(len(answer) > 80 for answer in results.answers.values())
    shown = [block for part in chapters for block in part.blocks if block.kind == "table"]
    assert [table.rows for table in results.tables] == [block.rows for block in shown]
    assert {"leak-scores", "differences", "calibration", "all-comparisons", "ladder-scores"} <= {
        table.name for table in results.tables
    }


@pytest.mark.parametrize("spoilt", ["report.html", "results.json", "figures"])
def test_a_touched_report_is_made_again_from_the_notebooks(smoke_build, again, spoilt):
    names = {Path(path).name for path in contents(smoke_build)}
    if spoilt == "figures":
        shutil.rmtree(smoke_build / spoilt)
    else:
        (smoke_build / spoilt).write_text("touched")
    again()
    assert {Path(path).name for path in contents(smoke_build)} == names
    assert (smoke_build / "report.html").read_text("utf-8").startswith("<!DOCTYPE html>")


def test_changed_templates_make_the_report_again(smoke_build, again, tmp_path, monkeypatch):
    templates = shutil.copytree(module.TEMPLATES, tmp_path / "templates")
    with (templates / "html" / "style.css").open("a") as file:
        file.write("/* changed */")
    monkeypatch.setattr(module, "TEMPLATES", templates)
    written = []
    monkeypatch.setattr("wastelib.report.write.write_report", lambda *_: written.append(1))
    with pytest.raises(WasteError, match="incomplete"):
        again()
    assert written == [1]
    assert not (smoke_build / "report.html").exists()
    monkeypatch.undo()
    build_report("smoke", builds=smoke_build.parent)  # as other tests want it


def photographs_of(folder: Path) -> str:
    profile = load_profile("smoke", build_folder="build", data=str(folder))
    return module.materials(profile)["01_data_preparation"]["photographs"]


def test_a_changed_photograph_is_seen_whatever_its_date_and_size(small_folder, tmp_path):
    folder = shutil.copytree(small_folder, tmp_path / "photographs")
    before = photographs_of(folder)
    photograph = next(folder.rglob("*.png"))
    date, content = photograph.stat(), bytearray(photograph.read_bytes())
    os.utime(photograph, (1e9, 1e9))
    assert photographs_of(folder) == before
    content[-20] ^= 1
    photograph.write_bytes(content)
    os.utime(photograph, ns=(date.st_atime_ns, date.st_mtime_ns))
    assert photographs_of(folder) != before


def test_an_added_photograph_and_new_groups_are_seen(small_folder, tmp_path):
    folder = shutil.copytree(small_folder, tmp_path / "photographs")
    seen = {photographs_of(folder)}
    (folder / "groups.csv").write_text("path,group\n")
    seen.add(photographs_of(folder))
    cv2.imwrite(str(next(folder.glob("*/")) / "new.png"), np.zeros((8, 8, 3), np.uint8))
    seen.add(photographs_of(folder))
    assert len(seen) == 3


def test_other_photographs_to_test_on_are_known_by_their_content(small_folder, tmp_path):
    own = shutil.copytree(small_folder, tmp_path / "own")

    def other() -> dict[str, str]:
        photographs = {"data": str(own), "other_data": str(tmp_path / "other")}
        profile = load_profile("smoke", build_folder="x", **photographs)
        return module.materials(profile)["10_out_of_the_notebook"]

    for file in sorted(own.glob("*/*.png")):
        copy = tmp_path / "other" / file.relative_to(own)
        copy.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(copy), 255 - cv2.imread(str(file)))
    before = other()
    assert list(before) == ["other_photographs"]
    next((tmp_path / "other" / "Red").iterdir()).unlink()
    assert other() != before
    # What is no photograph may be the same in both.
    for folder in (own, tmp_path / "other"):
        (folder / "Red" / "empty.png").touch()
    assert other()
    shutil.copy(next(small_folder.glob("*/*.png")), tmp_path / "other" / "Red" / "again.png")
    with pytest.raises(WasteError, match="1 of the other photographs are among those"):
        other()


@pytest.mark.parametrize(
    "wrong", [{"data": "/nowhere"}, {"weights": "/nowhere"}, {"profile_name": "nonsense"}]
)
def test_bad_input_is_refused_before_anything_is_removed(tmp_path, monkeypatch, wrong):
    monkeypatch.setattr(execute, "execute_notebooks", None)  # whoever comes so far fails
    report = tmp_path / "smoke" / "report.html"
    report.parent.mkdir()
    report.write_text("of an earlier build")
    with pytest.raises(WasteError):
        build_report(**{"profile_name": "smoke", "builds": tmp_path} | wrong)
    assert report.exists()


def test_the_first_line_comes_before_any_slow_import(tmp_path):
    code = (
        "import sys\n"
        "class Stop(Exception): pass\n"
        "class Stream:\n"
        "    def write(self, text): raise Stop(text)\n"
        "    def flush(self): pass\n"
        "from wastelib.report.build import build_report\n"
        "true, sys.stderr = sys.stderr, Stream()\n"
        "try:\n    build_report('smoke')\n"
        "except Stop as stop:\n"
        f"    print(stop, [m for m in {HEAVY!r} if m in sys.modules])\n"
        "finally:\n    sys.stderr = true"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "Smoke test: looking at photographs, weights and the last build []\n"
