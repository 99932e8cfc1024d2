"""How far apart two trainings of one trial may end for no other reason than their seeds.

The grader trains the reference's trials under several seeds. With s their standard deviation over
n seeds, the difference of two single trainings lies within t(0.975, n - 1) * s * sqrt(2) of zero
with 95 % probability, if figures are normal (Student 1908, as in `evaluation.spread`). Other
machines count as other seeds: across settings that stand for them, a network trained from scratch
differs as much as across seeds (report/recorded/band).
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

MODEL_SEEDS = 5  # of each model; three would make the band half as wide again
RATE_SEEDS = 3  # of each learning rate: their spreads are pooled, and so of many values


@dataclass(frozen=True)
class Band:
    """Half its width: two trainings further apart than this differ in more than their seeds."""

    half: float

    def around(self, value: float, low: float = -math.inf, high: float = math.inf):
        """The band around a re-run value, within the figure's own range."""
        return max(value - self.half, low), min(value + self.half, high)


def band(*samples: Sequence[float]) -> Band | None:
    """The band from one figure's values over seeds; several samples are pooled.

    Values that are not finite, of trainings that diverged, are left out. None if no sample has
    two values left.
    """
    from scipy.stats import t

    kept = [np.asarray([v for v in s if v is not None and math.isfinite(v)]) for s in samples]
    kept = [values for values in kept if len(values) >= 2]
    freedom = sum(len(values) - 1 for values in kept)
    if not freedom:
        return None
    variance = sum(((values - values.mean()) ** 2).sum() for values in kept) / freedom
    return Band(float(t.ppf(0.975, freedom) * math.sqrt(2 * variance)))


def widest(bands: Iterable[Band | None]) -> Band | None:
    """The widest of several, for what none of them was measured for."""
    return max((b for b in bands if b is not None), key=lambda b: b.half, default=None)
