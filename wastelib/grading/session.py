"""`wastelib grade`: the reference, then all submissions side by side, then the three files."""

import shutil
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime
from pathlib import Path

from wastelib.files import whole_file
from wastelib.grading import landlock, sandbox
from wastelib.grading.claims import judge
from wastelib.grading.declared import ROLES
from wastelib.grading.grade import Course, finished, gather, grade, recorded_parameters
from wastelib.grading.guard import changed, listing
from wastelib.grading.junit import junit_xml
from wastelib.grading.page import grade_page
from wastelib.grading.prepare import GIGABYTE, Prepared, limits_for, prepare, settled
from wastelib.grading.records import Grade, Grading, Problem
from wastelib.grading.submission import Submission, find_submissions, read_submission
from wastelib.report.document import slug
from wastelib.training import machine
from wastelib.training.environment import environment
from wastelib.training.run import declared

ROOT = Path(__file__).parents[2]
GRADES = ROOT / "report" / "build" / "grade"
OWN = "this project"
FILES = ("grade.html", "grade.json", "junit.xml")


def grade_all(
    profile_name: str,
    submissions: Path | None = None,
    *,
    data: str | None = None,
    weights: str | None = None,
    jobs: int = 0,
    grades: Path = GRADES,
) -> tuple[Path, Grading]:
    """Grade `submissions`, or without them this project's own record; return the folder and all.

    `submissions` is one submission or a folder of several. The folder, `grades/<profile>`, then
    holds grade.html, grade.json, junit.xml and, below `submissions`, the executed notebooks. At
    most `jobs` are graded side by side; 0: as many as cores and memory carry.

    What is wrong with a submission is in its grade; what this system does not keep a submission
    from is said on stderr before any is run. Raises `WasteError` for what the grader can
    mend: a profile, photographs, or notebooks of the project's own that do not run.
    """
    began = time.monotonic()
    folder = grades.resolve() / profile_name
    found = find_submissions(submissions) if submissions is not None else {}
    profile = settled(profile_name, folder / "reference", data, weights)
    for name in FILES:
        (folder / name).unlink(missing_ok=True)
    for what, how in sandbox.enforced().items():
        if "NOT" in how:
            print(f"{what}: {how}", file=sys.stderr)
    stopped = threading.Event()
    prepared = prepare(profile, folder / "reference", again=submissions is None, stopped=stopped)
    spreads = prepared.reference.spreads
    kept = folder / "submissions"
    shutil.rmtree(kept, ignore_errors=True)
    limits = {name: limits_for(one) for name, one in prepared.executions.items()}
    course = Course(
        profile, prepared.notebooks, prepared.reference, limits, prepared.readable, kept, stopped
    )
    if submissions is None:
        jobs, graded = 1, [_own(course, prepared)]
    else:
        jobs = jobs or _jobs(max(one.memory_bytes for one in limits.values()))
        graded = _guarded(found, course, jobs)
    grading = Grading(
        profile=profile_name,
        dataset=prepared.reference.dataset.name,
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=round(time.monotonic() - began, 1),
        jobs=jobs,
        enforced=sandbox.enforced(),
        limits=_in_words(limits),
        spreads=spreads,
        environment=environment(),
        grades=graded,
    )
    _write(folder, grading)
    return folder, grading


def _own(course: Course, prepared: Prepared) -> Grade:
    """This project's record, against the re-run that has become the reference."""
    submission = read_submission(OWN, ROOT, course.profile.name)
    _, problems = recorded_parameters(submission, course.profile)
    build = prepared.reference.build
    roles = {role: {n: run.hash for n, run in declared(build, role).items()} for role in ROLES}
    found = gather(prepared.ran, roles, prepared.reference)
    seconds = sum(one.execution.seconds for one in prepared.ran.values())
    return finished(
        submission,
        course,
        prepared.ran,
        judge(submission.recorded, found, prepared.reference, course.notebooks),
        tuple(problems),
        trained=[],
        seconds=seconds,
    )


def _guarded(found: dict[str, Path], course: Course, jobs: int) -> list[Grade]:
    """All grades; what was changed outside their folders is told where it cannot be prevented."""
    if landlock.version():
        return _side_by_side(found, course, jobs)
    watched = [ROOT / name for name in ("wastelib", "notebooks", "report/recorded")]
    before = listing(watched)
    graded = _side_by_side(found, course, jobs)
    if not (touched := changed(before, listing(watched))):
        return graded
    what = f"while these submissions ran, somebody changed {len(touched)} files: {touched[:5]}"
    problem = Problem(kind="outside", what=what)
    return [one.model_copy(update={"problems": [*one.problems, problem]}) for one in graded]


def _side_by_side(found: dict[str, Path], course: Course, jobs: int) -> list[Grade]:
    """A grade for each, in the order of their names. None stops another."""
    slugs = {name: f"{number:03d}-{slug(name)[:60]}" for number, name in enumerate(found, start=1)}
    grades: dict[str, Grade] = {}
    pool = ThreadPoolExecutor(jobs)
    try:
        waiting = {
            pool.submit(_graded, name, path, course, slugs[name]): name
            for name, path in found.items()
        }
        for future in as_completed(waiting):
            name = waiting[future]
            grades[name] = future.result()
            line = f"{len(grades)} of {len(found)}: {grades[name].verdict} ({slugs[name]})"
            print(line, file=sys.stderr, flush=True)
    finally:  # on Ctrl-C what runs is ended, and what waits is not begun
        course.stopped.set()
        pool.shutdown(cancel_futures=True)
    return [grades[name] for name in found]


def _graded(name: str, path: Path, course: Course, slug: str) -> Grade:
    """A grade whatever happens: a mistake of the grader's own is one submission's, and named."""
    submission = Submission(name)
    try:
        submission = read_submission(name, path, course.profile.name)
        return grade(submission, course, slug)
    except Exception as error:
        what = f"the grader failed: {type(error).__name__}: {error}"[:600]
        return finished(
            submission,
            course,
            {},
            [],
            (Problem(kind="failed", what=what),),
            trained=[],
            seconds=0.0,
        )


def _jobs(memory_bytes: int) -> int:
    """As many as there are cores, and memory for, if each took all that it is allowed."""
    return max(1, min(machine.cores(), machine.available_memory() // memory_bytes))


def _in_words(limits) -> dict[str, str]:
    def words() -> Iterator[tuple[str, str]]:
        for name, one in limits.items():
            minutes = f"{one.seconds / 60:.0f} minutes"
            amounts = [one.memory_bytes, one.disk_bytes, one.output_bytes]
            memory, disk, output = (f"{amount / GIGABYTE:.2g} GB" for amount in amounts)
            yield (
                name,
                f"{minutes}, {memory} of memory, {disk} of disk, {output} of output, "
                f"{one.processes} processes",
            )

    return dict(words())


def _write(folder: Path, grading: Grading) -> None:
    contents = (grade_page(grading), grading.model_dump_json(indent=2) + "\n", junit_xml(grading))
    for name, content in zip(FILES, contents, strict=True):
        with whole_file(folder / name) as temporary:
            temporary.write_text(content, "utf-8", errors="backslashreplace")
