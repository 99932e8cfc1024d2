"""The command `wastelib`. Thin: each command imports what it needs when it is called."""

import errno
import os
import shlex
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import typer

from wastelib.errors import WasteError

DEMO_BUILD = Path("report/build/demo")
STUDENT_EDITION = Path("report/build/student")
# A full disk, a folder that is not ours, a file where a folder should be: no mistakes of ours.
MENDABLE = {
    getattr(errno, name)
    for name in ("ENOSPC", "EDQUOT", "EACCES", "EPERM", "EROFS", "EEXIST", "ENOTDIR")
    if hasattr(errno, name)
}

app = typer.Typer(
    help="From photographs of landfill waste to a report, with every number checkable.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # half the start-up time, and plain text in a pipe
    pretty_exceptions_enable=False,  # a plain traceback can be pasted into a bug report
)


def main() -> None:
    """Run the command. What a user can mend ends in a message and exit status 1.

    Ctrl-C exits with 130 and SIGTERM with 143, both after everything has been tidied up.
    """
    signal.signal(signal.SIGTERM, _terminate)
    try:
        app()
    except WasteError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        if error.errno not in MENDABLE:
            raise
        where = f": {error.filename}" if error.filename else ""
        print(f"error: {error.strerror}{where}", file=sys.stderr)
        sys.exit(1)
    except SystemExit as stop:
        if stop.code == 130:  # typer's translation of Ctrl-C
            print("stopped; finished trainings are kept", file=sys.stderr)
        raise


@app.command()
def report(
    profile: Annotated[
        str, typer.Option(help="A file of report/profiles, without its .yaml.")
    ] = "demo",
    data: Annotated[
        str | None, typer.Option(help="demo, realwaste, a zip, or a folder with one per class.")
    ] = None,
    other: Annotated[
        str | None, typer.Option(help="Photographs of another kind to test on too, as --data.")
    ] = None,
    weights: Annotated[
        str | None, typer.Option(help="demo, imagenet, or a folder of Keras weight files.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="A Dask scheduler to train on, as tcp://host:8786.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Train again what is trained.")] = False,
    jobs: Annotated[
        int, typer.Option(min=0, help="Notebooks that run side by side; 0: one per core.")
    ] = 2,
) -> None:
    """Run the notebooks and build report.html and report.pdf from them."""
    from wastelib.report.build import build_report

    built = build_report(
        profile,
        data=data,
        other=other,
        weights=weights,
        scheduler=scheduler,
        fresh=fresh,
        jobs=jobs or os.cpu_count() or 1,
    )
    minutes, seconds = divmod(round(built.seconds), 60)
    print(f"report.html and report.pdf are in {built.folder} ({minutes}:{seconds:02d} minutes)")


@app.command("grade")
def grade_submissions(
    submissions: Annotated[
        Path | None,
        typer.Argument(
            metavar="[SUBMISSION]",
            help="A folder or zip with notebooks/ and report/recorded/, or a folder of several.",
        ),
    ] = None,
    profile: Annotated[str, typer.Option(help="The profile whose record is graded.")] = "demo",
    data: Annotated[
        str | None, typer.Option(help="demo, realwaste, a zip, or a folder with one per class.")
    ] = None,
    weights: Annotated[
        str | None, typer.Option(help="demo, imagenet, or a folder of Keras weight files.")
    ] = None,
    jobs: Annotated[
        int, typer.Option(min=0, help="Submissions side by side; 0: as the machine carries.")
    ] = 0,
) -> None:
    """Run notebooks again and judge their recorded results; without SUBMISSION, this project's.

    The exit status is 1 if anything is not reproduced or missing.
    """
    from wastelib.grading.session import grade_all

    folder, grading = grade_all(profile, submissions, data=data, weights=weights, jobs=jobs)
    for grade in grading.grades:
        print(f"{grade.verdict:<15} {grade.submission!a}")
    print(f"grade.html, grade.json and junit.xml are in {folder}")
    if any(grade.verdict in ("not reproduced", "missing") for grade in grading.grades):
        raise typer.Exit(1)


@app.command("data")
def show_data(
    data: Annotated[str, typer.Argument(help="demo, realwaste, a zip, or a folder.")] = "demo",
) -> None:
    """Fetch or find photographs and print their classes and counts."""
    from wastelib.data.layout import images_per_class
    from wastelib.data.sources import locate
    from wastelib.export.answers import printable
    from wastelib.settings import DataPreparation

    defaults = DataPreparation()
    source = locate(data, demo_images=defaults.demo_images, seed=defaults.seed)
    counts = images_per_class(source.root)
    counts = {printable(name): count for name, count in counts.items()}
    width = max(map(len, counts))
    print(f"{printable(source.name)}\n{printable(source.root)}\n")
    for name, count in sorted(counts.items()):
        print(f"{name:<{width}}  {count:>6}")
    print(f"\n{len(counts)} classes, {sum(counts.values())} images")


@app.command()
def doctor() -> None:
    """Name what is missing or wrong on this machine, and the remedy."""
    from wastelib.doctor import main

    raise typer.Exit(main())


@app.command()
def student(
    into: Annotated[Path, typer.Option(help="The folder to write; nothing in it is replaced.")] = (
        STUDENT_EDITION
    ),
) -> None:
    """Write the notebooks without the solutions of their exercises."""
    from wastelib.exercises.edition import write_edition

    written = write_edition(into)
    print(f"the student edition {'is' if written else 'was there already,'} in {into}")
    print(f"open it: make lab NOTEBOOKS={shlex.quote(str(into / 'notebooks'))}")


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(metavar="A", help="A build, or a results.json.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="Another.")],
    page: Annotated[Path, typer.Option(help="Where the page is written.")] = Path(
        "comparison.html"
    ),
) -> None:
    """Show what changed between two builds: here, and with their figures on a page."""
    from wastelib.report.compare import as_text, open_side
    from wastelib.report.compare import compare as changes
    from wastelib.report.compare_page import write_comparison

    sides = open_side(first), open_side(second)
    chapters = changes(*sides)
    print(as_text(chapters))
    write_comparison(*sides, chapters, page)
    print(f"\nthe same with the figures side by side: {page}")


BUILD = Annotated[Path, typer.Option(help="The build that trained it.")]


@app.command()
def predict(
    images: Annotated[
        list[str],
        typer.Argument(
            metavar="IMAGE",
            help="Photographs, folders (with all below them), or - to read names, one on a line.",
        ),
    ],
    model: Annotated[
        Path | None, typer.Option(help="A file that `wastelib export` wrote; else a run's model.")
    ] = None,
    run: Annotated[
        str | None, typer.Option(help="A run's hash, or its beginning; else the best one.")
    ] = None,
    build: BUILD = DEMO_BUILD,
    form: Annotated[
        Literal["text", "json", "csv"],
        typer.Option("--format", help="text, json (an object a line), or csv with a head."),
    ] = "text",
) -> None:
    """Classify photographs with a trained model, by default the best on validation.

    Probabilities are calibrated on validation images. A file that is no usable image is named
    on standard error, the others are classified, and the exit status is 1.
    """
    from wastelib.data.layout import named_images
    from wastelib.export.answers import Problems, write_answers
    from wastelib.training.predict import predict_images

    if model is not None and run is not None:
        raise typer.BadParameter("give --model or --run, not both")
    sys.stdout.reconfigure(errors="backslashreplace")  # names need not be text
    classifier = _run_classifier(build, run) if model is None else _file_classifier(model)
    problems = Problems()
    paths = named_images(images, _lines_on_standard_input(), problems)
    answers = predict_images(paths, classifier)
    write_answers(answers, classifier.classes, form, sys.stdout, problems)
    if problems.count:
        raise typer.Exit(1)


@app.command()
def demo(
    build: BUILD = DEMO_BUILD,
    run: Annotated[
        str | None, typer.Option(help="A run's hash, or its beginning; else the best one.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 8765,
) -> None:
    """Serve a page on this machine on which to drop a photograph and see a model's answer."""
    from wastelib.data.dataset import open_dataset
    from wastelib.explore.expert import Expert
    from wastelib.explore.server import HOST, serve
    from wastelib.training.run import open_run

    wanted = _wanted_accuracy(build)
    expert = Expert.of(open_run(_run_folder(build, run)), wanted)
    if expert.temperature is None:
        raise WasteError(
            "this training diverged: its probabilities are no numbers",
            where=expert.run.folder,
            remedy="choose another run: --run",
        )
    about = {
        "data": f"Trained on {open_dataset(build).name}",
        "model": f"the run {expert.run.hash}",
        "threshold": expert.threshold,
        "wanted_accuracy": wanted,
    }
    with serve(expert, about, port) as server:
        print(f"http://{HOST}:{server.server_address[1]}/ (Ctrl-C ends it)", flush=True)
        server.serve_forever()


def _wanted_accuracy(build: Path) -> float:
    """What notebook 07 of the build asked of the answers that are given, else its default."""
    import json

    from wastelib.settings import Trust

    try:
        results = json.loads((build / "results.json").read_text("utf-8"))
        return float(results["environment"]["parameters"]["07_trust"]["wanted_accuracy"])
    except (OSError, ValueError, KeyError):
        return Trust().wanted_accuracy


@app.command("export")
def export_model(
    run: Annotated[
        str | None, typer.Argument(help="A run's hash, or its beginning; else the best one.")
    ] = None,
    formats: Annotated[
        str, typer.Option(help="Which of litert-float32, litert-float16, litert-int8 and onnx.")
    ] = "litert-float32,litert-float16,litert-int8",
    build: BUILD = DEMO_BUILD,
    into: Annotated[
        Path | None, typer.Option(help="The folder to write to; else exports/ in the build.")
    ] = None,
) -> None:
    """Write a trained model as files that run without TensorFlow, for `predict --model`."""
    from wastelib.data.dataset import open_dataset
    from wastelib.evaluation.exports import temperature_of
    from wastelib.export.write import export_run
    from wastelib.settings import words
    from wastelib.training.run import open_run

    finished = open_run(_run_folder(build, run))
    files = export_run(
        finished,
        open_dataset(build),
        words(formats),
        into=into or build / "exports",
        temperature=temperature_of(finished),
    )
    for file in files.values():
        print(f"{file}  {file.stat().st_size:,} bytes")


def _lines_on_standard_input() -> Iterator[str]:
    """Read when asked for. A name is any bytes but a line break."""
    if sys.stdin is not None:  # it may have been closed
        yield from map(os.fsdecode, sys.stdin.buffer)


def _run_classifier(build: Path, beginning: str | None):
    """A run's model, which needs TensorFlow."""
    from wastelib.evaluation.exports import temperature_of
    from wastelib.training.predict import classifier_of
    from wastelib.training.run import open_run

    run = open_run(_run_folder(build, beginning))
    return classifier_of(run, temperature_of(run))


def _file_classifier(file: Path):
    """An exported file, which starts at once."""
    from wastelib.export.exported import open_exported

    return open_exported(file)


def _run_folder(build: Path, beginning: str | None) -> Path:
    """The one run of `build` whose hash starts so, or the best on validation."""
    from wastelib.training.run import best_on_validation

    if beginning is None:
        return best_on_validation(build).folder
    # Unfinished trainings and locks have a dot in their names.
    runs = sorted(folder for folder in (build / "runs").glob("*") if not folder.suffix)
    found = [folder for folder in runs if folder.name.startswith(beginning)]
    if len(found) != 1:
        raise WasteError(
            f"{len(found)} runs have a hash that begins with {beginning!r}",
            where=build / "runs",
            remedy="give more of the hash; results.json and the report's appendix list them",
        )
    return found[0]


def _terminate(*_) -> None:
    sys.exit(143)
