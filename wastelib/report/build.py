"""`make report`: profile -> executed notebooks -> results.json, page, PDF and figures.

The libraries of the report take seconds to import, so that is done in the functions, when
the first line has been printed.
"""

import contextlib
import hashlib
import os
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wastelib.errors import WasteError
from wastelib.profiles import Profile, load_profile
from wastelib.settings import Parameters

if TYPE_CHECKING:
    from wastelib.report.ledger import Inputs
    from wastelib.report.results import Results

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "notebooks"
TEMPLATES = ROOT / "report" / "templates"
BUILDS = ROOT / "report" / "build"

PHOTOGRAPHS = ("demo", "demo-clean", "realwaste")  # what stands for no path
EMPTY = hashlib.sha256(b"").hexdigest()  # of a file without content, which is no photograph
REPORT = ("report.html", "report.pdf", "results.json", "figures")


@dataclass(frozen=True)
class Build:
    """A finished report: its folder, what it found, and the seconds it took."""

    folder: Path
    results: "Results"
    seconds: float


def build_report(
    profile_name: str,
    *,
    data: str | None = None,
    other: str | None = None,
    weights: str | None = None,
    scheduler: str | None = None,
    fresh: bool = False,
    jobs: int = 1,
    builds: Path = BUILDS,
) -> Build:
    """Build `builds/<profile_name>/`: report.html, report.pdf, results.json, notebooks, figures.

    `data`, `other` (photographs that models are tested on too) and `weights` replace the profile's
    own; paths are relative to the current folder.
    `scheduler` is the address of a Dask scheduler on whose workers the notebooks train.
    At most `jobs` notebooks run side by side. Unless `fresh`, runs and caches of an earlier
    build are reused, and so is each notebook and the report if nothing that it depends on has
    changed. A report that has to be made again is removed first, so that what is there
    afterwards is of this build.

    Raises `WasteError` for all that a user can mend; see `load_profile`, `execute_notebooks`.
    """
    began = time.monotonic()
    folder = builds / profile_name
    profile = load_profile(
        profile_name,
        build_folder=_as_seen_from_notebooks(folder),
        data=_path_or_word(data, *PHOTOGRAPHS),
        other_data=_path_or_word(other, *PHOTOGRAPHS),
        weights=_path_or_word(weights, "demo", "imagenet"),
        scheduler=scheduler,
    )
    print(f"{profile.title}: looking at photographs, weights and the last build", file=sys.stderr)
    from wastelib.report import ledger
    from wastelib.report.execute import execute_notebooks
    from wastelib.report.results import Results

    if fresh:
        _remove_all_but_the_ledger(folder)
    entries = execute_notebooks(
        profile,
        folder,
        jobs=jobs,
        materials=materials(profile),
        before=lambda: _remove_report(folder),
    )
    inputs = ledger.report_inputs(entries, TEMPLATES)
    if not ledger.holds("report", folder, inputs):
        from wastelib.report.write import write_report

        _remove_report(folder)
        write_report(profile, folder, entries)
        _refuse_incomplete(folder)
        files = [path for name in REPORT for path in (folder / name, *(folder / name).glob("*"))]
        entry = ledger.Entry(inputs=inputs, outputs=ledger.hashes(folder, files))
        ledger.write_entry(folder, "report", entry)
    results = Results.model_validate_json((folder / "results.json").read_text("utf-8"))
    return Build(folder, results, time.monotonic() - began)


def materials(profile: Profile) -> "dict[str, Inputs]":
    """What the notebooks are about, by hashes of its content: photographs and weights.

    This finds them before a kernel starts: an hour later is no time to miss them. A download
    shows its progress here, on the terminal.
    """
    from wastelib.data.catalogue import image_files
    from wastelib.data.layout import is_image
    from wastelib.data.sources import locate
    from wastelib.report.ledger import NOT_READABLE, digest, hashes

    with contextlib.chdir(NOTEBOOKS):
        materials = {
            name: {"weights": digest(_weights(parameters))}
            for name, parameters in profile.notebooks.items()
            if "weights" in type(parameters).model_fields
        }
        seen = []
        for name, what, where in _photographs(profile):
            source = locate(**where)
            files = [*image_files(source.root), *source.root.glob("*.csv")]
            content = {"root": str(source.root), "files": hashes(source.root, files)}
            materials[name] = materials.get(name, {}) | {what: digest(content)}
            pictures = {name: h for name, h in content["files"].items() if is_image(name)}
            seen.append({*pictures.values()} - {NOT_READABLE, EMPTY})
    if shared := set.intersection(*seen) if len(seen) > 1 else set():
        raise WasteError(
            f"{len(shared)} of the other photographs are among those that models learn from",
            where=source.root,
            remedy="name others, or none, to test on too",
        )
    return materials


def _photographs(profile: Profile) -> list[tuple[str, str, dict[str, object]]]:
    """Which notebooks read photographs, what the ledger calls these, and what `locate` is asked."""
    name, last = "01_data_preparation", "10_out_of_the_notebook"
    own, front = profile.notebooks[name], profile.notebooks.get(last)
    where = {"data": own.data, "demo_images": own.demo_images, "seed": own.seed}
    found = [(name, "photographs", where)]
    if front and front.other_data:  # what is graded may be the first notebooks only
        where = {"data": front.other_data, "demo_images": front.other_images}
        found.append((last, "other_photographs", where | {"seed": front.seed + 1}))
    return found


def _weights(parameters: Parameters) -> dict[str, str]:
    """The identity of the weights of each backbone that a notebook trains with."""
    from wastelib.models.backbones import backbone_names, find_weights

    several = hasattr(parameters, "backbones")
    names = backbone_names(parameters.backbones if several else parameters.backbone)
    size = parameters.image_size if several else parameters.backbone_size
    return {name: find_weights(parameters.weights, name, size).identity for name in names}


def _remove_report(folder: Path) -> None:
    """Nothing that stands there afterwards is of an earlier build."""
    for name in REPORT:
        if (folder / name).is_dir():
            shutil.rmtree(folder / name)
        else:
            (folder / name).unlink(missing_ok=True)


def _remove_all_but_the_ledger(folder: Path) -> None:
    """The ledger still knows how long everything takes; what it lists is gone."""
    for path in folder.glob("*"):
        if path.name != "ledger":
            shutil.rmtree(path) if path.is_dir() else path.unlink()


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
    missing = [name for name in REPORT if not _has_content(folder / name)]
    if missing:
        raise WasteError(
            f"the build is incomplete: {', '.join(missing)} missing",
            where=folder,
            remedy="build again with FRESH=1",
        )


def _has_content(path: Path) -> bool:
    if path.is_dir():
        return any(path.iterdir())
    return path.is_file() and path.stat().st_size > 0
