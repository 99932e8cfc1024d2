"""One submission: run again, its runs looked up or trained, its claims judged."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nbformat import NotebookNode
from pydantic import ValidationError

from wastelib.grading.claims import judge
from wastelib.grading.declared import declared_runs
from wastelib.grading.execution import Place, Ran, private_folder, run_again
from wastelib.grading.found import Found, RunFacts
from wastelib.grading.records import VERDICTS, Claim, Execution, Exercise, Grade, Problem, Verdict
from wastelib.grading.reference import Reference
from wastelib.grading.restore import check_names
from wastelib.grading.submission import Submission
from wastelib.grading.watch import Limits
from wastelib.profiles import Profile
from wastelib.settings import Parameters
from wastelib.training.run import declared
from wastelib.training.trial import Trial

LENT = ("runs", "cache", "range_tests")  # folders of the reference
# What is the grader's to say: where the work is done, the weights, and the photographs, which are
# rendered before any sandbox, since that may only read the cache.
GRADERS = {
    *("build_folder", "scheduler", "weights"),
    *("data", "dataset_name", "other_data", "other_images"),
}


@dataclass(frozen=True)
class Course:
    """What all submissions of one call are held against."""

    profile: Profile
    notebooks: dict[str, NotebookNode]
    reference: Reference
    limits: Mapping[str, Limits]  # of each notebook
    readable: tuple[Path, ...]
    kept: Path  # a folder in which each submission gets one
    stopped: threading.Event = field(default_factory=threading.Event)


def grade(submission: Submission, course: Course, slug: str) -> Grade:
    """Run a submission again and judge its record; its executed notebooks go to `kept/slug`."""
    began = time.monotonic()
    parameters, problems = recorded_parameters(submission, course.profile)
    with private_folder() as work:
        build = work / "build"
        (work / "notebooks").mkdir()
        _lend_runs(course.reference.build, build)
        lent = (course.reference.build / kind for kind in LENT)
        place = Place(work, build, (*course.readable, *lent), course.kept / slug)
        ran = {
            name: run_again(
                name,
                notebook,
                course.notebooks[name],
                parameters[name].model_dump(),
                place,
                course.limits[name],
                course.stopped,
            )
            for name in course.notebooks
            if (notebook := submission.notebooks.get(name)) is not None
        }
        roles, new, more = declared_runs(build, course.reference)
    if new:
        more += _train(new, course.reference, sum(one.seconds for one in course.limits.values()))
    found = gather(ran, roles, course.reference)
    more += other_trials(found, course.reference)
    return finished(
        submission,
        course,
        ran,
        judge(submission.recorded, found, course.reference, course.notebooks),
        (*problems, *more),
        trained=list(new),
        seconds=time.monotonic() - began,
    )


def finished(
    submission: Submission,
    course: Course,
    ran: dict[str, Ran],
    claims: list[Claim],
    problems: tuple[Problem, ...],
    *,
    trained: list[str],
    seconds: float,
) -> Grade:
    """All that is known of a submission, in the notebooks' order."""
    absent = [name for name in course.notebooks if name not in ran]
    problems = (*submission.problems, *problems, *(p for one in ran.values() for p in one.problems))
    exercises = [e for one in ran.values() for e in one.exercises]
    exercises += [
        Exercise(notebook=name, name=exercise, outcome="not run")
        for name in absent
        for exercise in check_names(course.notebooks[name]).values()
    ]
    nothing = {"ended": "missing", "seconds": 0.0, "peak_bytes": 0, "changed_cells": 0}
    executions = [one.execution for one in ran.values()]
    executions += [Execution(notebook=name, **nothing) for name in absent]
    contradictions = sorted({c.reason for c in claims if "contradicts itself" in c.reason})
    return Grade(
        submission=submission.name,
        verdict=worst(claims),
        claims=claims,
        problems=[*problems, *(Problem(kind="contradiction", what=w) for w in contradictions)],
        exercises=sorted(exercises, key=lambda exercise: exercise.notebook),
        notebooks=sorted(executions, key=lambda execution: execution.notebook),
        trained=trained,
        seconds=round(seconds, 1),
    )


def worst(claims: list[Claim]) -> Verdict:
    """The worst verdict: what is not reproduced weighs more than what is missing."""
    found = {claim.verdict for claim in claims} or {"missing"}
    order = ("not reproduced", "missing", "within noise", "reproduced")
    assert set(order) == set(VERDICTS)  # noqa: S101
    return next(verdict for verdict in order if verdict in found)


def recorded_parameters(
    submission: Submission, profile: Profile
) -> tuple[dict[str, Parameters], list[Problem]]:
    """The parameters that the record was made with, as far as they are a submission's to choose.

    The photographs, their split and the weights are the grader's, the same for all.
    """
    recorded = submission.recorded.environment.parameters if submission.recorded else {}
    chosen, problems = dict(profile.notebooks), []
    for name, ours in profile.notebooks.items():
        fields = set(type(ours).model_fields) - GRADERS
        theirs = {k: v for k, v in recorded.get(name, {}).items() if k in fields}
        changed = {k: v for k, v in theirs.items() if v != getattr(ours, k)}
        if not changed:
            continue
        words = ", ".join(f"{k} {v!r} instead of {getattr(ours, k)!r}" for k, v in changed.items())
        if READ_BY_ALL in name:
            what = f"the record is of other photographs or splits: {words}; the grader's are used"
        else:
            try:
                chosen[name] = type(ours)(**ours.model_dump() | theirs)
                what = f"recorded, and run again, with {words}"
            except ValidationError as error:
                first = error.errors(include_url=False, include_input=False)[0]
                what = f"the recorded parameters are not possible ({first['msg']}): {words}"
        problems.append(Problem(kind="parameters", notebook=name, what=what[:600]))
    return chosen, problems


READ_BY_ALL = "01_data_preparation"


def _lend_runs(reference: Path, build: Path) -> None:
    """Links to all runs and caches of the reference, which a sandbox may only read."""
    for kind in LENT:
        (build / kind).mkdir(parents=True)
        for entry in (reference / kind).glob("*"):
            if not entry.name.startswith(".") and entry.suffix not in (".lock", ".unfinished"):
                (build / kind / entry.name).symlink_to(entry)


def other_trials(found: Found, reference: Reference) -> list[Problem]:
    """Models that have a name of the project's and are another trial than the project's."""
    problems = []
    for name, own in declared(reference.build, "models").items():
        if name in found.models and found.models[name].run != own.hash:
            theirs = reference.trial(found.models[name].run).model_dump(exclude={"model"})
            differing = {
                key: value
                for key, value in own.trial.model_dump(exclude={"model"}).items()
                if theirs[key] != value
            }
            words = [f"{k} {theirs[k]!r} instead of {v!r}" for k, v in differing.items()]
            what = f"{name} is another trial: {', '.join(words) or 'another network'}"
            problems.append(Problem(kind="parameters", what=what))
    return problems


def _train(new: dict[str, Trial], reference: Reference, seconds: float) -> list[Problem]:
    reference.train(new, seconds)
    missing = [run for run in new if not reference.has(run)]
    if not missing:
        return []
    what = (
        f"the grader could not train {len(missing)} of its {len(new)} new trials: they cannot be "
        "trained by the project's own code, or took more than their limits"
    )
    return [Problem(kind="failed", what=what)]


def gather(ran: dict[str, Ran], roles: dict[str, dict[str, str]], reference: Reference) -> Found:
    """What was found again: figures from the grader's own runs, words from the notebooks."""

    def facts(role: str) -> dict[str, RunFacts]:
        return {n: reference.facts(run) for n, run in roles[role].items() if reference.has(run)}

    models, rates, chosen = facts("models"), facts("learning_rates"), facts("chosen")
    trials = [reference.trial(one.run) for one in (*models.values(), *rates.values())]
    data = [reference.data(trial) for trial in trials]
    reruns = {name: one.rerun for name, one in ran.items() if one.rerun is not None}
    return Found(
        data=next((one for one in data if one is not None), None),
        models=models,
        rates=list(rates.values()),
        chosen=next(iter(chosen.values())) if len(chosen) == 1 else None,
        tables={(n, t.name): t for n, one in reruns.items() for t in one.tables},
        answers={n: one.answer for n, one in reruns.items() if one.answer is not None},
    )
