"""The difference between two models on the same images."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from wastelib.evaluation.metrics import accuracies, class_counts, macro_f1s
from wastelib.evaluation.predictions import aligned
from wastelib.evaluation.resampling import Interval, as_interval, group_sums, resample


@dataclass(frozen=True)
class Comparison:
    """Scores of model A minus those of model B on the same images. Intervals are 95 %.

    `only_a_right` and `only_b_right` count the images that tell the two apart; `p_value`
    is that of McNemar's exact test, `group_p_value` that of the same test with groups in
    place of images; `macro_f1_p_value` belongs to the interval of macro F1.
    """

    images: int
    groups: int
    difference: float
    difference_interval: Interval
    only_a_right: int
    only_b_right: int
    p_value: float
    group_p_value: float
    macro_f1_difference: float
    macro_f1_interval: Interval
    macro_f1_p_value: float


def compare(
    predictions_a: pd.DataFrame,
    predictions_b: pd.DataFrame,
    subset: str = "test",
    *,
    samples: int = 1000,
    seed: int = 0,
) -> Comparison:
    """Compare two models image by image, on the same images.

    The intervals are of the differences themselves, from the groups that `evaluate` draws, and
    macro F1's p is that of its interval (see `Resampled.difference`).

    McNemar's exact test (McNemar 1947, Psychometrika 12, 153-157): if the models are equally
    good, each image that only one of them gets right is a fair coin. It takes images as
    independent, which photographs of one item are not; then it raises more false alarms than
    it claims. `exact_group_test` does not.

    Raises as `predictions.aligned` does.
    """
    a, b = aligned([predictions_a, predictions_b], subset)
    counts = np.hstack([class_counts(a), class_counts(b)])
    resampled = resample(group_sums(counts, a.rows["group"]), samples, seed)
    wins = group_sums(np.c_[a.right & ~b.right, b.right & ~a.right], a.rows["group"])
    only_a, only_b = wins.sum(axis=0).astype(int)
    accuracy, _ = resampled.difference(accuracy_difference)
    macro_f1, p_value = resampled.difference(macro_f1_difference)
    total = counts.sum(axis=0)
    return Comparison(
        images=len(a.rows),
        groups=len(wins),
        difference=float(accuracy_difference(total)),
        difference_interval=as_interval(accuracy),
        only_a_right=int(only_a),
        only_b_right=int(only_b),
        p_value=mcnemar_exact(only_a, only_b),
        group_p_value=exact_group_test(wins[:, 0] - wins[:, 1]),
        macro_f1_difference=float(macro_f1_difference(total)),
        macro_f1_interval=as_interval(macro_f1),
        macro_f1_p_value=float(p_value),
    )


def mcnemar_exact(only_a_right: int, only_b_right: int) -> float:
    """Two-sided p of so uneven a division of the images that one model alone got right."""
    from scipy.stats import binomtest

    differing = int(only_a_right + only_b_right)
    return float(binomtest(int(only_a_right), differing).pvalue) if differing else 1.0


def exact_group_test(leads: np.ndarray) -> float:
    """McNemar's exact test with whole groups as coins.

    `leads` has, for each group, the images that only A got right minus those that only B got
    right. If the models are equally good, each group's lead is as likely to be the other's;
    p is the share of all such exchanges whose total is at least as far from 0. It is counted,
    not drawn: the total's distribution is a convolution of binomial ones, one for each size of
    lead. Where no group has two images, this is McNemar's exact test.

    For clustered pairs see Durkalski et al. 2003, Stat. Med. 22, 2417-2428; the exchange is
    Fisher's randomisation test (1935, The Design of Experiments, section 21).
    """
    from scipy.stats import binom

    sizes, groups = np.unique(np.abs(leads[leads != 0]).astype(int), return_counts=True)
    distribution = np.ones(1)  # of the total's distance from its lowest value, in steps of 2
    for size, count in zip(sizes, groups, strict=True):
        steps = np.zeros(size * count + 1)
        steps[::size] = binom.pmf(np.arange(count + 1), count, 0.5)
        distribution = np.convolve(distribution, steps)
    totals = 2 * np.arange(len(distribution)) - (sizes * groups).sum()
    return float(min(distribution[np.abs(totals) >= abs(leads.sum())].sum(), 1.0))


def accuracy_difference(counts: np.ndarray) -> np.ndarray:
    """A's accuracy minus B's, of A's and B's `class_counts` side by side: (...)."""
    a, b = np.split(counts, 2, axis=-1)
    return accuracies(a) - accuracies(b)


def macro_f1_difference(counts: np.ndarray) -> np.ndarray:
    """A's macro F1 minus B's, of the same."""
    a, b = np.split(counts, 2, axis=-1)
    return macro_f1s(a) - macro_f1s(b)
