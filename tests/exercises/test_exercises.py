"""Solutions pass their checks, wrong answers are told in words, students get no solution."""

import functools
import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from right_otherwise import RIGHT

from wastelib.errors import WasteError
from wastelib.exercises import winning
from wastelib.exercises.check import NotYetError, tried
from wastelib.exercises.edition import student_version, write_edition
from wastelib.settings import NOTEBOOKS

FOLDER = Path(__file__).parents[2] / "notebooks"
MODULES = {
    "01_data_preparation": "data_preparation",
    "02_custom_cnn": "custom_cnn",
    "03_learning_rate_comparison": "learning_rates",
    "04_pretrained_fine_tuning": "pretrained",
    "05_model_comparison": "comparison",
    "06_the_leak": "leak",
    "07_trust": "trust",
    "08_open_questions": "questions",
    "09_models_that_win": "winning",
    "10_out_of_the_notebook": "belt",
}


def exercises(notebook) -> list:
    """The cells of the section: its heading and all that follow."""
    starts = [i for i, cell in enumerate(notebook.cells) if cell.source.startswith("## Exercises")]
    return notebook.cells[starts[0] :] if starts else []


def role(cell, name: str) -> bool:
    return cell.metadata.get("nbgrader", {}).get(name, False)


def read(stem: str) -> nbformat.NotebookNode:
    return nbformat.read(FOLDER / f"{stem}.ipynb", as_version=4)


def run(cells) -> dict:
    """The section by itself: no cell above it is needed."""
    names: dict = {}
    for cell in cells:
        if cell.cell_type == "code":
            exec(compile(cell.source, cell.id, "exec"), names)
    return names


def wrong_answers() -> list:
    found = []
    for module in MODULES.values():
        for exercise, answers in importlib.import_module(f"wrong_{module}").WRONG.items():
            for words, answer in answers.items():
                found.append(
                    pytest.param(module, exercise, words, answer, id=f"{exercise}: {words}")
                )
    return found


def right_answers() -> list:
    return [
        pytest.param(module, exercise, answer, id=f"{exercise}: {answer.__name__}")
        for module, exercises in RIGHT.items()
        for exercise, answers in exercises.items()
        for answer in answers
    ]


def checks(stem: str) -> list:
    module = importlib.import_module(f"wastelib.exercises.{MODULES[stem]}")
    return [getattr(module, name) for name in checked_names(exercises(read(stem)))]


def checked_names(section) -> list[str]:
    return [cell.source.split("(")[0][6:] for cell in section if role(cell, "grade")]


@pytest.fixture(params=MODULES)
def stem(request) -> str:
    return request.param


@pytest.fixture
def section(stem) -> list:
    return exercises(read(stem))


@pytest.fixture(scope="module")
def edition(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("edition") / "student"
    assert write_edition(folder)
    return folder / "notebooks"


def test_every_notebook_has_exercises():
    assert set(MODULES) == set(NOTEBOOKS)


def test_every_solution_passes_its_own_check(section, capsys):
    run(section)
    said = capsys.readouterr().out.splitlines()
    assert len(said) == sum(role(cell, "grade") for cell in section)
    assert all(line.startswith("Right. ") for line in said)


def test_there_are_four_to_six_exercises_each_with_all_that_a_student_needs(section):
    tasks = [cell.source for cell in section if cell.source.startswith("### ")]
    assert 4 <= len(tasks) <= 6
    for task in tasks:
        title, purpose = task.split("\n\n")[:2]
        assert not re.search(r"\d", title), "named by its subject, not by a number"
        assert re.fullmatch(r"\*\*Purpose:\*\* .+\.\s\*\*Time:\*\*\s\d+\sminutes\.", purpose, re.S)
        assert re.search(r"<details><summary>Hint</summary>\n\n.+\n\n</details>$", task, re.S)


def test_each_exercise_is_a_task_an_answer_and_its_check(section):
    """The check has the function's name, so has the check in the library."""
    module = run(section)["check"]
    _, imports, *rest = section
    assert role(imports, "locked")
    for task, answer, check in zip(*[iter(rest)] * 3, strict=True):
        assert task.source.startswith("### ")
        (name,) = re.findall(r"^def (\w+)\(", answer.source, re.MULTILINE)
        assert f"`{name}(" in task.source
        assert check.source == f"check.{name}({name})"
        assert callable(getattr(module, name))
        assert (role(answer, "solution"), role(answer, "locked")) == (True, False)
        assert (role(check, "grade"), role(check, "locked")) == (True, True)
        assert check.metadata.nbgrader.grade_id == f"check-{answer.metadata.nbgrader.grade_id}"


def test_nbgrader_could_take_the_notebooks_as_they_are(section):
    """Its schema 3: all fields, ids of its alphabet, no id twice."""
    marked = [cell.metadata.nbgrader for cell in section if "nbgrader" in cell.metadata]
    ids = [one.grade_id for one in marked]
    assert len(set(ids)) == len(ids)
    for one in marked:
        fields = {"grade", "grade_id", "locked", "schema_version", "solution", "task"}
        assert set(one) == fields | ({"points"} if one.grade else set())
        assert re.fullmatch(r"[\w-]+", one.grade_id)
        assert one.schema_version == 3


def test_the_report_leaves_the_section_out(section):
    assert all(cell.metadata.tags == ["remove-cell"] for cell in section)


@pytest.mark.parametrize(("module", "exercise", "words", "answer"), wrong_answers())
def test_a_wrong_answer_is_told_in_words(module, exercise, words, answer):
    check = getattr(importlib.import_module(f"wastelib.exercises.{module}"), exercise)
    with pytest.raises(NotYetError) as caught:
        check(answer)
    assert words in str(caught.value)
    assert caught.value.remedy
    assert caught.value.where


@pytest.mark.parametrize(("module", "exercise", "answer"), right_answers())
def test_an_answer_that_is_right_by_other_means_passes(module, exercise, answer, capsys):
    getattr(importlib.import_module(f"wastelib.exercises.{module}"), exercise)(answer)
    assert capsys.readouterr().out.startswith("Right. ")


@pytest.mark.parametrize(
    "junk",
    [
        None,
        True,
        "a name",
        [[1, 2], [3]],
        ("a", "b"),
        ([1, 2], [[3], 4]),
        {"a": 1},
        np.empty((0, 3)),
        pd.Series([0.5]),
        pd.DataFrame({"a": [1.0], "b": ["c"]}),
    ],
    ids=repr,
)
def test_whatever_is_returned_is_told_in_words(stem, junk):
    for check in checks(stem):
        with pytest.raises(NotYetError):
            check(lambda *given: junk)


@pytest.mark.parametrize("answer", [None, 0.5])
def test_a_name_that_is_no_function_any_more_is_told_in_words(stem, answer):
    for check in checks(stem):
        with pytest.raises(NotYetError, match="and no function") as caught:
            check(answer)
        assert caught.value.where
        assert caught.value.remedy


def test_an_answer_may_have_no_name():
    with pytest.raises(NotYetError, match=r"^your function ends with ValueError"):
        tried(functools.partial(int, "no number"), where="a case")


def test_what_a_check_tells_from_within_an_answer_is_told_once():
    with pytest.raises(NotYetError, match=r"^the model was given an array of shape") as caught:
        winning.mirrored_too(lambda predict, image: predict(image))
    assert str(caught.value).count("remedy:") == 1


def test_every_check_is_tried_on_three_wrong_answers_or_more(stem):
    wrong = importlib.import_module(f"wrong_{MODULES[stem]}").WRONG
    assert list(wrong) == checked_names(exercises(read(stem)))
    assert all(len(answers) >= 3 for answers in wrong.values())


def test_an_empty_answer_is_told_to_be_unwritten(edition, stem):
    cells = exercises(nbformat.read(edition / f"{stem}.ipynb", as_version=4))
    names = run(cell for cell in cells if not role(cell, "grade"))
    for check in (cell for cell in cells if role(cell, "grade")):
        with pytest.raises(NotYetError, match="is not written yet"):
            exec(check.source, names)


def test_a_finding_is_shown_without_a_traceback():
    error = NotYetError("what", where="case", remedy="do this")
    assert error._render_traceback_() == ["what", "  where:  case", "  remedy: do this"]


def test_the_student_edition_has_tasks_and_no_solutions(edition, stem):
    before, after = read(stem), nbformat.read(edition / f"{stem}.ipynb", as_version=4)
    assert [cell.id for cell in after.cells] == [cell.id for cell in before.cells]
    text = (edition / f"{stem}.ipynb").read_text("utf-8")
    for old, new in zip(before.cells, after.cells, strict=True):
        if not role(old, "solution"):
            assert new.source == old.source
            continue
        given, solution, rest = re.split(r" *### (?:BEGIN|END) SOLUTION\n?", old.source)
        assert new.source == f"{given}    # YOUR CODE HERE\n    raise NotImplementedError()"
        assert not rest
        for line in solution.splitlines():
            assert json.dumps(line.strip())[1:-1] not in text, line


def test_the_student_edition_is_valid_and_in_form(edition):
    for path in edition.glob("*.ipynb"):
        nbformat.validate(nbformat.read(path, as_version=4))
    config = f"--config={FOLDER.parent / 'pyproject.toml'}"
    # What notebooks may, and imports that an answer will want and nobody uses before.
    for words in (["check", "--ignore=E402,B018,S101,F401"], ["format", "--check"]):
        command = [sys.executable, "-m", "ruff", *words, "--no-cache", config, str(edition)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_in_the_student_edition_a_failed_check_does_not_stop_the_next(edition, stem):
    notebook = nbformat.read(edition / f"{stem}.ipynb", as_version=4)
    for cell in notebook.cells:
        assert ("raises-exception" in cell.metadata.get("tags", [])) == role(cell, "grade")


def test_in_the_student_edition_only_answers_can_be_changed_and_none_deleted(edition, stem):
    for cell in exercises(nbformat.read(edition / f"{stem}.ipynb", as_version=4)):
        if "nbgrader" in cell.metadata:
            assert cell.metadata.deletable is False
            assert cell.metadata.get("editable", True) == role(cell, "solution")


def test_outputs_of_the_author_do_not_reach_the_students():
    notebook = read("06_the_leak")
    answer = next(cell for cell in notebook.cells if role(cell, "grade"))
    answer.outputs = [nbformat.v4.new_output("stream", text="Right.")]
    assert "Right." not in nbformat.writes(student_version(notebook))


def test_a_solution_without_markers_is_refused():
    notebook = read("06_the_leak")
    answer = next(cell for cell in notebook.cells if role(cell, "solution"))
    answer.source = answer.source.replace("### END SOLUTION", "")
    with pytest.raises(WasteError, match="between its markers"):
        student_version(notebook)


def test_work_is_never_overwritten(edition):
    folder = edition.parent
    assert not write_edition(folder)  # nothing has changed: nothing is done
    path = edition / "06_the_leak.ipynb"
    before = path.read_text("utf-8")
    try:
        path.write_text(before.replace("YOUR CODE HERE", "MY ANSWER"), "utf-8")
        with pytest.raises(WasteError, match=r"06_the_leak\.ipynb") as caught:
            write_edition(folder)
        assert "--into" in caught.value.remedy
        assert "MY ANSWER" in path.read_text("utf-8")
    finally:
        path.write_text(before, "utf-8")


def test_what_a_student_makes_stays_in_her_folder(edition):
    """Parameters are kept, and lead from her notebooks to a build of her own."""
    for stem in NOTEBOOKS:
        build = (edition / NOTEBOOKS[stem]().build_folder).resolve()
        assert build.is_relative_to(edition.parent.resolve())
