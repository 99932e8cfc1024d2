"""A submission is read without believing it: no link is followed, nothing large or odd is taken."""

import json
import os
import shutil
import zipfile
from pathlib import Path

import nbformat
import pytest

from wastelib.errors import WasteError
from wastelib.grading import submission
from wastelib.grading.restore import changed_cells, restored
from wastelib.grading.submission import find_submissions, read_submission
from wastelib.settings import NOTEBOOKS

ROOT = Path(__file__).parents[2]
RECORD = "report/recorded/demo/results.json"
CNN = "notebooks/02_custom_cnn.ipynb"


@pytest.fixture
def handed_in(tmp_path) -> Path:
    folder = tmp_path / "handed in"
    shutil.copytree(ROOT / "notebooks", folder / "notebooks", ignore=lambda *_: {"__pycache__"})
    (folder / RECORD).parent.mkdir(parents=True)
    shutil.copy(ROOT / RECORD, folder / RECORD)
    return folder


def read(folder: Path):
    return read_submission("someone", folder, "demo")


def kinds(submission) -> list[str]:
    return [problem.kind for problem in submission.problems]


def test_a_folder_and_a_zip_of_it_are_the_same(handed_in, tmp_path):
    packed = Path(shutil.make_archive(tmp_path / "packed", "zip", tmp_path, handed_in.name))
    folder, zipped = read(handed_in), read(packed)
    assert set(folder.notebooks) == set(NOTEBOOKS)
    assert folder.problems == zipped.problems == ()
    assert folder.recorded == zipped.recorded
    assert folder.notebooks == zipped.notebooks


def test_a_zip_of_a_folder_in_a_build_is_read(handed_in, tmp_path):
    """`make student` writes to report/build/student, and from there it is packed."""
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in sorted(handed_in.rglob("*")):
            inside = f"report/build/student/{file.relative_to(handed_in)}"
            archive.write(file, inside)
            archive.write(file, f".hidden/{file.relative_to(handed_in)}")
    found = read(packed)
    assert (set(found.notebooks), found.problems) == (set(NOTEBOOKS), ())
    assert found.recorded == read(handed_in).recorded


def test_a_missing_notebook_is_named_and_the_rest_is_read(handed_in):
    (handed_in / CNN).unlink()
    (problem,) = read(handed_in).problems
    assert (problem.kind, problem.notebook) == ("missing", "02_custom_cnn")
    assert len(read(handed_in).notebooks) == len(NOTEBOOKS) - 1


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", '{"cells": 3}', "\x00\xff", "[" * 100_000, '{"nbformat": "4"}'],
    ids=lambda content: content[:10] or "nothing",
)
@pytest.mark.parametrize("name", [CNN, RECORD])
def test_broken_json_is_unreadable_and_no_more(handed_in, name, content):
    (handed_in / name).write_text(content, "latin-1")
    assert kinds(read(handed_in)) == ["unreadable"]


def test_a_record_of_another_form_is_refused_with_the_place(handed_in):
    record = json.loads((handed_in / RECORD).read_text("utf-8"))
    record["models"][0]["test_accuracy"] = "<b>best</b>"
    (handed_in / RECORD).write_text(json.dumps(record), "utf-8")
    (problem,) = read(handed_in).problems
    assert "models.0.test_accuracy" in problem.what
    assert "<b>" not in problem.what


def test_what_is_too_large_is_not_read(handed_in):
    with (handed_in / RECORD).open("wb") as file:
        file.truncate(6_000_000)
    assert "larger than 5 MB" in read(handed_in).problems[0].what


@pytest.mark.parametrize("name", ["notebooks", "report", CNN, RECORD])
def test_no_link_is_followed(handed_in, tmp_path, name):
    path, elsewhere = handed_in / name, tmp_path / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    problems = read(handed_in).problems
    assert f"links are not followed: {name}" in [problem.what for problem in problems]
    assert "missing" in kinds(read(handed_in))


def test_a_submission_that_is_a_link_is_refused(handed_in, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(handed_in)
    assert kinds(read(link)) == ["unreadable"]


@pytest.mark.parametrize("packed", [False, True])
def test_what_else_is_handed_in_hides_nothing(handed_in, tmp_path, monkeypatch, packed):
    monkeypatch.setattr(submission, "MOST_FILES", 40)
    for folder in ("data", "report/build", ".git"):
        (handed_in / folder).mkdir(parents=True, exist_ok=True)
        for number in range(60):
            (handed_in / folder / f"{number}.txt").write_text("x", "utf-8")
    if packed:
        handed_in = Path(shutil.make_archive(tmp_path / "all", "zip", handed_in))
    found = read(handed_in)
    assert found.recorded is not None
    assert set(found.notebooks) == set(NOTEBOOKS)


def test_a_zip_whose_size_cannot_be_limited_is_not_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_BZIP2) as bomb:
        bomb.writestr(CNN, bytes(10_000_000))
    found = read(tmp_path / "bomb.zip")
    assert not found.notebooks
    assert any("deflate" in problem.what for problem in found.problems)


def test_a_notebook_that_no_file_can_hold_is_unreadable(handed_in):
    path = handed_in / CNN
    content = json.loads(path.read_text("utf-8"))
    content["cells"][0]["source"] = "\ud83d"
    path.write_text(json.dumps(content), "utf-8")
    assert Path(CNN).stem not in read(handed_in).notebooks


def test_a_pipe_does_not_make_the_grader_wait(handed_in):
    (handed_in / CNN).unlink()
    os.mkfifo(handed_in / CNN)
    assert "missing" in kinds(read(handed_in))


def test_a_zip_that_climbs_out_or_lies_writes_nothing(handed_in, tmp_path):
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../../../escaped.txt", "x")
        archive.writestr("/etc/escaped.txt", "x")
        link = zipfile.ZipInfo(CNN)
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    before = sorted(tmp_path.rglob("*"))
    assert "missing" in kinds(read(packed))
    assert sorted(tmp_path.rglob("*")) == before


def test_what_is_no_zip_is_unreadable(tmp_path):
    path = tmp_path / "x.zip"
    path.write_bytes(b"PK\x03\x04 and no more")
    assert kinds(read(path)) == ["unreadable"]


def test_a_library_of_ones_own_is_named_as_not_used(handed_in):
    (handed_in / "wastelib").mkdir()
    (handed_in / "wastelib" / "__init__.py").write_text("")
    (handed_in / "notebooks" / "keras.py").write_text("")
    assert [p.what for p in read(handed_in).problems] == [
        "its own wastelib; the grader's is used",
        "only the course's notebooks are run, not what lies beside them: notebooks/keras.py",
    ]


def test_one_submission_or_a_folder_of_several(handed_in, tmp_path):
    assert list(find_submissions(handed_in)) == ["handed in"]
    assert list(find_submissions(tmp_path)) == ["handed in"]
    (tmp_path / "b.zip").write_bytes(b"")
    assert list(find_submissions(tmp_path)) == ["b.zip", "handed in"]
    empty = tmp_path / "handed in" / "empty"
    empty.mkdir()
    for nothing in (empty, tmp_path / "nowhere"):
        with pytest.raises(WasteError):
            find_submissions(nothing)


def cells(*sources: str) -> nbformat.NotebookNode:
    made = [nbformat.v4.new_code_cell(source, id=f"c{i}") for i, source in enumerate(sources)]
    return nbformat.v4.new_notebook(cells=made)


@pytest.fixture
def ours() -> nbformat.NotebookNode:
    notebook = cells("x = 0", "assert x == 1", "y = 2")
    notebook.cells[1].metadata["nbgrader"] = {"grade": True, "locked": True}
    return notebook


def sources(notebook) -> list[str]:
    return [cell.source for cell in notebook.cells]


def test_a_check_as_it_was_is_no_remark(ours):
    notebook, problems = restored("n", cells("x = 1", "assert x == 1", "y = 2"), ours)
    assert (sources(notebook), problems) == (["x = 1", "assert x == 1", "y = 2"], [])


@pytest.mark.parametrize("became", [["x = 1", "pass", "y = 2"], ["x = 1"]])
def test_a_changed_or_removed_check_is_put_back_in_its_place(ours, became):
    notebook, (problem,) = restored("n", cells(*became), ours)
    assert sources(notebook)[:2] == ["x = 1", "assert x == 1"]
    assert problem.kind == "check restored"


def test_a_check_that_became_prose_or_stands_twice_is_put_back(ours):
    prose = cells("x = 1", "assert x == 1", "y = 2")
    prose.cells[1] = nbformat.v4.new_markdown_cell("assert x == 1", id="c1")
    assert restored("n", prose, ours)[0].cells[1].cell_type == "code"
    twice = cells("x = 1", "assert x == 1", "y = 2")
    twice.cells.append(nbformat.v4.new_code_cell("pass", id="c1"))
    assert sources(restored("n", twice, ours)[0]) == ["x = 1", "assert x == 1", "y = 2"]


def test_checks_are_found_where_all_ids_are_new(ours):
    renamed = cells("x = 1", "assert x == 1", "y = 2")
    for cell in renamed.cells:
        cell["id"] = f"new-{cell.id}"
    notebook, problems = restored("n", renamed, ours)
    assert (sources(notebook), problems) == (["x = 1", "assert x == 1", "y = 2"], [])


def may_raise(notebook) -> list[bool]:
    return ["raises-exception" in cell.metadata["tags"] for cell in notebook.cells]


def test_among_the_exercises_every_cell_may_raise_and_before_them_none(ours):
    """A student who tries a case in a cell of its own, as a check advises, loses nothing by it."""
    submitted = cells("x = 1", "assert x == 1", "1 / 0")
    submitted.cells[0].metadata["tags"] = ["raises-exception"]
    submitted.cells.insert(2, nbformat.v4.new_code_cell("tried()", id="own"))
    assert may_raise(restored("n", submitted, ours)[0]) == [False, True, True, True]


def test_a_check_imports_itself_again_whatever_a_cell_has_made_of_its_name(ours):
    imports = "import numpy as np\n\nfrom wastelib.exercises import belt as check"
    ours.cells[0] = nbformat.v4.new_code_cell(imports, id="c0")
    ours.cells[0].metadata["nbgrader"] = {"grade": False, "locked": True}
    notebook, problems = restored("n", cells(imports, "assert x == 1", "check = str"), ours)
    assert sources(notebook)[1] == "from wastelib.exercises import belt as check\nassert x == 1"
    assert problems == []


def test_an_unsolved_exercise_is_no_end_and_its_imports_are_the_projects(ours):
    ours.cells[0].metadata["nbgrader"] = {"solution": True, "grade": False, "locked": False}
    ours.cells[2].metadata["nbgrader"] = {"solution": False, "grade": False, "locked": True}
    notebook, (problem,) = restored("n", cells("1 / 0", "assert x == 1", "y = 3"), ours)
    assert sources(notebook) == ["1 / 0", "assert x == 1", "y = 2"]
    assert may_raise(notebook) == [True, True, True]
    assert "locked cell" in problem.what


def test_changed_cells_are_counted_without_checks(ours):
    assert changed_cells(ours, ours) == 0
    assert changed_cells(cells("x = 1", "pass", "y = 2", "z = 3"), ours) == 2
    assert changed_cells(cells("x = 0"), ours) == 1
