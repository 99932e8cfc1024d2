"""A whole call of `wastelib grade`, on the first four notebooks of the smoke profile.

The reference is made first; its own results are the record that the submissions are made from.
"""

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.benchmarks.submissions import CNN, FORGED, RATES, Made, _perfect, _zip
from wastelib.grading import reference, sandbox, session
from wastelib.grading.records import Grade

COURSE = 4  # notebooks


@pytest.fixture(scope="module")
def graded(tmp_path_factory) -> Path:
    """The folder that two calls have left: `own.json` of the first, and all of the second."""
    grades, handed_in = (tmp_path_factory.mktemp(name) for name in ("grades", "handed-in"))
    whole = session.settled

    def first_notebooks(*arguments):
        profile = whole(*arguments)
        few = dict(list(profile.notebooks.items())[:COURSE])
        plain = {"folds": 0, "ablation_seeds": 0, "residual": ""}  # the published network alone
        few[CNN] = few[CNN].model_copy(update=plain)
        return profile.model_copy(update={"notebooks": few})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "settled", first_notebooks)
        patch.setattr(reference, "MODEL_SEEDS", 2)
        patch.setattr(reference, "RATE_SEEDS", 2)
        folder, own = session.grade_all("smoke", grades=grades)
        record = _record(first_notebooks("smoke", folder / "reference", None, None), folder)
        _hand_in(handed_in, record)
        session.grade_all("smoke", handed_in, jobs=2, grades=grades)
    (folder / "own.json").write_text(own.grades[0].model_dump_json(), "utf-8")
    return folder


def _record(profile, folder: Path) -> str:
    from wastelib.report.collect import collect_results
    from wastelib.report.document import read

    build = folder / "reference"
    chapters = read(sorted((build / "notebooks").glob("*.ipynb")))
    return collect_results(profile, build, chapters, {}).model_dump_json()


def _hand_in(folder: Path, record: str) -> None:
    def made(name: str) -> Made:
        one = Made(folder / name, "smoke")
        for path in sorted((one.folder / "notebooks").iterdir())[COURSE:]:
            path.unlink()
        one.record_path.parent.mkdir(parents=True)
        one.record_path.write_text(record, "utf-8")
        return one

    _zip(made("a-honest"))
    cheat = made("b-cheat")
    cheat.begin(CNN, FORGED)
    cheat.begin(RATES, "open('/etc/of-a-submission', 'w')")
    cheat.record(lambda r: [_perfect(model) for model in r["models"]])
    other = made("c-other-trial")
    other.record(lambda r: r["environment"]["parameters"][CNN].update(epochs=3))
    (folder / "d-broken").mkdir()


@pytest.fixture(scope="module")
def grades(graded) -> dict[str, Grade]:
    content = json.loads((graded / "grade.json").read_text("utf-8"))
    return {grade["submission"]: Grade.model_validate(grade) for grade in content["grades"]}


def verdicts(grade: Grade, subject: str) -> set[str]:
    return {claim.verdict for claim in grade.claims if claim.subject == subject}


def test_without_a_record_the_project_itself_is_missing_every_claim(graded):
    own = Grade.model_validate_json((graded / "own.json").read_text("utf-8"))
    assert {claim.verdict for claim in own.claims} == {"missing"}
    assert len(own.claims) > 30
    assert all(execution.ended == "done" for execution in own.notebooks)


def test_an_honest_submission_is_reproduced_to_the_last_claim(grades):
    grade = grades["a-honest.zip"]
    other = [c for c in grade.claims if c.verdict != "reproduced"]
    assert other == []
    assert {problem.kind for problem in grade.problems} == {"missing"}  # the later notebooks
    assert grade.trained == []


def test_runs_that_a_submission_forges_are_not_looked_at(grades):
    grade = grades["b-cheat"]
    for name in ("Published CNN", "MobileNetV2-0.35, frozen"):
        scores = [c for c in grade.claims if c.subject == name and c.name == "test accuracy"]
        assert [(c.recorded, c.rerun == 1.0) for c in scores] == [(1.0, False)]
    assert grade.verdict == "not reproduced"


@pytest.mark.skipif(not sandbox.landlock.version(), reason="no Landlock on this system")
def test_writing_outside_is_prevented_and_named(grades):
    outside = [p for p in grades["b-cheat"].problems if p.kind == "outside"]
    assert [problem.notebook for problem in outside] == [RATES]
    assert not Path("/etc/of-a-submission").exists()
    assert verdicts(grades["b-cheat"], "Learning rates") == {"missing"}


def test_a_trial_that_only_one_declares_is_trained_by_the_grader(grades):
    grade = grades["c-other-trial"]
    assert len(grade.trained) == 1
    (claim,) = [c for c in grade.claims if (c.subject, c.name) == ("Published CNN", "epochs")]
    assert claim.rerun == 3 or claim.verdict == "reproduced"
    assert any(problem.kind == "parameters" for problem in grade.problems)


def test_one_that_is_broken_stops_no_other(graded, grades):
    assert list(grades) == ["a-honest.zip", "b-cheat", "c-other-trial", "d-broken"]
    assert grades["d-broken"].verdict == "missing"
    suites = ElementTree.parse(graded / "junit.xml").getroot()
    assert [suite.get("name") for suite in suites] == list(grades)
    assert "a-honest.zip" in (graded / "grade.html").read_text("utf-8")
