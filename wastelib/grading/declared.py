"""What a submission's notebooks declared: names, and hashes of trials, all of it their word."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from wastelib.grading.execution import read_plainly
from wastelib.grading.records import Problem
from wastelib.grading.reference import Reference
from wastelib.settings import NOTEBOOKS
from wastelib.training.trial import Trial

ROLES = ("models", "learning_rates", "chosen")
MOST_RUNS = 40  # declared in one role
MOST_TRAINED = 24  # trials that are trained for one submission
RECORD_BYTES = 1_000_000


def declared_runs(
    build: Path, reference: Reference
) -> tuple[dict[str, dict[str, str]], dict[str, Trial], list[Problem]]:
    """Role -> name -> hash as declared, and the trials among them that the grader has not trained.

    What stands in these files was written by the submission: names, and hashes of trials whose
    descriptions must have these hashes.
    """
    roles: dict[str, dict[str, str]] = {role: {} for role in ROLES}
    new: dict[str, Trial] = {}
    for notebook in NOTEBOOKS:
        content = read_plainly(build / "declared" / f"{notebook}.json", RECORD_BYTES)
        for role, name, run in _entries(content):
            if len(roles[role]) < MOST_RUNS:
                roles[role][name] = run
    for run in dict.fromkeys(run for runs in roles.values() for run in runs.values()):
        _add_missing(run, build, reference, new)
    problems = []
    if len(new) > MOST_TRAINED:
        what = (
            f"it declares more new trials than the {MOST_TRAINED} that are trained for a submission"
        )
        problems.append(Problem(kind="stopped", what=what))
        new = dict(list(new.items())[:MOST_TRAINED])
    return roles, new, problems


def _entries(content: bytes | None) -> Iterator[tuple[str, str, str]]:
    """(role, name, run) of one declaration, as far as it has the form of one."""
    try:
        roles = json.loads(content or b"{}")
    except (ValueError, RecursionError):
        return
    for role in ROLES if isinstance(roles, dict) else ():
        entries = roles.get(role)
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict):
                name, run = entry.get("name"), entry.get("run")
                if isinstance(name, str) and isinstance(run, str) and _is_hash(run):
                    yield role, name[:200], run


def _is_hash(run: str) -> bool:
    return re.fullmatch("[0-9a-f]{16}", run) is not None


def _add_missing(run: str, build: Path, reference: Reference, new: dict[str, Trial]) -> None:
    """Add a trial that has to be trained, after those that it builds upon."""
    if run in new or reference.has(run) or len(new) > MOST_TRAINED:
        return
    content = read_plainly(build / "runs" / run / "trial.json", RECORD_BYTES)
    try:
        trial = Trial.model_validate_json(content or b"")
    except ValidationError:
        return
    if trial.hash != run:
        return
    for needed in (getattr(trial.model, "start", None), getattr(trial, "teacher", None)):
        if needed is not None and _is_hash(needed):
            _add_missing(needed, build, reference, new)
    new[run] = trial
