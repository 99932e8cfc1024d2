"""Export finished runs: their models as files that run without TensorFlow, each with a card."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

import numpy as np

from wastelib.data.dataset import Dataset
from wastelib.errors import WasteError
from wastelib.export.card import SUFFIXES, Card, card_file, write_card
from wastelib.export.runtimes import missing_packages
from wastelib.files import need_space, sha256_of, whole_file
from wastelib.settings import words
from wastelib.training.run import Run

FORMATS = tuple(SUFFIXES)
CALIBRATION_IMAGES = 100
BYTES_PER_PARAMETER = 4  # of the largest format; the converter needs as much again meanwhile
ONNX_PACKAGES = ("onnx", "tf2onnx", "onnxruntime")  # to write, and to run, an ONNX file
LAST_LINES = 20  # of a traceback


def export_run(
    run: Run,
    dataset: Dataset,
    formats: Sequence[str] = FORMATS,
    *,
    into: Path,
    temperature: float | None,
) -> dict[str, Path]:
    """Export one run: `export_all` for a list of one; returns its files by format."""
    name = run.hash
    runs, temperatures = {name: run}, {name: temperature}
    return export_all(runs, dataset, formats, into=into, temperatures=temperatures)[name]


def export_all(
    runs: Mapping[str, Run],
    dataset: Dataset,
    formats: Sequence[str] = FORMATS,
    *,
    into: Path,
    temperatures: Mapping[str, float | None],
) -> dict[str, dict[str, Path]]:
    """Write the runs' models to the folder `into` in each of `formats`; return the files.

    Runs, their temperatures and the result go by the same names. A file `<run>-<format>` takes
    one image of pixels 0..255, uint8 (1, size, size, 3), and returns probabilities
    (1, classes); its card is beside it (see `card`). Weights are float32, float16 or int8 as
    the name of the format says, and float32 in ONNX. In int8 the computation is int8 too; its
    ranges are read off training images, chosen by the trial's seed, so `dataset` must be the
    one that was trained on. Files that are there are replaced.

    The conversion has a process of its own, whose memory is free again afterwards.

    Raises `WasteError` for an unknown format, packages that are missing, another dataset, a
    disk without room, and a conversion that was killed.
    """
    into = Path(into)
    for run in runs.values():
        _refuse_what_cannot_begin(run, dataset, formats)
    files = {
        name: {one: into / f"{run.hash}-{one}{SUFFIXES[one]}" for one in formats}
        for name, run in runs.items()
    }
    parameters = sum(run.manifest["parameters"] for run in runs.values())
    need_space(into, 2 * BYTES_PER_PARAMETER * parameters * len(formats), "an exported model")
    with ExitStack() as stack:
        orders = [
            {
                "run": str(run.folder.resolve()),
                "files": {
                    one: str(stack.enter_context(whole_file(file)))
                    for one, file in files[name].items()
                },
                "calibration": _calibration_images(run, dataset),
            }
            for name, run in runs.items()
        ]
        _convert(orders)
        for file in chain.from_iterable(map(dict.values, files.values())):
            card_file(file).unlink(missing_ok=True)  # no card of an earlier file beside the new one
    for name, run in runs.items():
        for one, file in files[name].items():
            write_card(file, _card(run, one, file, temperatures[name]))
    return files


def _card(run: Run, form: str, file: Path, temperature: float | None) -> Card:
    return Card(
        classes=tuple(run.classes),
        image_size=run.trial.image_size,
        view=run.trial.view,
        temperature=temperature,
        trial=run.hash,
        format=form,
        sha256=sha256_of(file),
    )


def can_be_written(formats: str) -> tuple[list[str], list[str]]:
    """The formats that a text such as "litert-int8, onnx" names, without those that need packages.

    The second list is of packages that are missing, and for whose want a format was left out.
    """
    names = words(formats)
    missing = [name for name in ONNX_PACKAGES if find_spec(name) is None]
    if "onnx" not in names or not missing:
        return names, []
    return [name for name in names if name != "onnx"], missing


def _refuse_what_cannot_begin(run: Run, dataset: Dataset, formats: Sequence[str]) -> None:
    unknown = [name for name in formats if name not in FORMATS]
    if unknown or not formats:
        raise WasteError(
            f"there is no format {unknown[0]!r}" if unknown else "no format is named",
            remedy=f"choose from: {', '.join(FORMATS)}",
        )
    missing = [name for name in ONNX_PACKAGES[:2] if find_spec(name) is None]
    if "onnx" in formats and missing:
        raise missing_packages("exporting to ONNX", *missing)
    if run.trial.dataset != dataset.fingerprint:
        raise WasteError(
            "the run was trained on another dataset",
            where=dataset.root,
            remedy="export it from the build folder that it was trained in",
        )


def _calibration_images(run: Run, dataset: Dataset) -> list[str]:
    rows = dataset.split(run.trial.split).rows("train")
    draw = np.random.default_rng(run.trial.seed)
    chosen = np.sort(draw.choice(rows, min(CALIBRATION_IMAGES, len(rows)), replace=False))
    return [str(dataset.root / path) for path in dataset.catalogue["path"].iloc[chosen]]


def _convert(orders: list[dict]) -> None:
    """Have `wastelib.export.convert` carry out the orders."""
    done = subprocess.run(
        [sys.executable, "-m", "wastelib.export.convert"],
        input=json.dumps(orders),
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode < 0:
        raise WasteError(
            f"the conversion was ended by signal {-done.returncode}, most likely for want of "
            "memory",
            where=", ".join(order["run"] for order in orders),
            remedy="free some memory, or export one format at a time",
        )
    if done.returncode:
        raise RuntimeError("\n".join(done.stderr.strip().splitlines()[-LAST_LINES:]))
    if done.stdout:
        raise WasteError(**json.loads(done.stdout))
