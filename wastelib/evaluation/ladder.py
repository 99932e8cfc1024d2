"""A ladder of models over several splits: what each step up is worth, and what is to be believed.

A split seed makes a random and a grouped split. What is chosen, is chosen on each split by its
own validation images: those of one split are test images of another, so a choice by the mean
over the splits would have seen the tests.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from wastelib.evaluation.calibration import at_temperature, expected_calibration_error
from wastelib.evaluation.ensemble import Ensemble
from wastelib.evaluation.leak import METHODS
from wastelib.evaluation.ranking import LEVEL, holm
from wastelib.evaluation.spread import difference_across_seeds

Ladder = Mapping[str, Mapping[tuple[str, int], Ensemble]]  # model -> (method, seed) -> ensemble


def ladder_table(leak: pd.DataFrame, ladder: Ladder) -> pd.DataFrame:
    """One row per model, in the order of `ladder`: its accuracies and its size.

    `leak` is the table of `leak.leak_table` for the same models and splits. Columns: model,
    parameters (of all networks that answer, the median over the splits, which may have chosen
    differently), seeds, and group and random (mean accuracies over the split seeds), each with
    `_low` and `_high`, then difference (random minus group), low, high and real.
    """
    accuracy = leak[leak["score"] == "accuracy"].set_index("model").loc[list(ladder)]
    sizes = [
        int(np.median([ensemble.parameters for ensemble in of.values()])) for of in ladder.values()
    ]
    table = accuracy.drop(columns="score").reset_index()
    table.insert(1, "parameters", sizes)
    return table


def steps_table(scores: pd.DataFrame, steps: Mapping[str, tuple[str, str]]) -> pd.DataFrame:
    """What each step is worth in accuracy, one row per step and kind of split.

    `scores` is the table of `leak.leak_scores`; `steps` maps the name of a step to the models
    with it and without it. Columns: step, method ("group" or "random"), seeds, difference (the
    mean, paired by split seed), low and high (its 95 % t interval, of each step by itself), p
    (of the t test, corrected by Holm over the steps on this kind of split), and real (p below
    `LEVEL`).

    Raises `WasteError` for fewer than two split seeds.
    """
    by_model = {model: table.set_index("seed") for model, table in scores.groupby("model")}
    rows = []
    for step, (with_it, without) in steps.items():
        for method in METHODS[::-1]:
            column = f"accuracy_{method}"
            gain = by_model[with_it][column] - by_model[without][column]
            rows.append({"step": step, "method": method} | difference_across_seeds(gain))
    table = pd.DataFrame(rows)
    table["p"] = table.groupby("method")["p"].transform(holm)
    table["real"] = table["p"] < LEVEL
    return table


def step_in_words(step: pd.Series) -> str:
    """The verdict on one row of `steps_table`: 'worth +1.2 points (+0.3 to +2.1)'."""
    middle, low, high = (f"{100 * step[name]:+.1f}" for name in ("difference", "low", "high"))
    points = f"{middle} points ({low} to {high})"
    if not step["real"]:
        return f"worth {points}, which may be chance"
    return f"worth {points}" if step["difference"] > 0 else f"a loss, of {points}"


def temperatures_table(ladder: Ladder, tests: Mapping, method: str = "group") -> pd.DataFrame:
    """How far confidence is from accuracy before and after a temperature, on one kind of split.

    `tests` has the test predictions of each model and split, as `leak.leak_scores` takes them.
    Columns: model, seeds, temperature (the median over the splits) with its least and most as
    temperature_low and _high; then mean expected calibration errors: before, first (each
    member had a temperature of its own before averaging) and after (one temperature, after
    averaging); and change (after minus before) with low and high, its 95 % t interval.
    """
    rows = []
    for model, of in ladder.items():
        chosen = {split: ensemble for split, ensemble in of.items() if split[0] == method}
        errors = pd.DataFrame(
            {
                "before": expected_calibration_error(tests[model][split]),
                "first": expected_calibration_error(ensemble.open_test_tempered_first()),
                "after": expected_calibration_error(
                    at_temperature(tests[model][split], ensemble.temperature)
                ),
            }
            for split, ensemble in chosen.items()
        )
        temperatures = [ensemble.temperature for ensemble in chosen.values()]
        row = {"model": model, "temperature": float(np.median(temperatures))}
        row |= {"temperature_low": min(temperatures), "temperature_high": max(temperatures)}
        change = difference_across_seeds(errors["after"] - errors["before"])
        row |= errors.mean().to_dict() | {"change": change["difference"]}
        rows.append(row | {name: change[name] for name in ("seeds", "low", "high")})
    return pd.DataFrame(rows)
