"""What a random split overstates: the same models tested on random and on grouped splits."""

from collections.abc import Mapping

import pandas as pd

from wastelib.errors import WasteError
from wastelib.evaluation.metrics import SCORES, evaluate
from wastelib.evaluation.spread import across_seeds, difference_across_seeds

METHODS = ("random", "group")

Tests = Mapping[str, Mapping[tuple[str, int], pd.DataFrame]]  # model -> (method, seed) -> table


def leak_scores(tests: Tests) -> pd.DataFrame:
    """The test scores of each model on each split, one row per model and split seed.

    `tests` maps a model to its test predictions by (method, split seed), method being
    "random" or "group". Columns: model, seed, then for accuracy and macro_f1 (0..1) both
    methods' scores and their difference, random minus group: `accuracy_random`,
    `accuracy_group`, `accuracy_difference`, and so on.

    Raises `WasteError` if a model lacks one of the two methods for a seed.
    """
    rows = []
    for model, tables in tests.items():
        for seed in sorted({seed for _, seed in tables}):
            if missing := [method for method in METHODS if (method, seed) not in tables]:
                raise WasteError(
                    f"{model} has no {missing[0]} split with seed {seed} to compare",
                    remedy="train it on both splits of each seed",
                )
            found = {method: evaluate(tables[method, seed]) for method in METHODS}
            row = {"model": model, "seed": seed}
            for score in SCORES:
                of = {method: getattr(found[method], score) for method in METHODS}
                row |= {f"{score}_{method}": of[method] for method in METHODS}
                row[f"{score}_difference"] = of["random"] - of["group"]
            rows.append(row)
    return pd.DataFrame(rows)


def leak_table(scores: pd.DataFrame) -> pd.DataFrame:
    """What the random split overstates, one row per model and score.

    `scores` is that of `leak_scores`. Columns: model, score ("accuracy" or "macro_f1"), seeds,
    random and group (means over the split seeds, each with `_low` and `_high`), difference
    (their mean difference, paired by split seed) with low and high, p, and real (p below 0.05;
    differences that are all equal never are, see `spread.difference_across_seeds`).

    The intervals are 95 % t intervals over split seeds: these are drawn independently, and a
    bootstrap of a handful of values would be too narrow. They are of these photographs, so
    they say what other splits of them would give, not what other photographs would.

    Raises `WasteError` for fewer than two split seeds.
    """
    rows = []
    for model, table in scores.groupby("model", sort=False):
        for score in SCORES:
            row = {"model": model, "score": score, "seeds": len(table)}
            for method in METHODS:
                of = across_seeds(table[f"{score}_{method}"], within=(0.0, 1.0))
                row |= {method: of.mean}
                row |= {f"{method}_low": of.interval[0], f"{method}_high": of.interval[1]}
            rows.append(row | difference_across_seeds(table[f"{score}_difference"]))
    return pd.DataFrame(rows)


def seen_share(assignment: pd.DataFrame) -> float:
    """The share of the test images whose group has images in the training subset too, 0..1.

    `assignment` has a split's columns group and subset. It is 0 for a split by group.
    """
    training = assignment.loc[assignment["subset"] == "train", "group"]
    test = assignment.loc[assignment["subset"] == "test", "group"]
    return float(test.isin(training).mean())
