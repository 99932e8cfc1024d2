"""Arms of an experiment: the same test images, several training seeds each, one reference.

One method for every question: intervals are percentiles of the draws of `draws.score_draws`, or
of differences between them.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from wastelib.evaluation.draws import Arms, score_draws
from wastelib.evaluation.metrics import SCORES
from wastelib.evaluation.ranking import LEVEL, holm
from wastelib.training.run import Run


def compare_arms(
    runs_by_arm: Arms,
    reference: str,
    subset: str = "test",
    *,
    classes: Sequence[str] | None = None,
    samples: int = 4000,
    seed: int = 0,
) -> pd.DataFrame:
    """One row per arm: its scores, means over its seeds, and their differences to `reference`.

    `runs_by_arm` holds the predictions tables of each arm, one per training seed; macro F1 is
    that of `classes`, or of all. Columns: arm, seeds, is_reference, and of each of `SCORES`
    itself, `_low`, `_high`, `_difference`, `_difference_low`, `_difference_high` (95 %
    intervals) and `_p`: two-sided, corrected by Holm over the arms. Of the reference itself
    the differences are 0 and p is 1.

    The intervals are about other seeds and other items of the kind that was photographed; the
    training images, and the budget, are given.

    Raises as `score_draws` does.
    """
    observed, draws = score_draws(runs_by_arm, subset, classes=classes, samples=samples, seed=seed)
    arms = list(runs_by_arm)
    others = [arm for arm in arms if arm != reference]
    table = pd.DataFrame(
        {
            "arm": arms,
            "seeds": [len(runs) for runs in runs_by_arm.values()],
            "is_reference": [arm == reference for arm in arms],
        },
        index=arms,
    )
    for score in SCORES:
        away = draws[score].sub(draws[score][reference], axis=0)
        table[score] = observed[score]
        table[[f"{score}_low", f"{score}_high"]] = _intervals(draws[score]).clip(0, 1)
        table[f"{score}_difference"] = observed[score] - observed.loc[reference, score]
        table[[f"{score}_difference_low", f"{score}_difference_high"]] = _intervals(away)
        table[f"{score}_p"] = 1.0
        if others:
            table.loc[others, f"{score}_p"] = holm(away[others].apply(_two_sided))
    return table.reset_index(drop=True)


def rarest(labels: pd.Series) -> list[str]:
    """The third of the classes that have fewest images, at least one; the rarest first."""
    counts = labels.value_counts().sort_index().sort_values(kind="stable")
    return list(counts.index[: max(1, round(len(counts) / 3))])


def costs(runs_by_arm: Mapping[str, Sequence[Run]]) -> pd.DataFrame:
    """What each arm costs, from its runs' manifests: medians over its seeds.

    Columns: arm, parameters, size_bytes, train_seconds, the least and the most of these as
    train_seconds_low and _high, image_milliseconds. A run that started from another one has
    that one's seconds on top.
    """
    rows = []
    for arm, runs in runs_by_arm.items():
        seconds = [_seconds(run) for run in runs]
        manifests = pd.DataFrame([run.manifest for run in runs])
        rows.append(
            {
                "arm": arm,
                "parameters": int(manifests["parameters"].iloc[0]),
                "size_bytes": int(manifests["model_bytes"].median()),
                "train_seconds": float(np.median(seconds)),
                "train_seconds_low": min(seconds),
                "train_seconds_high": max(seconds),
                "image_milliseconds": float(manifests["image_milliseconds"].median()),
            }
        )
    return pd.DataFrame(rows)


def answer(table: pd.DataFrame, score: str = "accuracy", name: str = "accuracy") -> str:
    """One sentence on which arms of `compare_arms` differ from the reference in a score.

    `name` is what the score is called. A difference counts where Holm's p is below 0.05.
    """
    reference = table.loc[table["is_reference"], "arm"].iloc[0]
    others = table[~table["is_reference"]].sort_values(f"{score}_difference", ascending=False)
    real = others[others[f"{score}_p"] < LEVEL]
    if real.empty:
        widest = others.loc[others[f"{score}_difference"].abs().idxmax()]
        which = f"that of {widest['arm']}"
        which = which if len(others) == 1 else f"the largest, {which},"
        return (
            f"**No difference in {name} to {reference} is beyond chance**; {which} is "
            f"{_points(widest, score)}."
        )
    better = real[real[f"{score}_difference"] > 0]
    worse = real[real[f"{score}_difference"] < 0]
    parts = []
    for word, rows in (("Better than", better), ("Worse than", worse)):
        if len(rows):
            listed = "; ".join(
                f"{row['arm']} by {_points(row, score)}" for _, row in rows.iterrows()
            )
            parts.append(f"**{word} {reference} in {name}: {listed}**")
    if unsure := [arm for arm in others["arm"] if arm not in set(real["arm"])]:
        parts.append(f"no difference beyond chance: {', '.join(unsure)}")
    return f"{'; '.join(parts)}."


def _points(row: pd.Series, score: str) -> str:
    """'+1.2 points (-0.5 to +3.0, p = 0.2)'."""
    middle, low, high = (
        f"{100 * row[f'{score}_difference{end}']:+.1f}" for end in ("", "_low", "_high")
    )
    return f"{middle} points ({low} to {high}, p = {row[f'{score}_p']:.2g})"


def _intervals(draws: pd.DataFrame) -> np.ndarray:
    """(arms, 2): 95 % percentile intervals."""
    return np.percentile(draws, [2.5, 97.5], axis=0).T


def _two_sided(draws: pd.Series) -> float:
    """p of the hypothesis that the difference is 0; at least 2 / samples."""
    below, above = (draws <= 0).sum(), (draws >= 0).sum()
    return min(1.0, 2 * (min(below, above) + 1) / (len(draws) + 1))


def _seconds(run: Run) -> float:
    """Seconds of training, with those of the run that it started from."""
    start = getattr(run.trial.model, "start", None)
    own = run.manifest["train_seconds"]
    return own if start is None else own + _seconds(Run(run.folder.with_name(start)))
