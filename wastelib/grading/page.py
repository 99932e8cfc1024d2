"""`grade.html`: one page for all submissions, without scripts, with everything escaped."""

import math
import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from wastelib.grading.bands import MODEL_SEEDS, RATE_SEEDS
from wastelib.grading.records import VERDICTS, Claim, Grade, Grading, Value
from wastelib.report import numbers

TEMPLATES = Path(__file__).parents[2] / "report" / "templates" / "grade"
WORST_FIRST = ("not reproduced", "missing", "within noise", "reproduced")
NOTHING = "\N{EN DASH}"


def grade_page(grading: Grading) -> str:
    """The page as text."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, finalize=_without_controls
    )
    environment.filters |= {"shown": shown_of, "duration": numbers.duration, "word": _word}
    return environment.get_template("grade.html.j2").render(
        grading=grading,
        verdicts=WORST_FIRST,
        counts={grade.submission: counts(grade) for grade in grading.grades},
        finished=numbers.moment(grading.finished),
        commit=numbers.commit(grading.environment["git_commit"]),
        strip=strip,
        subjects=subjects,
        seeds=(MODEL_SEEDS, RATE_SEEDS),
        css=(TEMPLATES / "grade.css").read_text("utf-8"),
    )


def counts(grade: Grade) -> dict[str, int]:
    """How many claims have each verdict."""
    return {verdict: sum(c.verdict == verdict for c in grade.claims) for verdict in VERDICTS}


def subjects(grade: Grade) -> dict[str, list[Claim]]:
    """The claims under their headings, in their order."""
    found: dict[str, list[Claim]] = {}
    for claim in grade.claims:
        found.setdefault(claim.subject, []).append(claim)
    return found


def shown(value: Value, form: str) -> str:
    """A value as it is printed."""
    if value is None:
        return NOTHING
    if isinstance(value, str):
        return value
    if form == "share":
        return f"{value:.1%}"
    return f"{value:,}" if form == "count" else f"{value:.3f}"


def shown_of(claim: Claim, which: str) -> str:
    """The recorded or re-run value of a claim, or its band."""
    if which != "band":
        return shown(getattr(claim, which), claim.form)
    if claim.band is None:
        return "exactly" if claim.form == "count" else NOTHING
    low, high = (shown(end, claim.form) for end in claim.band)
    return f"{low} to {high}"


def strip(claim: Claim) -> dict[str, float] | None:
    """Where band, recorded and re-run value lie on a line from 0 to 100, if there is a band."""
    if claim.band is None or claim.recorded is None or claim.rerun is None:
        return None
    low, high = claim.band
    least, most = min(low, claim.recorded), max(high, claim.recorded)
    room = (most - least) * 0.08 or 1.0
    least, most = least - room, most + room

    def place(value: float) -> float:
        return round(100 * (value - least) / (most - least), 2)

    ends = {"low": place(low), "high": place(high)}
    values = {"recorded": place(claim.recorded), "rerun": place(claim.rerun)}
    return ends | values if all(map(math.isfinite, values.values())) else None


def _without_controls(value: object) -> object:
    """Any value that the page shows, without the characters that no page can."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", " ", value)
    return value


def _word(verdict: str) -> str:
    return verdict.replace(" ", "-")
