"""What else could have come out with other groups: the bootstrap behind every interval.

Photographs of one item are not independent of each other, so whole groups are drawn with
replacement (Field and Welsh 2007, Bootstrapping clustered data, J. R. Stat. Soc. B 69,
369-390). The intervals are BCa intervals, bias-corrected and accelerated (Efron 1987, Better
bootstrap confidence intervals, J. Am. Stat. Assoc. 82, 171-185), with Student's t in place of
the normal distribution, as few groups need it (Hesterberg 2015, What teachers should know about
the bootstrap, Am. Stat. 69, 371-386). Plain percentiles are not enough: macro F1 of a resample
lies systematically below macro F1 of the sample, and on 153 groups in nine classes their 95 %
covered the truth 92 times in 100. `report/recorded/coverage` has how often these do.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri, stdtr, stdtrit

Interval = tuple[float, float]
Statistic = Callable[[np.ndarray], np.ndarray]
OUTSIDE = 0.025  # on each side of a 95 % interval
FEWEST = 6  # groups: of five that all point one way, a sign test has p = 2 / 2^5, above 5 %
TIE = 1e-12


@dataclass(frozen=True, eq=False)
class Resampled:
    """Counts by group, and their sums over draws of as many groups with replacement.

    `sums` is (groups, ..., columns), `drawn` (samples, ..., columns). A statistic takes
    counts (..., columns) and gives numbers (...). What stands between the first and the last
    axis, nothing or several datasets, stays in all results.
    """

    sums: np.ndarray
    drawn: np.ndarray

    def interval(
        self, statistic: Statistic, within: Interval = (0.0, 1.0)
    ) -> tuple[np.ndarray, np.ndarray]:
        """The ends of the statistic's 95 % interval, which stay within its range `within`.

        Fewer than six groups are no evidence, and the interval is all of `within`. Where
        all groups agree (every image right), draws show no uncertainty. The interval is then
        that of a kind of group that was not among these: its share of all groups is at most
        1 - 0.025^(1/groups) with 97.5 % confidence, the exact binomial bound (Clopper and
        Pearson 1934, Biometrika 26, 404-413), and its score may be any.
        """
        estimate, values, bias, acceleration = self._bca(statistic)
        unseen = 1 - OUTSIDE ** (1 / len(self.sums)) if len(self.sums) >= FEWEST else 1.0
        useless = (np.ptp(values, axis=0) <= TIE) | (unseen == 1.0)
        ends = []
        for tail, limit in ((OUTSIDE, within[0]), (1 - OUTSIDE, within[1])):
            z = bias + stdtrit(self._freedom, tail) * self._widening
            share = ndtr(bias + z / np.maximum(1 - acceleration * z, 1e-9))
            no_draws = estimate + unseen * (limit - estimate)
            ends.append(np.where(useless, no_draws, _quantile(values, share)))
        return ends[0], ends[1]

    def p_value(self, difference: Statistic) -> np.ndarray:
        """Two-sided p of the hypothesis that a difference, in -1..1, is 0.

        It is below 0.05 where the interval leaves 0 out. It is at least 2 / samples, below
        which draws tell nothing apart, and 2 / 2^groups, that of a sign test over groups.
        """
        estimate, values, bias, acceleration = self._bca(difference)
        at_zero = ndtri(_share_below(values, 0.0)) - bias
        z = at_zero / np.maximum(1 + acceleration * at_zero, 1e-9) - bias
        p = 2 * stdtr(self._freedom, -np.abs(z) / self._widening)
        p = np.maximum(p, max(2 / len(values), 2 * 0.5 ** len(self.sums)))
        agreed = 2 * (1 + np.abs(estimate)) ** -float(len(self.sums))
        return np.minimum(np.where(np.ptp(values, axis=0) > TIE, p, agreed), 1.0)

    @property
    def _freedom(self) -> int:
        return max(len(self.sums) - 1, 1)

    @property
    def _widening(self) -> float:
        """Draws of n groups vary less than n groups do: by (n - 1) / n, in variance."""
        return np.sqrt(1 + 1 / self._freedom)

    def _bca(self, statistic: Statistic) -> tuple[np.ndarray, ...]:
        """The estimate, its draws, how far they are off the middle, and their acceleration."""
        total = self.sums.sum(axis=0)
        estimate, values = statistic(total), statistic(self.drawn)
        without_one = statistic(total - self.sums)  # the jackknife, over groups
        influence = without_one.mean(axis=0) - without_one
        spread = (influence**2).sum(axis=0) ** 1.5
        skew = (influence**3).sum(axis=0)
        acceleration = np.divide(skew, 6 * spread, out=np.zeros_like(skew), where=spread > 0)
        return estimate, values, ndtri(_share_below(values, estimate)), acceleration


def resample(sums: np.ndarray, samples: int, seed: int) -> Resampled:
    """Draw whole groups; `sums` is (groups, ..., columns).

    Drawing groups with replacement is giving each a multinomial weight, so that all draws
    are one product of matrices.
    """
    groups = len(sums)
    weights = np.random.default_rng(seed).multinomial(
        groups, np.full(groups, 1 / groups), size=samples
    )
    return Resampled(sums, np.tensordot(weights.astype(float), sums, axes=1))


def group_sums(counts: np.ndarray, group: pd.Series) -> np.ndarray:
    """`counts` (images, columns) summed over the images of each group: (groups, columns)."""
    codes, groups = pd.factorize(group)
    sums = np.zeros((len(groups), counts.shape[1]))
    np.add.at(sums, codes, counts)
    return sums


def ratio(counts: np.ndarray) -> np.ndarray:
    """The first column's share of the second: the statistic of accuracies."""
    return counts[..., 0] / np.maximum(counts[..., 1], 1)


def as_interval(ends: tuple[np.ndarray, np.ndarray]) -> Interval:
    """The ends of one interval as plain numbers."""
    return float(ends[0]), float(ends[1])


def _share_below(values: np.ndarray, point: np.ndarray | float) -> np.ndarray:
    """The share of draws below a point, ties counted half, and neither 0 nor 1."""
    away = values - point  # of equal fractions the last bits may differ
    below = (away < -TIE).sum(axis=0) + 0.5 * (np.abs(away) <= TIE).sum(axis=0)
    return np.clip(below / len(values), 1 / (len(values) + 1), len(values) / (len(values) + 1))


def _quantile(values: np.ndarray, share: np.ndarray) -> np.ndarray:
    """The quantile `share` (...) of `values` (samples, ...), interpolated linearly."""
    ordered = np.sort(values, axis=0)
    place = np.asarray(share * (len(values) - 1))
    low = np.clip(np.floor(place).astype(int), 0, len(values) - 2)
    below, above = (np.take_along_axis(ordered, low[None] + i, axis=0)[0] for i in (0, 1))
    return below + (place - low) * (above - below)
