"""Tables of runs: a training that diverged has no figures where none would be true."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from tests.predicted import right_or_wrong
from wastelib.displays import estimate
from wastelib.evaluation.metrics import evaluate
from wastelib.evaluation.models import rate_table


def run_with(loss: float, predictions: pd.DataFrame, accuracy: float) -> SimpleNamespace:
    """What `rate_table` reads of a run."""
    trial = SimpleNamespace(optimizer="adam", learning_rate=0.1, momentum=0.0, precision="float32")
    best = pd.Series({"val_loss": loss, "val_accuracy": accuracy})
    history = pd.DataFrame({"epoch": [1, 2]})
    return SimpleNamespace(
        trial=trial, kept_epoch=best, history=history, predictions=predictions, hash="a" * 32
    )


@pytest.fixture
def predictions():
    """Twelve validation images, nine of them right."""
    return right_or_wrong(np.array([1] * 9 + [0] * 3, bool)).assign(subset="validation")


def test_rates_have_the_interval_of_their_validation_images(predictions):
    row = rate_table({"good": run_with(0.5, predictions, 0.75)}, "good").iloc[0]
    expected = evaluate(predictions, "validation").accuracy_interval
    assert (row["validation_accuracy_low"], row["validation_accuracy_high"]) == expected
    assert row["chosen"]


def test_a_diverged_training_has_neither_loss_nor_interval(predictions):
    broken = predictions.assign(**dict.fromkeys(predictions.filter(like="p_"), np.nan))
    runs = {"good": run_with(0.5, predictions, 0.75), "broken": run_with(np.nan, broken, 0.1)}
    row = rate_table(runs, "good").iloc[1]
    assert row[["validation_loss", "validation_accuracy_low"]].isna().all()
    interval = row["validation_accuracy_low"], row["validation_accuracy_high"]
    assert estimate(row["validation_accuracy"], interval) == "10.0%"
    assert estimate(0.1, None) == "10.0%"
