"""Exported files scored and compared: accuracy, size, memory and latency of each format."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from wastelib.evaluation.calibration import fit_temperature
from wastelib.evaluation.metrics import evaluate
from wastelib.export.measure import file_cost, file_predictions
from wastelib.training.machine import cores
from wastelib.training.run import Run


def temperature_of(run: Run) -> float | None:
    """The temperature that calibrates a run, fitted on its validation images.

    None if its probabilities there are no numbers, as of a training that diverged.
    """
    if run.predictions.filter(regex="^p_").isna().any(axis=None):
        return None
    return fit_temperature(run.predictions)


def file_table(
    files: Mapping[str, Path], images: pd.DataFrame, root: Path, subset: str = "validation"
) -> pd.DataFrame:
    """One row per exported file, in the order of `files` (format -> file).

    It answers the images of `images` (see `measure.file_predictions`), all of `subset`.

    Columns: format, size_bytes, accuracy, accuracy_low, accuracy_high (its 95 % interval), loss,
    one_core_milliseconds and two_core_milliseconds (median of single images; the latter is
    missing where there is one core), peak_bytes and runtime_bytes (see `measure.file_cost`).
    """
    return pd.DataFrame([_row(name, file, images, root, subset) for name, file in files.items()])


def _row(name: str, file: Path, images: pd.DataFrame, root: Path, subset: str) -> dict:
    scores = evaluate(file_predictions(file, images, root), subset)
    low, high = scores.accuracy_interval
    one = file_cost(file, 1)
    two = file_cost(file, 2) if cores() > 1 else {"milliseconds": None}
    return {
        "format": name,
        "size_bytes": file.stat().st_size,
        "accuracy": scores.accuracy,
        "accuracy_low": low,
        "accuracy_high": high,
        "loss": scores.loss,
        "one_core_milliseconds": one["milliseconds"],
        "two_core_milliseconds": two["milliseconds"],
        "peak_bytes": one["peak_bytes"],
        "runtime_bytes": one["runtime_bytes"],
    }
