"""Typical wrong answers to the exercises of notebook 03, by what their check says."""

import numpy as np
import pandas as pd


def one_model(rates, build, train, seed):
    model = build(seed)
    return {rate: train(model, rate) for rate in rates}


def reset_without_a_copy(rates, build, train, seed):
    model, losses = build(seed), {}
    first = model.weights
    for rate in rates:
        model.weights = first
        losses[rate] = train(model, rate)
    return losses


def by(rule):
    return lambda histories: min(histories, key=lambda rate: rule(histories[rate]))


def best(name):
    return by(lambda history: np.nanmin(history[name]))


def adam(sign=-1, corrected=True, squared=True, root=True, keep_corrected=False):
    def step(weight, gradient, m, v, t, rate):
        m = 0.9 * m + 0.1 * gradient
        v = 0.999 * v + 0.001 * (gradient**2 if squared else gradient)
        mean, square = (m / (1 - 0.9**t), v / (1 - 0.999**t)) if corrected else (m, v)
        moved = weight + sign * rate * mean / ((np.sqrt(square) if root else square) + 1e-7)
        if not squared:  # only the running mean is wrong in the first step
            moved = weight - rate
        return (moved, mean, square) if keep_corrected else (moved, m, v)

    return step


def suggest(losses, rates, share=0.1):
    return rates[int(np.argmin(losses))] * share


def by_hand(losses):
    mean, means = 0.0, []
    for step, loss in enumerate(losses, start=1):
        mean = 0.9 * mean + 0.1 * loss
        means.append(mean / (1 - 0.9**step))
    return means


def smooth(losses):
    return pd.Series(losses).ewm(alpha=0.1).mean().fillna(np.inf)


WRONG = {
    "compare_rates": {
        "goes on with the weights that 0.1 has left": one_model,
        "goes on with the weights": reset_without_a_copy,
        "begins at other weights": lambda rates, build, train, seed: {
            rate: train(build(seed + number), rate) for number, rate in enumerate(rates)
        },
        "trained at the rates []": lambda rates, build, train, seed: dict.fromkeys(rates, 1.0),
        "no dictionary": lambda rates, build, train, seed: [train(build(seed), r) for r in rates],
    },
    "rates_between": {
        "equal distances": np.linspace,
        "the highest rate is left out": lambda low, high, count: np.geomspace(low, high, count + 1)[
            :-1
        ],
        "taken for exponents": np.logspace,
    },
    "chosen_rate": {
        "is no number": lambda histories: min(
            histories, key=lambda rate: histories[rate]["val_loss"][-1]
        ),
        "lowest in the last epoch": by(
            lambda history: np.nan_to_num(history["val_loss"], nan=9)[-1]
        ),
        "or on the test images": best("test_loss"),
        "the training loss": best("loss"),
        "no loss at all": by(lambda history: min(history["val_loss"])),
        "the highest loss was chosen": by(
            lambda history: -history["val_loss"][0] * (history["val_loss"][0] < 2)
        ),
    },
    "adam_step": {
        "up the slope": adam(sign=1),
        "three times too long": adam(corrected=False),
        "after their correction": adam(keep_corrected=True),
        "divided by v": adam(root=False),
        "not of their squares": adam(squared=False),
    },
    "suggested_rate": {
        "the one lucky batch": lambda rates, losses: suggest(losses, rates),
        "begins at 0": lambda rates, losses: suggest(
            pd.Series([0, *losses]).ewm(alpha=0.1, adjust=False).mean()[1:], rates
        ),
        "begun to overshoot": lambda rates, losses: suggest(smooth(losses), rates, 1),
        "taken for the lowest": lambda rates, losses: suggest(by_hand(losses), rates),
    },
}
