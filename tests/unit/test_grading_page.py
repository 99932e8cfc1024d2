"""What is said of submissions: every word of theirs escaped, every verdict where machines look."""

import re
from xml.etree import ElementTree

import pytest

from wastelib.grading.junit import junit_xml
from wastelib.grading.page import grade_page, strip
from wastelib.grading.records import (
    VERDICTS,
    Claim,
    Execution,
    Exercise,
    Grade,
    Grading,
    Problem,
    Spread,
)

HOSTILE = "</style><script>alert(1)</script>\x00\x1b\"'&{{ 7 * 7 }}"


def claim(verdict: str = "reproduced", **changes) -> Claim:
    facts = {
        "name": HOSTILE,
        "subject": HOSTILE,
        "form": "share",
        "recorded": 0.5,
        "rerun": 0.52,
        "band": (0.4, 0.6),
        "by": "grader",
        "reason": HOSTILE,
    }
    return Claim(**facts | changes, verdict=verdict)


def a_grade(**changes) -> Grade:
    facts = {
        "submission": HOSTILE,
        "verdict": "not reproduced",
        "claims": [claim(verdict) for verdict in VERDICTS]
        + [claim("missing", form="text", recorded=HOSTILE, rerun=None, band=None)],
        "problems": [Problem(kind="failed", notebook="02_custom_cnn", what=HOSTILE)],
        "exercises": [
            Exercise(notebook="n", name=HOSTILE, outcome=outcome, says=HOSTILE)
            for outcome in ("passed", "failed", "not run")
        ],
        "notebooks": [
            Execution(notebook="n", ended="done", seconds=1, peak_bytes=1, changed_cells=0)
        ],
        "trained": [],
        "seconds": 61.0,
    }
    return Grade(**facts | changes)


@pytest.fixture
def grading() -> Grading:
    return Grading(
        profile="demo",
        dataset=HOSTILE,
        finished="2026-11-23T08:00:00+00:00",
        seconds=90.0,
        jobs=2,
        enforced={"files": "all"},
        limits={"02_custom_cnn": "10 minutes"},
        spreads=[Spread(name=HOSTILE, figure="test_accuracy", values=[0.1, 0.2])],
        environment={"git_commit": "0" * 40},
        grades=[a_grade(), a_grade(submission="nothing", claims=[], verdict="missing")],
    )


def test_nothing_of_a_submission_is_markup(grading):
    page = grade_page(grading)
    assert "<script" not in page
    assert page.count("</style>") == 1
    assert not re.search(r"[\x00-\x08\x0b-\x1f]", page)
    assert "{{ 7 * 7 }}" in page
    assert "http" not in re.sub(r'http-equiv="', "", page)


def test_the_xml_is_well_formed_and_counts_what_is_wrong(grading):
    suites = ElementTree.fromstring(junit_xml(grading))
    first, second = suites.findall("testsuite")
    assert (first.get("tests"), first.get("failures"), first.get("skipped")) == ("8", "4", "1")
    assert len(first.findall("testcase")) == 8
    assert len(first.findall("testcase/failure")) == 4
    assert second.get("failures") == "2"  # an exercise, and that there is no claim


def test_the_strip_holds_all_it_shows():
    for recorded in (0.5, 0.1, 0.99):
        at = strip(claim(recorded=recorded))
        assert 0 < min(at.values()) <= max(at.values()) < 100
    assert strip(claim(band=None)) is None
    assert strip(claim(band=(0.5, 0.5), recorded=0.5, rerun=0.5))["low"] == 50
