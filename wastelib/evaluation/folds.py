"""Cross-validation summed up: every image tested once, by a model that has not seen it."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from wastelib.errors import WasteError
from wastelib.evaluation.metrics import SCORES, Evaluation, evaluate


@dataclass(frozen=True, eq=False)
class FoldSummary:
    """How one trial did in all folds.

    `folds` has one row per fold: fold (from 1), images, groups, accuracy, accuracy_low,
    accuracy_high, macro_f1, macro_f1_low, macro_f1_high. `spread` is indexed by accuracy and
    macro_f1, with mean, deviation (standard deviation over the folds), least and most.
    `pooled` is the evaluation of all out-of-fold answers together: its intervals are those to
    quote, and its `confusion` counts every image once.
    """

    folds: pd.DataFrame
    spread: pd.DataFrame
    pooled: Evaluation


def summarise_folds(
    tests: Sequence[pd.DataFrame], *, samples: int = 1000, seed: int = 0
) -> FoldSummary:
    """From the test predictions of each fold's run.

    The spread over folds shows how much one split alone could have misled. It is no standard
    error: the folds' training subsets overlap, and no unbiased estimate of the variance of
    their mean exists (Bengio and Grandvalet 2004, J. Mach. Learn. Res. 5, 1089-1105). The
    interval of `pooled` is over groups, each of which stands in one fold only.

    Raises `WasteError` for fewer than two folds and if an image or a group is in two, and
    `ValueError` as `predictions.checked` does.
    """
    if len(tests) < 2:
        raise WasteError(
            f"{len(tests)} folds are no cross-validation", remedy="ask for at least two folds"
        )
    pooled = pd.concat(
        [table[table["subset"] == "test"].assign(fold=i) for i, table in enumerate(tests)],
        ignore_index=True,
    )
    for what in ("image", "group"):
        folds = pooled.groupby(what)["fold"].nunique()
        if (folds > 1).any():
            raise WasteError(
                f"the {what} {folds.idxmax()} is in the test subsets of {folds.max()} folds",
                remedy="pass the folds of one cross-validation by group",
            )
    rows = []
    for number, table in enumerate(tests, start=1):
        found = evaluate(table, samples=samples, seed=seed)
        row = {"fold": number, "images": found.images, "groups": found.groups}
        for score in SCORES:
            low, high = getattr(found, f"{score}_interval")
            row |= {score: getattr(found, score), f"{score}_low": low, f"{score}_high": high}
        rows.append(row)
    folds = pd.DataFrame(rows)
    spread = folds[list(SCORES)].agg(["mean", "std", "min", "max"]).T
    spread.columns = ["mean", "deviation", "least", "most"]
    return FoldSummary(folds, spread, evaluate(pooled, samples=samples, seed=seed))
