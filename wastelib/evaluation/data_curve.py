"""Accuracy against the number of training images, and where one curve would meet another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from wastelib.evaluation.draws import score_draws

# Beyond that many times the images at hand, a fitted law is no longer a forecast.
HORIZON = 10
GRID = 400  # places at which the curves are compared before a crossing is refined


@dataclass(frozen=True)
class PowerLaw:
    """Accuracy for n images: ceiling - shortfall (n / first)^-rate.

    The usual law of learning curves (Viering and Loog 2023, The shape of learning curves: a
    review, IEEE TPAMI 45, 7799-7819). `ceiling` is the accuracy that no number of images
    exceeds, `shortfall` what is missing from it at `first` images; both lie in 0..1.
    """

    first: float
    ceiling: float
    shortfall: float
    rate: float

    def __call__(self, images: np.ndarray | float) -> np.ndarray | float:
        return self.ceiling - self.shortfall * (np.asarray(images) / self.first) ** -self.rate


@dataclass(frozen=True)
class Crossing:
    """The number of training images at which the one that is behind has caught up for good.

    `images` is infinite where the fitted curves do not cross below `horizon`; so are the ends
    `low` and `high` of its 95 % interval where that many draws do not cross. `share` is that
    of the draws which cross.
    """

    images: float
    low: float
    high: float
    share: float
    horizon: float


@dataclass(frozen=True, eq=False)
class DataCurve:
    """Two models on growing shares of the training groups.

    `points` has the columns model, images, accuracy, low and high (95 %). `laws` are fitted
    to these accuracies, `draws` to the draws of them. `crossing` is where the first model
    reaches the second for good. `level_from` is the least of the measured numbers of images
    from which on no measured accuracy of the first is below the second's beyond chance (95 %,
    groups and seeds drawn alike for both); infinite if there is none.
    """

    points: pd.DataFrame
    laws: dict[str, PowerLaw]
    draws: dict[str, list[PowerLaw]]
    crossing: Crossing
    level_from: float

    def band(self, model: str, images: np.ndarray) -> np.ndarray:
        """(2, images): between which accuracies 95 % of the drawn laws lie."""
        values = np.array([law(images) for law in self.draws[model]])
        return np.percentile(values, [2.5, 97.5], axis=0)

    @property
    def answer(self) -> str:
        """Where the first model has caught up, with its uncertainty."""
        behind, ahead = self.laws
        crossing, start = self.crossing, self.points["images"].min()
        end = f"no crossing below {_number(crossing.horizon)}"
        high = _number(crossing.high) if np.isfinite(crossing.high) else end
        interval = f"95 % interval {_number(crossing.low)} to {high}"
        if crossing.images <= start:
            begun = f"{behind} is not behind {ahead} at {_number(start)} training images already"
            return f"**{begun}** ({interval})."
        if np.isfinite(crossing.images):
            where = f"about {_number(crossing.images)} training images"
            return f"**{behind} catches up with {ahead} at {where}** ({interval})."
        gap = 100 * (self.laws[ahead](crossing.horizon) - self.laws[behind](crossing.horizon))
        forecast = (
            f"there {behind} would be {gap:.1f} points behind {ahead} as the fitted curves go on; "
            f"{crossing.share:.0%} of the draws cross before"
        )
        if not np.isfinite(self.level_from):
            none = f"**No crossing below {_number(crossing.horizon)} training images**"
            return f"{none}: {forecast}."
        return (
            f"**From about {_number(self.level_from)} training images on, {behind} cannot be told "
            f"from {ahead}**, up to the {_number(self.points['images'].max())} that there are. No "
            f"lasting crossing below {_number(crossing.horizon)}: {forecast}."
        )


def data_curve(
    runs: Mapping[str, Mapping[float, Sequence[pd.DataFrame]]],
    subset: str = "test",
    *,
    samples: int = 300,
    seed: int = 0,
) -> DataCurve:
    """Fit a power law to each of two models, and find where the first reaches the second.

    `runs` maps each model to its predictions tables by number of training images, one table
    per seed, at the same three or more numbers. The uncertainty is that of `score_draws`: each
    draw of the accuracies, the groups drawn alike for both models, is fitted anew.

    Raises `ValueError` if there are not two models with the same three numbers, and as
    `score_draws` does.
    """
    measured = {tuple(by_images) for by_images in runs.values()}
    if len(runs) != 2 or len(measured) != 1 or len(min(measured)) < 3:
        raise ValueError(
            "a crossing needs two models with three or more numbers of images, the same"
        )
    points, laws, draws, drawn_scores = [], {}, {}, []
    for model, by_images in runs.items():
        named = {f"{model}, {images:g}": tables for images, tables in by_images.items()}
        observed, drawn = score_draws(named, subset, samples=samples, seed=seed)
        drawn_scores.append(drawn["accuracy"].to_numpy())
        images = np.array(list(by_images), float)
        low, high = np.percentile(drawn["accuracy"], [2.5, 97.5], axis=0).clip(0, 1)
        accuracy = observed["accuracy"].to_numpy()
        columns = {"images": images, "accuracy": accuracy, "low": low, "high": high}
        points.append(pd.DataFrame({"model": model, **columns}))
        laws[model] = fit_power_law(images, accuracy)
        draws[model] = [fit_power_law(images, row) for row in drawn["accuracy"].to_numpy()]
    table = pd.concat(points, ignore_index=True)
    start, horizon = table["images"].min(), HORIZON * table["images"].max()
    found = [find_crossing(*pair, start, horizon) for pair in zip(*draws.values(), strict=True)]
    low, high = np.percentile(found, [2.5, 97.5], method="inverted_cdf")
    crossing = Crossing(
        images=find_crossing(*laws.values(), start, horizon),
        low=float(low),
        high=float(high),
        share=float(np.isfinite(found).mean()),
        horizon=float(horizon),
    )
    return DataCurve(table, laws, draws, crossing, _level_from(images, *drawn_scores))


def _level_from(images: np.ndarray, behind: np.ndarray, ahead: np.ndarray) -> float:
    """See `DataCurve`; both are (draws, images), drawn alike."""
    below = np.percentile(behind - ahead, 97.5, axis=0) < 0
    level = images[images > images[below].max(initial=0)]
    return float(level.min(initial=np.inf))


def fit_power_law(images: np.ndarray, accuracy: np.ndarray) -> PowerLaw:
    """The law nearest to the accuracies by least squares.

    Rates of learning curves lie well within the bounds, 0.05 and 2; a slower law would be a
    line without end, a faster one a step.
    """
    from scipy.optimize import least_squares

    first = float(np.min(images))
    steps = np.asarray(images) / first
    accuracy = np.clip(accuracy, 0, 1)

    def misses(parameters):
        return PowerLaw(1, *parameters)(steps) - accuracy

    def slopes(parameters):
        _, shortfall, rate = parameters
        power = steps**-rate
        return np.column_stack([np.ones_like(steps), -power, shortfall * power * np.log(steps)])

    ceiling = min(accuracy.max() + 0.02, 0.999)
    shortfall = np.clip(ceiling - accuracy[np.argmin(steps)], 0.001, 0.999)
    bounds = ([0, 0, 0.05], [1, 1, 2])
    found = least_squares(misses, [ceiling, shortfall, 0.5], slopes, bounds)
    return PowerLaw(first, *map(float, found.x))


def find_crossing(behind: PowerLaw, ahead: PowerLaw, start: float, horizon: float) -> float:
    """The least number of images, from `start`, from which on `behind` is as good as `ahead`.

    It counts only if it stays so up to `horizon`: on a handful of images both may be at chance.
    Infinite if there is none; `start` if `behind` is as good from there on.
    """
    from scipy.optimize import brentq

    def gap(images):
        return behind(images) - ahead(images)

    places = np.geomspace(start, horizon, GRID)
    short = np.flatnonzero(gap(places) < 0)
    if not len(short):
        return float(start)
    last = short[-1]
    if last == GRID - 1:
        return float("inf")
    return float(brentq(gap, *places[last : last + 2]))


def _number(images: float) -> str:
    """Two digits, '12,000', which is more than a fit knows."""
    return f"{float(f'{images:.2g}'):,.0f}"
