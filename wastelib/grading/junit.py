"""The verdicts as JUnit XML, which continuous integration reads: a test case for each claim."""

import re
from xml.etree import ElementTree

from wastelib.grading.page import shown
from wastelib.grading.records import Claim, Exercise, Grade, Grading

FAILURES = ("not reproduced", "missing")
NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(grading: Grading) -> str:
    """One suite for each submission; what is not reproduced or missing fails."""
    suites = ElementTree.Element("testsuites", name=f"wastelib grade {grading.profile}")
    for grade in grading.grades:
        _suite(suites, grade)
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _suite(suites: ElementTree.Element, grade: Grade) -> None:
    failures = sum(claim.verdict in FAILURES for claim in grade.claims)
    failures += sum(exercise.outcome == "failed" for exercise in grade.exercises)
    failures += not grade.claims
    skipped = sum(exercise.outcome == "not run" for exercise in grade.exercises)
    suite = ElementTree.SubElement(
        suites,
        "testsuite",
        name=_text(grade.submission),
        tests=str(max(1, len(grade.claims) + len(grade.exercises))),
        failures=str(failures),
        skipped=str(skipped),
        errors="0",
        time=f"{grade.seconds:.1f}",
    )
    for claim in grade.claims:
        _claim(suite, claim)
    for exercise in grade.exercises:
        _exercise(suite, exercise)
    if not grade.claims:
        case = ElementTree.SubElement(suite, "testcase", classname="submission", name="claims")
        ElementTree.SubElement(
            case, "failure", message="there is no claim to judge", type="missing"
        )
    if grade.problems:
        lines = (f"{p.notebook or 'submission'}: {p.kind}: {p.what}" for p in grade.problems)
        ElementTree.SubElement(suite, "system-out").text = _text("\n".join(lines))


def _claim(suite: ElementTree.Element, claim: Claim) -> None:
    case = ElementTree.SubElement(
        suite, "testcase", classname=_text(claim.subject), name=_text(claim.name)
    )
    message = (
        f"recorded {shown(claim.recorded, claim.form)}, re-run {shown(claim.rerun, claim.form)}"
    )
    message += f": {claim.reason}" if claim.reason else ""
    if claim.verdict in FAILURES:
        ElementTree.SubElement(case, "failure", message=_text(message), type=claim.verdict)
    elif claim.verdict == "within noise":
        ElementTree.SubElement(case, "system-out").text = _text(f"within noise: {message}")


def _exercise(suite: ElementTree.Element, exercise: Exercise) -> None:
    classname = f"{exercise.notebook} exercises"
    case = ElementTree.SubElement(suite, "testcase", classname=classname, name=_text(exercise.name))
    if exercise.outcome == "failed":
        ElementTree.SubElement(case, "failure", message=_text(exercise.says), type="exercise")
    elif exercise.outcome == "not run":
        ElementTree.SubElement(case, "skipped")


def _text(text: str) -> str:
    """Without what XML 1.0 cannot hold."""
    return NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
