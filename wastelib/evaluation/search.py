"""What a search found: its history with intervals, and which of the searched fields mattered."""

import math

import numpy as np
import optuna
import pandas as pd
from optuna.distributions import BaseDistribution, FloatDistribution

from wastelib.evaluation.metrics import evaluate
from wastelib.evaluation.resampling import Interval
from wastelib.training.search import Search, Suggestion

FEWEST = 8  # trials: with fewer, importances are the forest's noise
PARTS = 10  # left out in turn, to see what the importances owe to single trials


def search_table(search: Search) -> pd.DataFrame:
    """One row per trial of the search, in order, judged on validation.

    Columns: number (from 1), the searched fields, validation_loss, best_so_far (the lowest loss
    up to here), validation_accuracy, validation_accuracy_low, validation_accuracy_high (the 95 %
    interval over groups), seconds (of training, all seeds), runs (their hashes). Scores are
    means over the seeds. Where a training diverged the loss is missing, and so is the interval.

    The interval is that of one trial. The best of many is also the luckiest of many on these
    very images, which no interval here accounts for.
    """
    table = pd.DataFrame([_row(suggestion) for suggestion in search.tried])
    best = table["validation_loss"].cummin().ffill()
    table.insert(table.columns.get_loc("validation_loss") + 1, "best_so_far", best)
    return table


def _row(suggestion: Suggestion) -> dict:
    low, high = _interval(suggestion)
    accuracies = [run.kept_epoch["val_accuracy"] for run in suggestion.runs]
    return {
        "number": suggestion.number,
        **suggestion.values,
        "validation_loss": suggestion.loss if math.isfinite(suggestion.loss) else math.nan,
        "validation_accuracy": float(np.mean(accuracies)),
        "validation_accuracy_low": low,
        "validation_accuracy_high": high,
        "seconds": sum(run.manifest["train_seconds"] for run in suggestion.runs),
        "runs": " ".join(run.hash for run in suggestion.runs),
    }


def _interval(suggestion: Suggestion) -> Interval:
    """Of the mean over the seeds: an image counts once for each, and its group is drawn whole."""
    if not math.isfinite(suggestion.loss):
        return math.nan, math.nan
    tables = {run.hash: run.predictions for run in suggestion.runs}
    apart = [table.assign(image=table["image"] + f" {run}") for run, table in tables.items()]
    return evaluate(pd.concat(apart), "validation").accuracy_interval


def importances(search: Search) -> pd.DataFrame | None:
    """How much each searched field alone had to do with the loss; shares that sum to 1.

    Columns: field, importance, low, high; the most important first. The method is fANOVA
    (Hutter, Hoos and Leyton-Brown 2014, "An Efficient Approach for Assessing Hyperparameter
    Importance"): a random forest learns the loss from the fields, and the variance of its
    answers over the space is divided among them. A loss above that of guessing, and that of a
    training that diverged, counts as that of guessing, or one disaster would explain it all.

    `low` and `high` are the least and the most that come out when each of `PARTS` parts of the
    trials is left out in turn, with another forest each time. It is no confidence interval, but
    says how far the importances hang on a few trials and on chance.

    None if fewer than `FEWEST` different trials were made, or all ended alike: nothing can be
    said then.
    """
    different = list({str(suggestion.values): suggestion for suggestion in search.tried}.values())
    if len(different) < FEWEST:
        return None
    guessing = math.log(len(different[0].runs[0].classes))
    losses = np.array([min(suggestion.loss, guessing) for suggestion in different])
    everything = np.arange(len(different))
    shuffled = np.random.default_rng(0).permutation(everything)
    kept = [np.setdiff1d(everything, part) for part in np.array_split(shuffled, PARTS)]
    if any(np.ptp(losses[rows]) == 0 for rows in kept):
        return None
    values = [suggestion.values for suggestion in different]
    found = pd.DataFrame(
        [
            _fanova(search.distributions, [values[i] for i in rows], losses[rows], seed)
            for seed, rows in enumerate([everything, *kept])
        ]
    )
    table = pd.DataFrame({"importance": found.iloc[0], "low": found.min(), "high": found.max()})
    table = table.sort_values("importance", ascending=False, kind="stable")
    return table.rename_axis("field").reset_index()


def _fanova(
    distributions: dict[str, BaseDistribution],
    values: list[dict[str, object]],
    losses: np.ndarray,
    seed: int,
) -> dict[str, float]:
    study = optuna.create_study()
    logarithmic = {name for name, found in distributions.items() if getattr(found, "log", False)}
    scaled = {
        name: FloatDistribution(math.log(found.low), math.log(found.high))
        if name in logarithmic
        else found
        for name, found in distributions.items()
    }
    for one, loss in zip(values, losses, strict=True):
        params = {n: math.log(v) if n in logarithmic else v for n, v in one.items()}
        study.add_trial(optuna.create_trial(params=params, distributions=scaled, value=float(loss)))
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=seed)
    return optuna.importance.get_param_importances(study, evaluator=evaluator)
