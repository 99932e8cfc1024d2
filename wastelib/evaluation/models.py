"""All models of a build in one table, and all learning rates."""

from collections.abc import Mapping

import pandas as pd

from wastelib.evaluation.metrics import Evaluation, evaluate
from wastelib.evaluation.predictions import Answers, aligned
from wastelib.training.run import Run


def test_evaluations(runs: Mapping[str, Run]) -> dict[str, Evaluation]:
    """Each run scored on the test subset, by name. The runs must be declared."""
    return {name: evaluate(run.open_test(), "test") for name, run in runs.items()}


def test_answers(runs: Mapping[str, Run]) -> list[Answers]:
    """Each run's answers to the test images, in one order of images and classes.

    The runs must be declared. Raises `WasteError` if they were tested on different images.
    """
    return aligned([run.open_test() for run in runs.values()], "test")


def model_table(runs: Mapping[str, Run], tests: Mapping[str, Evaluation]) -> pd.DataFrame:
    """One row per model, in the order of `runs`.

    Columns: name, kind, image_size (pixels), precision, parameters, trainable_parameters,
    size_bytes, epochs, train_seconds, image_milliseconds, test_accuracy, test_accuracy_low,
    test_accuracy_high, test_macro_f1, test_macro_f1_low, test_macro_f1_high, test_loss, run.
    """
    return pd.DataFrame([_row(name, run, tests[name]) for name, run in runs.items()])


def rate_table(runs: Mapping[str, Run], chosen: str) -> pd.DataFrame:
    """One row per training of a comparison of rates and optimizers, judged on validation.

    Columns: optimizer, learning_rate, momentum, precision, epochs, validation_accuracy,
    validation_accuracy_low, validation_accuracy_high (its 95 % interval), validation_loss,
    chosen (whether its name is `chosen`), run. Where training diverged the loss is missing,
    and so is the interval.
    """
    return pd.DataFrame([_rate_row(run, name == chosen) for name, run in runs.items()])


def _rate_row(run: Run, chosen: bool) -> dict:
    trial, best = run.trial, run.kept_epoch
    diverged = pd.isna(best["val_loss"])
    judged = None if diverged else evaluate(run.predictions, "validation")
    low, high = judged.accuracy_interval if judged else (None, None)
    return {
        "optimizer": trial.optimizer,
        "learning_rate": trial.learning_rate,
        "momentum": trial.momentum,
        "precision": trial.precision,
        "epochs": len(run.history),
        "validation_accuracy": float(best["val_accuracy"]),
        "validation_accuracy_low": low,
        "validation_accuracy_high": high,
        "validation_loss": None if diverged else float(best["val_loss"]),
        "chosen": chosen,
        "run": run.hash,
    }


def _row(name: str, run: Run, test: Evaluation) -> dict:
    manifest = run.manifest
    return {
        "name": name,
        "kind": run.trial.model.kind,
        "image_size": run.trial.image_size,
        "precision": run.trial.precision,
        "parameters": manifest["parameters"],
        "trainable_parameters": manifest["trainable_parameters"],
        "size_bytes": manifest["model_bytes"],
        "epochs": len(run.history),
        "train_seconds": manifest["train_seconds"],
        "image_milliseconds": manifest["image_milliseconds"],
        "test_accuracy": test.accuracy,
        "test_accuracy_low": test.accuracy_interval[0],
        "test_accuracy_high": test.accuracy_interval[1],
        "test_macro_f1": test.macro_f1,
        "test_macro_f1_low": test.macro_f1_interval[0],
        "test_macro_f1_high": test.macro_f1_interval[1],
        "test_loss": test.loss,
        "run": run.hash,
    }
