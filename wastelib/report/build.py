"""`make report`: profile -> executed notebooks -> results.json, page, PDF and figures."""

import contextlib
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from wastelib.data.sources import locate
from wastelib.errors import WasteError
from wastelib.files import whole_file
from wastelib.models.backbones import backbone_names, find_weights
from wastelib.report import document
from wastelib.report.collect import collect_results
from wastelib.report.execute import NOTEBOOKS, execute_notebooks
from wastelib.report.html import write_html
from wastelib.report.pdf import write_pdf
from wastelib.report.results import Results
from wastelib.settings import Profile, load_profile

BUILDS = NOTEBOOKS.parent / "report" / "build"


@dataclass(frozen=True)
class Build:
    """A finished report: its folder, what it found, and the seconds it took."""

    folder: Path
    results: Results
    seconds: float


def build_report(
    profile_name: str,
    *,
    data: str | None = None,
    weights: str | None = None,
    fresh: bool = False,
    builds: Path = BUILDS,
) -> Build:
    """Build `builds/<profile_name>/`: report.html, report.pdf, results.json, notebooks, figures.

    `data` and `weights` replace the profile's own; paths are relative to the current folder.
    Runs and caches of an earlier build are reused unless `fresh`. The files of an earlier
    report are removed first, so that what is there afterwards is of this build.

    Raises `WasteError` for all that a user can mend; see `load_profile`, `execute_notebooks`.
    """
    began = time.monotonic()
    folder = builds / profile_name
    profile = load_profile(
        profile_name,
        build_folder=_as_seen_from_notebooks(folder),
        data=_path_or_word(data, "demo", "realwaste"),
        weights=_path_or_word(weights, "demo", "imagenet"),
    )
    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
    for stale in ("report.html", "report.pdf", "results.json"):
        (folder / stale).unlink(missing_ok=True)
    for stale in ("declared", "figures"):
        shutil.rmtree(folder / stale, ignore_errors=True)

    _check_inputs(profile)
    seconds = execute_notebooks(profile, folder)
    results = collect_results(profile, folder, seconds)
    with whole_file(folder / "results.json") as path:
        path.write_text(results.model_dump_json(indent=2) + "\n", "utf-8")
    notebooks = [folder / "notebooks" / f"{name}.ipynb" for name in profile.notebooks]
    document.write_figures(document.read(notebooks), folder / "figures")
    write_html(notebooks, results, folder / "report.html")
    write_pdf(notebooks, results, folder / "report.pdf")
    _refuse_incomplete(folder)
    return Build(folder, results, time.monotonic() - began)


def _check_inputs(profile: Profile) -> None:
    """Find photographs and weights before a kernel starts: an hour later is no time to miss them.

    A download shows its progress here, on the terminal.
    """
    photographs = profile.notebooks["01_data_preparation"]
    pretrained = profile.notebooks["04_pretrained_fine_tuning"]
    with contextlib.chdir(NOTEBOOKS):
        locate(photographs.data, demo_images=photographs.demo_images, seed=photographs.seed)
        for name in backbone_names(pretrained.backbones):
            find_weights(pretrained.weights, name, pretrained.image_size)


def _path_or_word(value: str | None, *words: str) -> str | None:
    """A path as the notebooks see it; the words that stand for no path stay as they are."""
    if value is None or value in words:
        return value
    return _as_seen_from_notebooks(Path(value).expanduser())


def _as_seen_from_notebooks(path: Path) -> str:
    """Relative where possible: a report should not tell where its author's files are."""
    try:
        return Path(os.path.relpath(path.resolve(), NOTEBOOKS)).as_posix()
    except ValueError:  # another drive
        return str(path.resolve())


def _refuse_incomplete(folder: Path) -> None:
    """Success is that everything declared is there, not that nothing failed."""
    Results.model_validate_json((folder / "results.json").read_text("utf-8"))
    expected = ["report.html", "report.pdf", "results.json", "figures"]
    empty = [name for name in expected if not (folder / name).exists()]
    empty += [name for name in expected[:3] if not (folder / name).stat().st_size]
    if empty or not any((folder / "figures").iterdir()):
        raise WasteError(
            f"the build is incomplete: {', '.join(empty) or 'no figures'}",
            where=folder,
            remedy="build again with FRESH=1",
        )
