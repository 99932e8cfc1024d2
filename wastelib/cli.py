"""The command `wastelib`. Thin: each command imports what it needs when it is called."""

import glob
import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from wastelib.errors import WasteError

SHOWN_CLASSES = 3

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
    weights: Annotated[
        str | None, typer.Option(help="demo, imagenet, or a folder of Keras weight files.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="A Dask scheduler to train on, as tcp://host:8786.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Train again what is trained.")] = False,
    jobs: Annotated[
        int, typer.Option(min=0, help="Notebooks that run side by side; 0: one per core.")
    ] = 1,
) -> None:
    """Run the notebooks and build report.html and report.pdf from them."""
    from wastelib.report.build import build_report

    built = build_report(
        profile,
        data=data,
        weights=weights,
        scheduler=scheduler,
        fresh=fresh,
        jobs=jobs or os.cpu_count() or 1,
    )
    minutes, seconds = divmod(round(built.seconds), 60)
    print(f"report.html and report.pdf are in {built.folder} ({minutes}:{seconds:02d} minutes)")


@app.command("data")
def show_data(
    data: Annotated[str, typer.Argument(help="demo, realwaste, a zip, or a folder.")] = "demo",
) -> None:
    """Fetch or find photographs and print their classes and counts."""
    from wastelib.data.layout import images_per_class
    from wastelib.data.sources import locate
    from wastelib.settings import DataPreparation

    defaults = DataPreparation()
    source = locate(data, demo_images=defaults.demo_images, seed=defaults.seed)
    counts = images_per_class(source.root)
    width = max(map(len, counts))
    print(f"{source.name}\n{source.root}\n")
    for name, count in sorted(counts.items()):
        print(f"{name:<{width}}  {count:>6}")
    print(f"\n{len(counts)} classes, {sum(counts.values())} images")


@app.command()
def doctor() -> None:
    """Name what is missing or wrong on this machine, and the remedy."""
    from wastelib.doctor import main

    raise typer.Exit(main())


@app.command()
def predict(
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE", help="Photographs.")],
    run: Annotated[
        str | None, typer.Option(help="A run's hash, or its beginning; else the best one.")
    ] = None,
    build: Annotated[Path, typer.Option(help="The build that trained it.")] = Path(
        "report/build/demo"
    ),
) -> None:
    """Classify photographs with a trained model, the best on validation."""
    from wastelib.training.predict import predict_images

    folder = _run_folder(build, run)
    readable = [image for image in images if _is_readable(image)]
    for image, probabilities in predict_images(readable, folder) if readable else []:
        likely = sorted(probabilities, key=lambda pair: pair[1], reverse=True)[:SHOWN_CLASSES]
        print(f"{image}: " + ", ".join(f"{name} {share:.1%}" for name, share in likely))
    if readable != images:
        raise typer.Exit(1)


def _is_readable(image: Path) -> bool:
    """Whether a file is a usable image; if not, say why."""
    from wastelib.data.images import UnreadableImageError, read_image

    try:
        read_image(image)
    except UnreadableImageError as error:
        print(f"error: {image}: {error}", file=sys.stderr)
        return False
    return True


def _run_folder(build: Path, beginning: str | None) -> Path:
    """The one run of `build` whose hash starts so, or the best on validation."""
    from wastelib.training.run import best_on_validation

    if beginning is None:
        return best_on_validation(build).folder
    # Unfinished trainings and locks have a dot in their names.
    found = [f for f in sorted((build / "runs").glob(f"{glob.escape(beginning)}*")) if not f.suffix]
    if len(found) != 1:
        raise WasteError(
            f"{len(found)} runs have a hash that begins with {beginning!r}",
            where=build / "runs",
            remedy="give more of the hash; results.json and the report's appendix list them",
        )
    return found[0]


def _terminate(*_) -> None:
    sys.exit(143)
