"""What repetition says: the mean over seeds, and how far it may be from the truth.

The intervals are Student's t intervals (1908, The probable error of a mean, Biometrika 6,
1-25). With a handful of values a bootstrap would be too narrow: it has no draw outside them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from wastelib.errors import WasteError
from wastelib.evaluation.ranking import LEVEL
from wastelib.evaluation.resampling import TIE, Interval


@dataclass(frozen=True)
class Spread:
    """Mean of `count` values, its 95 % interval, and their standard deviation."""

    count: int
    mean: float
    interval: Interval
    deviation: float


def difference_across_seeds(differences: Iterable[float]) -> dict[str, float]:
    """A row's cells for differences of two shares, paired by seed, as `across_seeds` finds them.

    seeds, difference (their mean), low and high (its 95 % t interval, in -1..1), p (two-sided,
    that the difference is 0), and real: p below `LEVEL`, so that the interval leaves 0 out.
    Where all differences are equal, p is 1: a few test images make ties, and an interval
    without width is no certainty.
    """
    from scipy.stats import t

    found = across_seeds(differences, within=(-1.0, 1.0))
    low, high = found.interval
    error = found.deviation / np.sqrt(found.count)
    p = 2 * t.sf(abs(found.mean) / error, found.count - 1) if error > TIE else 1.0
    return {
        "seeds": found.count,
        "difference": found.mean,
        "low": low,
        "high": high,
        "p": float(p),
        "real": bool(p < LEVEL),
    }


def across_seeds(values: Iterable[float], *, within: Interval = (-np.inf, np.inf)) -> Spread:
    """Mean and 95 % t interval of one figure over repetitions with different seeds.

    Over training seeds the interval says what other seeds would give on the same images, over
    split seeds what other splits of the same photographs would; of other photographs it says
    nothing. `within` is the figure's own range, where the interval ends.

    Raises `WasteError` for fewer than two values, which have no spread, and for values that
    are not finite.
    """
    from scipy.stats import t

    values = np.asarray(list(values), float)
    if len(values) < 2 or not np.isfinite(values).all():
        what = "not finite" if len(values) >= 2 else f"{len(values)}, and one alone has no spread"
        raise WasteError(
            f"the values over seeds are {what}",
            remedy="repeat with at least two seeds whose trainings end well",
        )
    mean, deviation = float(values.mean()), float(values.std(ddof=1))
    half = t.ppf(0.975, len(values) - 1) * deviation / np.sqrt(len(values))
    low, high = np.clip([mean - half, mean + half], *within)
    return Spread(len(values), mean, (float(low), float(high)), deviation)
