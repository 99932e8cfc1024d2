"""Checks of notebook 03: rates compared fairly, chosen on validation, and what a step is."""

from collections.abc import Callable

import numpy as np

from wastelib.exercises.check import NotYetError, Slip, expect, require, right, tried

NAN = float("nan")


class _Model:
    """Stands for a network: weights that `_train` changes in place."""

    def __init__(self, seed: int):
        self.weights = np.random.default_rng(seed).normal(size=4)


def compare_rates(answer: Callable) -> None:
    """A loss for each rate, each from a model that begins at the same weights."""
    rates, where = [0.1, 0.01, 0.001], "the rates 0.1, 0.01, 0.001 and the seed 7"
    fresh, starts = _Model(7).weights, {}

    def train(model: _Model, rate: float) -> float:
        starts[rate] = model.weights.copy()
        model.weights -= rate
        return 1 + rate

    found = tried(answer, rates, _Model, train, 7, where=where)
    require(
        list(starts) == rates,
        f"trained at the rates {list(starts)}",
        where,
        "call `train(model, rate)` once for each rate",
    )
    for before, rate in zip([None, *rates], rates, strict=False):
        if np.allclose(starts[rate], fresh):
            continue
        left = before is not None and np.allclose(starts[rate], starts[before] - before)
        if left:
            raise NotYetError(
                f"the training at {rate:g} goes on with the weights that {before:g} has left",
                where=where,
                remedy="build a new model for every rate; a list or an array that was put aside "
                "and not copied changes with the model",
            )
        raise NotYetError(
            f"the training at {rate:g} begins at other weights than `build(7)` has",
            where=where,
            remedy="build each model with the seed that is given, the same for all rates",
        )
    require(
        isinstance(found, dict) and list(found) == rates,
        "the result is no dictionary with a loss for each rate",
        where,
        "return {rate: what `train` returned}",
    )
    expect(list(found.values()), [1 + rate for rate in rates], where)
    right("A beginner was compared with beginners: only the rate differed.")


def rates_between(answer: Callable) -> None:
    """Rates from lowest to highest, each the same multiple of the one before."""
    where = "4 rates from 0.0001 to 0.1"
    expect(
        tried(answer, 1e-4, 1e-1, 4, where=where),
        [1e-4, 1e-3, 1e-2, 1e-1],
        where,
        Slip(
            np.linspace(1e-4, 1e-1, 4),
            "the rates have equal distances: all but the first are of one order of magnitude",
            "make the ratios equal, that is the distances of the logarithms",
        ),
        Slip(
            np.geomspace(1e-4, 1e-1, 5)[:-1],
            "the highest rate is left out",
            "between n rates there are n - 1 steps",
        ),
        Slip(
            np.logspace(1e-4, 1e-1, 4),
            "the results lie around 1: the rates were taken for exponents",
            "look up what `start` and `stop` mean in the function that you call",
        ),
    )
    where = "3 rates from 0.002 to 0.032"
    expect(tried(answer, 0.002, 0.032, 3, where=where), [0.002, 0.008, 0.032], where, close=1e-9)
    right("A rate acts by its order of magnitude, so that is what is varied.")


def chosen_rate(answer: Callable) -> None:
    """The rate with the lowest validation loss in any epoch."""
    histories = {
        0.1: {"loss": [2.0, NAN, NAN], "val_loss": [2.1, NAN, NAN], "test_loss": [1.9, NAN, NAN]},
        0.01: {"loss": [1.4, 0.6, 0.2], "val_loss": [1.5, 0.9, 1.3], "test_loss": [1.5, 1.1, 1.4]},
        0.003: {"loss": [1.5, 0.9, 0.7], "val_loss": [1.6, 1.1, 1.0], "test_loss": [1.5, 1, 0.8]},
        0.001: {"loss": [1.7, 1.5, 1.3], "val_loss": [1.7, 1.5, 1.4], "test_loss": [1.7, 1.5, 1.4]},
    }
    where = "four rates, of which 0.1 diverged after its first epoch"
    expect(
        tried(answer, histories, where=where),
        0.01,
        where,
        Slip(
            0.1,
            "a rate was chosen whose loss is no number: every comparison with NaN is false",
            "leave epochs without a number out before you look for the lowest",
        ),
        Slip(
            0.003,
            "0.003 is lowest in the last epoch, or on the test images",
            "take the best epoch of each rate, of the validation loss alone",
        ),
        Slip(
            0.001,
            "the highest loss was chosen",
            "a lower loss is better",
        ),
    )
    where = "two rates, of which the second only has the lower training loss"
    histories = {
        0.01: {"loss": [1.0, 0.8], "val_loss": [1.1, 0.9], "test_loss": [1.1, 0.9]},
        0.1: {"loss": [0.9, 0.1], "val_loss": [1.2, 1.6], "test_loss": [1.2, 1.6]},
    }
    expect(
        tried(answer, histories, where=where),
        0.01,
        where,
        Slip(
            0.1,
            "the choice was made by the training loss",
            "what was learnt by heart is low there too: take the validation loss",
        ),
    )
    where = "two rates, of which 0.1 has no number in any epoch"
    histories = {
        0.1: {"loss": [NAN, NAN], "val_loss": [NAN, NAN], "test_loss": [NAN, NAN]},
        0.01: {"loss": [1.0, 0.8], "val_loss": [1.1, 0.9], "test_loss": [1.1, 0.9]},
    }
    expect(
        tried(answer, histories, where=where),
        0.01,
        where,
        Slip(
            0.1,
            "a rate was chosen that has no loss at all: `min` keeps a NaN that comes first",
            "NaN can be the lowest of a rate, too: leave such rates out of the choice",
        ),
    )
    right("The test had no part in the choice, so its figures may be believed.")


def adam_step(answer: Callable) -> None:
    """(weight, m, v) after a step of Adam, with decays 0.9 and 0.999."""
    where = "step 1 from weight 1, gradient 0.5, m = v = 0, rate 0.1"
    found = tried(answer, 1.0, 0.5, 0.0, 0.0, 1, 0.1, where=where)
    expect(
        found,
        (0.9, 0.05, 0.00025),
        where,
        Slip(
            (1.1, 0.05, 0.00025),
            "the step goes up the slope",
            "a gradient points to where the loss rises",
        ),
        Slip(
            (1 - 0.1 * 0.05 / 0.00025**0.5, 0.05, 0.00025),
            "the first step is three times too long: m and v still lean towards 0, their start",
            "divide m by 1 - 0.9^t and v by 1 - 0.999^t before you step, and return them undivided",
        ),
        Slip(
            (0.9, 0.5, 0.25),
            "m and v are returned after their correction, so the next step begins at wrong ones",
            "use the corrected values for the step, and return the running ones",
        ),
        Slip(
            (1 - 0.1 * 0.5 / 0.25, 0.05, 0.00025),
            "the step is divided by v and not by its root",
            "v is a mean of squares; its root has the gradient's own size",
        ),
        Slip(
            (0.9, 0.05, 0.0005),
            "v is a mean of the gradients, not of their squares",
            "square the gradient",
        ),
        close=1e-5,
    )
    where = "step 2 from weight 0.9, gradient -0.5, m = 0.05, v = 0.00025, rate 0.1"
    wanted = (0.905263, -0.005, 0.00049975)
    found = tried(answer, 0.9, -0.5, 0.05, 0.00025, 2, 0.1, where=where)
    expect(found, wanted, where, close=1e-5)
    where = "two weights at once, with gradients of 0.001 and 1000"
    found = tried(
        answer, np.ones(2), np.array([1e-3, 1e3]), np.zeros(2), np.zeros(2), 1, 0.1, where=where
    )
    expect(found[0], (0.9, 0.9), where, close=1e-3)
    right("Whatever the size of its gradient, a weight's first step is as long as the rate.")


def suggested_rate(answer: Callable) -> None:
    """A tenth of the rate at which the smoothed loss is lowest."""
    rates = np.geomspace(1e-5, 1, 51)
    losses = 2 + np.abs(np.arange(51) - 30) * 0.05
    losses[5] = 0.5
    where = "51 rates; the loss falls to step 30 and rises then; the batch of step 5 was lucky"
    slips = (
        Slip(
            rates[5] / 10,
            "the rate was read off the one lucky batch",
            "smooth the losses first: 0.9 of the mean so far, 0.1 of the step's own loss",
        ),
        Slip(
            rates[0] / 10,
            "the first smoothed losses are far too low: their mean begins at 0",
            "divide the mean of step t by 1 - 0.9^t, t from 1, or begin with the first loss",
        ),
        Slip(
            rates[35],
            "that is the rate of the lowest loss itself, where steps have begun to overshoot",
            "suggest a tenth of it",
        ),
    )
    begun_with_first = rates[36] / 10  # the other usual way to start a running mean
    found = tried(answer, rates, losses, where=where)
    if not np.array_equal(found, begun_with_first):
        expect(found, rates[35] / 10, where, *slips)
    where = "the same, and the last two losses are no numbers"
    losses[-2:] = NAN
    found = tried(answer, rates, losses, where=where)
    require(
        found is not None and np.isfinite(found) and found < rates[40] / 10,
        "the loss that is no number was taken for the lowest",
        where,
        "leave what is no number out when you look for the lowest",
    )
    right("One short training says where the steps begin to be too large.")
