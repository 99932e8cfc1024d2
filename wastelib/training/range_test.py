"""The learning-rate range test: one short training whose rate rises from step to step.

Source: Smith 2017, "Cyclical Learning Rates for Training Neural Networks" (section 3.3). The
rate rises by equal ratios instead of equal steps, the loss is smoothed, and the test ends where
it diverges, as Howard and Gugger 2020, "fastai: A Layered API for Deep Learning", do it.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from wastelib.data.dataset import Dataset
from wastelib.data.lock import one_at_a_time
from wastelib.files import whole_file
from wastelib.training.budget import Budget, Job, threads_for
from wastelib.training.earlier import refuse_what_cannot_begin
from wastelib.training.pool import carry_out
from wastelib.training.trial import Trial

MEMORY = 0.9  # a smoothed loss has so much of the one before it, and the rest of its own step
DIVERGED = 4  # times the lowest smoothed loss: it will not come back
BELOW_THE_LOWEST = 10  # a rate that has just reached the lowest loss has begun to overshoot


@dataclass(frozen=True, eq=False)
class RangeTest:
    """What a range test saw: the rate of each step, and the loss of its batch before the step.

    `losses` has the columns learning_rate and loss; it ends early where the loss diverged.
    """

    losses: pd.DataFrame

    @cached_property
    def smoothed(self) -> np.ndarray:
        """The losses, each a mean of itself and of those before it, which fade."""
        return smoothed(self.losses["loss"])

    @property
    def suggestion(self) -> float:
        """A tenth of the rate at which the smoothed loss is lowest, within the rates tested."""
        rates = self.losses["learning_rate"].to_numpy()
        lowest = rates[np.nan_to_num(self.smoothed, nan=np.inf).argmin()]
        return float(max(lowest / BELOW_THE_LOWEST, rates[0]))


def smoothed(losses: Sequence[float]) -> np.ndarray:
    """Exponentially weighted means, without the pull towards 0 of the first ones."""
    return pd.Series(losses, dtype=float).ewm(alpha=1 - MEMORY).mean().to_numpy()


def range_test(
    trial: Trial,
    dataset: Dataset,
    *,
    lowest: float,
    highest: float,
    steps: int,
    weights: str = "demo",
) -> RangeTest:
    """Train `trial` for `steps` batches at rates from `lowest` to `highest`, at equal ratios.

    Only training images are seen. The trial's own rate and its schedule, its epochs, and which
    of them is kept have no part in it. The outcome is stored in
    `dataset.build_folder/range_tests`, so the same test is not made twice. It takes seconds, and
    is made on this machine, in a process of its own.

    Raises `WasteError` as `train` does.
    """
    refuse_what_cannot_begin(trial, dataset)
    settled = {"learning_rate": lowest, "schedule": "constant", "warmup_epochs": 0}
    settled |= {"epochs": 1, "patience": 0, "restore_best": False, "averaging": 0.0}
    trial = trial.model_copy(update=settled)
    rates = np.geomspace(lowest, highest, steps).tolist()
    file = _file(trial, dataset, rates)
    if not file.exists():
        _carry_out(trial, dataset, rates, weights)
    return RangeTest(pd.read_csv(file))


def _file(trial: Trial, dataset: Dataset, rates: list[float]) -> Path:
    facts = json.dumps([trial.hash, rates])
    name = hashlib.sha256(facts.encode()).hexdigest()[:16]
    return dataset.build_folder / "range_tests" / f"{name}.csv"


def _carry_out(trial: Trial, dataset: Dataset, rates: list[float], weights: str) -> None:
    budget = Budget.of_this_machine()
    threads = threads_for(1, budget.cores)
    job = Job.of(
        "range_test",
        trial,
        dataset,
        key="range_test",
        weights=weights,
        threads=threads,
        rates=rates,
    )
    ends: dict[str, BaseException | None] = {}
    carry_out([job], budget, on_epoch=lambda *_: None, on_end=ends.__setitem__)
    if reason := ends["range_test"]:
        raise reason


def store_range_test(trial: Trial, dataset: Dataset, rates: list[float], *, weights: str) -> None:
    """Make the test in this process, and store it, unless it is stored."""
    from wastelib.training.fit import computing_in  # here, for callers that do without TensorFlow

    file = _file(trial, dataset, rates)
    with one_at_a_time(file):
        if file.exists():
            return
        with computing_in(trial.precision):
            losses = _losses(trial, dataset, rates, weights)
        table = pd.DataFrame({"learning_rate": rates[: len(losses)], "loss": losses})
        with whole_file(file) as temporary:
            table.to_csv(temporary, index=False)


def _losses(trial: Trial, dataset: Dataset, rates: list[float], weights: str) -> list[float]:
    """The loss of each step's batch, until rates or hope are at an end."""
    import keras

    from wastelib.training.distillation import learner_of
    from wastelib.training.fit import prepared

    parts, examples = prepared(trial, dataset, dataset.split(trial.split), weights)
    net = learner_of(trial, parts.net, parts.teacher, examples)
    losses: list[float] = []

    def raise_rate(batch, logs=None):
        net.reset_metrics()  # or the loss would be a mean over the epoch so far
        net.optimizer.learning_rate = rates[len(losses)]

    def note_loss(batch, logs):
        losses.append(float(logs["loss"]))
        net.stop_training = len(losses) == len(rates) or diverged(losses)

    begin, end = {"on_train_batch_begin": raise_rate}, {"on_train_batch_end": note_loss}
    epoch = 0
    while not net.stop_training:
        net.fit(
            examples.training(epoch),
            class_weight=examples.class_weight,
            callbacks=[keras.callbacks.LambdaCallback(**begin, **end)],
            shuffle=False,
            verbose=0,
        )
        epoch += 1
    return losses


def diverged(losses: Sequence[float]) -> bool:
    """Whether the last of these losses shows that nothing is to be had from higher rates."""
    means = smoothed(losses)
    return not (np.isfinite(losses[-1]) and means[-1] <= DIVERGED * np.nanmin(means))
