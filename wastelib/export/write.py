"""Export a finished run: its model as files that run without TensorFlow, each with a card."""

import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from wastelib.data.dataset import Dataset
from wastelib.errors import WasteError
from wastelib.export.card import SUFFIXES, Card, card_file, write_card
from wastelib.export.runtimes import missing_packages
from wastelib.files import need_space, sha256_of, whole_file
from wastelib.training.run import Run

FORMATS = tuple(SUFFIXES)
CALIBRATION_IMAGES = 100
BYTES_PER_PARAMETER = 4  # of the largest format; the converter needs as much again meanwhile
LAST_LINES = 20  # of a traceback


def export_run(
    run: Run,
    dataset: Dataset,
    formats: Sequence[str] = FORMATS,
    *,
    into: Path,
    temperature: float | None,
) -> dict[str, Path]:
    """Write the run's model to the folder `into` in each of `formats`; return the files.

    A file `<run>-<format>` takes one image of pixels 0..255, uint8 (1, size, size, 3), and
    returns probabilities (1, classes); its card is beside it (see `card`). Weights are float32,
    float16 or int8 as the name of the format says, and float32 in ONNX. In int8 the
    computation is int8 too; its ranges are read off training images, chosen by the trial's
    seed, so `dataset` must be the one that was trained on. Files that are there are replaced.

    The conversion has a process of its own, whose memory is free again afterwards.

    Raises `WasteError` for an unknown format, packages that are missing, another dataset, a
    disk without room, and a conversion that was killed.
    """
    _refuse_what_cannot_begin(run, dataset, formats)
    into = Path(into)
    files = {name: into / f"{run.hash}-{name}{SUFFIXES[name]}" for name in formats}
    needed = 2 * BYTES_PER_PARAMETER * run.manifest["parameters"] * len(files)
    need_space(into, needed, "an exported model")
    with ExitStack() as stack:
        parts = {name: str(stack.enter_context(whole_file(file))) for name, file in files.items()}
        _convert(
            {
                "run": str(run.folder.resolve()),
                "files": parts,
                "calibration": _calibration_images(run, dataset),
            }
        )
        for file in files.values():  # no card of an earlier file beside the new one
            card_file(file).unlink(missing_ok=True)
    for name, file in files.items():
        trial = run.trial
        card = Card(
            classes=tuple(run.classes),
            image_size=trial.image_size,
            view=trial.view,
            temperature=temperature,
            trial=run.hash,
            format=name,
            sha256=sha256_of(file),
        )
        write_card(file, card)
    return files


def _refuse_what_cannot_begin(run: Run, dataset: Dataset, formats: Sequence[str]) -> None:
    unknown = [name for name in formats if name not in FORMATS]
    if unknown or not formats:
        raise WasteError(
            f"there is no format {unknown[0]!r}" if unknown else "no format is named",
            remedy=f"choose from: {', '.join(FORMATS)}",
        )
    missing = [name for name in ("onnx", "tf2onnx") if find_spec(name) is None]
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


def _convert(order: dict) -> None:
    """Have `wastelib.export.convert` carry out the order."""
    done = subprocess.run(
        [sys.executable, "-m", "wastelib.export.convert"],
        input=json.dumps(order),
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
            where=order["run"],
            remedy="free some memory, or export one format at a time",
        )
    if done.returncode:
        raise RuntimeError("\n".join(done.stderr.strip().splitlines()[-LAST_LINES:]))
    if done.stdout:
        raise WasteError(**json.loads(done.stdout))
