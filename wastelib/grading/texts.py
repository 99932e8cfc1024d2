"""Claims that are words: the tables of a record, and the answers its notebooks end with.

They are computed by the submission's own code when it is run again, and marked so. Estimates in
them, such as '49.8% (41.2-58.6)', are judged by the interval that the re-run prints, widened by
the band of the seeds; other figures of trainings have no band, and only equality is stated.
"""

import re
from collections.abc import Collection, Iterator

from wastelib.grading.found import Found
from wastelib.grading.records import Claim, Verdict
from wastelib.report.results import Results, TableResult
from wastelib.settings import READS

MOST_TABLES = 200
LONGEST = 400  # characters of a value that is shown
# A run of digits is read once, and from its start alone: else the time is cubic in its length.
NUMBER = r"[+-]?(?<![\d,])\d[\d,]*+(?:\.\d*+)?"
ESTIMATE = re.compile(
    rf"({NUMBER})(?:%| points)? \((?:95 % interval )?"
    rf"({NUMBER})(?:\N{{EN DASH}}| to )({NUMBER})[,)]"
)
# Durations, and with them what a table says of costs, are the machine's and no claim.
OF_THE_MACHINE = {
    ("05_model_comparison", "costs"),
    ("03_learning_rate_comparison", "search-trials"),
}


def table_claims(recorded: Results | None, found: Found, points: float) -> Iterator[Claim]:
    """One claim for each table with estimates, or without any training behind it.

    `points` is half the width of the seeds' band, in percentage points.
    """
    theirs = {(t.notebook, t.name): t for t in recorded.tables[:MOST_TABLES]} if recorded else {}
    for key in theirs | found.tables:
        before, after = theirs.get(key), found.tables.get(key)
        fixed = READS.get(key[0]) == ()
        judged = fixed or any(table and _has_estimates(table) for table in (before, after))
        if key in OF_THE_MACHINE or not judged:
            continue
        if before is None or after is None:
            reason = "not recorded" if before is None else "the re-run has none"
            yield _claim(
                key[1], key[0], before and "recorded", after and "there", "missing", reason
            )
            continue
        cells = list(_pairs(before, after))
        differing = [pair for pair in cells if pair[0] != pair[1]]
        verdicts = [_judged(*pair, points, fixed) for pair in differing]
        bad = [p for p, v in zip(differing, verdicts, strict=True) if v == "not reproduced"]
        shown = (bad or differing or [(f"{len(cells)} cells", "the same")])[0]
        reason = f"{len(differing)} of {len(cells)} cells differ" if differing else ""
        yield _claim(key[1], key[0], *shown, _worst(verdicts), reason)


def answer_claims(
    recorded: Results | None, found: Found, points: float, notebooks: Collection[str]
) -> Iterator[Claim]:
    """One claim for each notebook: the words that it ends with."""
    theirs = recorded.answers if recorded else {}
    for name in notebooks:
        before, after = theirs.get(name), found.answers.get(name)
        if before is None or after is None:
            reason = "not recorded" if before is None else "the re-run has none"
            verdict: Verdict = "missing"
        else:
            same = before == after
            fixed = READS[name] == () or not ESTIMATE.search(before + after)
            verdict = "reproduced" if same else _judged(before, after, points, fixed)
            reason = "" if same else _uncovered(before, after, verdict)
        yield _claim("answer", name, before, after, verdict, reason)


def _judged(before: str, after: str, points: float, fixed: bool) -> Verdict:
    """Two texts that differ: are their estimates as near as items and seeds allow?

    Where the words are the same, each is held against the one in its place. Other seeds may turn
    a conclusion, which then names another model, and as many as it needs: each is held against
    all. But a text that should have estimates has some, or an invented one could do without.
    """
    old, new = ESTIMATE.findall(before), ESTIMATE.findall(after)
    if fixed or bool(old) != bool(new):
        return "not reproduced"
    if ESTIMATE.sub("", before) == ESTIMATE.sub("", after):
        held = [(value, [there]) for (value, *_), there in zip(old, new, strict=True)]
    else:
        held = [(value, new) for value, *_ in old]
    near = all(any(_is_in(value, one, points) for one in of) for value, of in held)
    return "within noise" if near else "not reproduced"


def _is_in(value: str, estimate: tuple[str, str, str], points: float) -> bool:
    """Whether a figure lies in an estimate's interval, widened on both sides."""
    _, low, high = estimate
    return _number(low) - points <= _number(value) <= _number(high) + points


def _uncovered(before: str, after: str, verdict: Verdict) -> str:
    if bool(ESTIMATE.search(before)) != bool(ESTIMATE.search(after)):
        return "only one of the two has figures with an interval"
    if verdict == "not reproduced":
        return "a figure lies outside the interval of the re-run, widened by what seeds do"
    if ESTIMATE.sub("", before) == ESTIMATE.sub("", after):
        return "only figures with an interval differ"
    return "words or figures differ that no interval covers"


def _number(text: str) -> float:
    return float(text.replace(",", ""))


def _has_estimates(table: TableResult) -> bool:
    return any(ESTIMATE.search(cell) for row in table.rows for cell in row)


def _pairs(before: TableResult, after: TableResult) -> Iterator[tuple[str, str]]:
    """Cells that stand in the same place; what only one of them has is beside nothing."""
    for number in range(max(len(before.rows), len(after.rows))):
        rows = [t.rows[number] if number < len(t.rows) else [] for t in (before, after)]
        for place in range(max(map(len, rows))):
            yield tuple(row[place] if place < len(row) else "" for row in rows)


def _worst(verdicts: list[Verdict]) -> Verdict:
    if "not reproduced" in verdicts:
        return "not reproduced"
    return "within noise" if verdicts else "reproduced"


def _claim(
    name: str, notebook: str, before: str | None, after: str | None, verdict: Verdict, reason: str
) -> Claim:
    return Claim(
        name=name if name == "answer" else f"table {name}"[:80],
        subject=f"{notebook}, by its own code",
        form="text",
        recorded=before and before[:LONGEST],
        rerun=after and after[:LONGEST],
        by="notebook",
        verdict=verdict,
        reason=reason,
    )
