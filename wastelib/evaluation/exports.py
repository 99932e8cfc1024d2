"""Exported files scored and compared: accuracy, size, memory and latency of each."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from wastelib.data.dataset import Dataset
from wastelib.errors import WasteError
from wastelib.evaluation.calibration import fit_temperature
from wastelib.evaluation.comparison import compare
from wastelib.evaluation.metrics import evaluate
from wastelib.evaluation.predictions import aligned, checked, probability_columns
from wastelib.evaluation.ranking import LEVEL, holm
from wastelib.export.measure import file_cost, file_predictions
from wastelib.training.machine import cores
from wastelib.training.run import Run

Files = Mapping[str, Mapping[str, Path]]
Answers = Mapping[str, Mapping[str, pd.DataFrame]]

FULL, SMALL = "litert-float32", "litert-int8"


def temperature_of(run: Run) -> float | None:
    """The temperature that calibrates a run, fitted on its validation images.

    None if its probabilities there are no numbers, as of a training that diverged.
    """
    if run.predictions[probability_columns(run.predictions)].isna().any(axis=None):
        return None
    return fit_temperature(run.predictions)


def worth_exporting(runs: Mapping[str, Run], most_parameters: int, per_kind: int) -> dict[str, Run]:
    """The runs to export, the largest first: none with more parameters, each model once.

    A run that only tests in another way what another has trained (see `Trial.trained`) has no
    file of its own, and a training that diverged is worth none. Of each kind of model
    only the `per_kind` best on validation are taken, 0: all.

    Raises `WasteError` if none is left.
    """
    chosen = {
        name: run
        for name, run in runs.items()
        if run.trial == run.trial.trained
        and run.manifest["parameters"] <= most_parameters
        and not pd.isna(run.kept_epoch["val_loss"])
    }
    best = sorted(chosen, key=lambda name: -chosen[name].kept_epoch["val_accuracy"])
    kept = []
    for kind in ("custom", "pretrained"):
        of_kind = [name for name in best if chosen[name].trial.model.kind == kind]
        kept += of_kind[: per_kind or None]
    if not kept:
        raise WasteError(
            f"none of {len(runs)} declared models can be exported with at most "
            f"{most_parameters:,} parameters",
            remedy="let most_parameters be larger",
        )
    kept.sort(key=lambda name: -chosen[name].manifest["parameters"])
    return {name: chosen[name] for name in kept}


def validation_answers(
    runs: Mapping[str, Run], files: Files, dataset: Dataset
) -> dict[str, dict[str, pd.DataFrame]]:
    """What every file says of the validation images: model -> format -> table as a run's."""
    return _answers(files, {name: runs[name].predictions for name in files}, dataset)


def test_answers(
    runs: Mapping[str, Run], files: Files, dataset: Dataset
) -> dict[str, dict[str, pd.DataFrame]]:
    """The same of the test images. The runs must be declared."""
    return _answers(files, {name: runs[name].open_test() for name in files}, dataset)


def _answers(
    files: Files, images: Mapping[str, pd.DataFrame], dataset: Dataset
) -> dict[str, dict[str, pd.DataFrame]]:
    return {
        name: {
            form: file_predictions(file, images[name], dataset.root)
            for form, file in of_model.items()
        }
        for name, of_model in files.items()
    }


def file_table(runs: Mapping[str, Run], files: Files, judged: Answers) -> pd.DataFrame:
    """One row per exported file, in the order of `files`; `judged` are `validation_answers`.

    Columns: name, kind, format, parameters, size_bytes, validation_accuracy,
    one_core_milliseconds and two_core_milliseconds (median of single images; the latter is
    missing where there is one core), peak_bytes and runtime_bytes (see `measure.file_cost`;
    missing where Linux is not), size_front and time_front (see `on_front`).
    """
    rows = [
        _row(name, runs[name], form, file, judged[name][form])
        for name, of_model in files.items()
        for form, file in of_model.items()
    ]
    table = pd.DataFrame(rows).astype({"peak_bytes": float, "runtime_bytes": float})
    return table.assign(
        size_front=on_front(table["size_bytes"], table["validation_accuracy"]),
        time_front=on_front(table["one_core_milliseconds"], table["validation_accuracy"]),
    )


def _row(name: str, run: Run, form: str, file: Path, judged: pd.DataFrame) -> dict:
    one = file_cost(file, 1)
    two = file_cost(file, 2) if cores() > 1 else {"milliseconds": np.nan}
    return {
        "name": name,
        "kind": run.trial.model.kind,
        "format": form,
        "parameters": run.manifest["parameters"],
        "size_bytes": file.stat().st_size,
        "validation_accuracy": float(checked(judged, "validation").right.mean()),
        "one_core_milliseconds": one["milliseconds"],
        "two_core_milliseconds": two["milliseconds"],
        "peak_bytes": one["peak_bytes"],
        "runtime_bytes": one["runtime_bytes"],
    }


def tested_table(table: pd.DataFrame, runs: Mapping[str, Run], answers: Answers) -> pd.DataFrame:
    """`file_table` with what the test says; `answers` are `test_answers`.

    More columns: accuracy, accuracy_low, accuracy_high (its 95 % interval) and agreement (the
    share of the images that the file gives the class which the run gave).
    """
    rows = []
    for name, form in zip(table["name"], table["format"], strict=True):
        found = evaluate(answers[name][form], "test")
        kept, exported = aligned([runs[name].open_test(), answers[name][form]], "test")
        low, high = found.accuracy_interval
        agreement = float((kept.predicted == exported.predicted).mean())
        rows.append((found.accuracy, low, high, agreement))
    columns = ["accuracy", "accuracy_low", "accuracy_high", "agreement"]
    return table.join(pd.DataFrame(rows, columns=columns, index=table.index))


def on_front(costs: pd.Series, accuracies: pd.Series) -> np.ndarray:
    """Which rows are on the Pareto front.

    A row is not if another costs at most as much and is at least as accurate, and is better in
    one of the two. So equals stay together.
    """
    cost, accuracy = costs.to_numpy(), accuracies.to_numpy()
    no_worse = (cost <= cost[:, None]) & (accuracy >= accuracy[:, None])  # (row, other)
    better = (cost < cost[:, None]) | (accuracy > accuracy[:, None])
    return ~(no_worse & better).any(axis=1)


def int8_table(files: Files, answers: Answers, *, seed: int = 0) -> pd.DataFrame:
    """What int8 loses against float32: one row per model that was exported in both.

    Columns: name, full_accuracy, int8_accuracy, difference (int8 minus float32), low, high (its
    95 % interval, from the same test images, of each model by itself), p (of the exact test over
    groups, corrected by Holm over the models), real (p below `LEVEL`), size_share (of the float32
    file's bytes).
    """
    rows = []
    for name, of_model in answers.items():
        if not {FULL, SMALL} <= of_model.keys():
            continue
        found = compare(of_model[SMALL], of_model[FULL], "test", seed=seed)
        full, small = (evaluate(of_model[form], "test").accuracy for form in (FULL, SMALL))
        sizes = [files[name][form].stat().st_size for form in (SMALL, FULL)]
        low, high = found.difference_interval
        rows.append(
            {
                "name": name,
                "full_accuracy": full,
                "int8_accuracy": small,
                "difference": found.difference,
                "low": low,
                "high": high,
                "p": found.group_p_value,
                "size_share": sizes[0] / sizes[1],
            }
        )
    columns = ["name", "full_accuracy", "int8_accuracy", "difference", "low", "high", "p"]
    table = pd.DataFrame(rows, columns=[*columns, "size_share"])
    table["p"] = holm(table["p"])
    return table.assign(real=table["p"] < LEVEL)
