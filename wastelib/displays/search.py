"""How a search went, what mattered in it, and where a range test says rates are too high."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from wastelib.displays.counts import class_rows
from wastelib.displays.style import (
    BLACK,
    BLUE,
    GREY,
    VERMILLION,
    WIDTH,
    Display,
    count,
    in_percent,
    one_line,
    shortened,
)
from wastelib.training.range_test import RangeTest

FAR = 3  # times the median loss: off the scale of a useful chart


@dataclass
class SearchHistoryDisplay(Display):
    """The validation loss of each trial of a search, and the best so far as a line of steps.

    `table` has a row per trial: number, validation_loss, which is missing where training
    diverged, and best_so_far. What lies far above the others is a triangle at the top.
    """

    table: pd.DataFrame

    @classmethod
    def from_table(cls, table: pd.DataFrame) -> Self:
        """From a table as `evaluation.search.search_table` makes it."""
        return cls(table)

    def __post_init__(self):
        self.table = self.table.reset_index(drop=True)
        losses = self.table["validation_loss"]
        self.limit = FAR * losses.median() if losses.notna().any() else 1.0
        self.off_scale = self.table[~(losses <= self.limit)]

    @property
    def alt(self) -> str:
        losses = self.table["validation_loss"]
        trials = count(len(losses), "trial")
        if losses.isna().all():
            return f"Validation loss of {trials} of a search, none of them finite."
        best = self.table.loc[losses.idxmin()]
        return (
            f"Validation loss of {trials} of a search, from {losses.min():.3g} to "
            f"{losses.max():.3g}; the lowest is that of trial {best['number']:.0f}, and "
            f"{losses.isna().sum()} diverged."
        )

    @property
    def size(self) -> tuple[float, float]:
        return WIDTH, 2.8

    def draw(self, ax: Axes) -> None:
        numbers, losses = self.table["number"], self.table["validation_loss"]
        ax.step(numbers, self.table["best_so_far"], where="post", color=BLUE, label="best so far")
        shown = losses <= self.limit
        dots = {"color": GREY, "linestyle": "none", "marker": "o"}
        ax.plot(numbers[shown], losses[shown], **dots, label="trial")
        top = losses[shown].max() if shown.any() else self.limit
        bottom = losses[shown].min() if shown.any() else 0.0
        margin = 0.12 * (top - bottom) or 0.1 * top or 1.0
        ax.set_ylim(bottom - margin, top + margin)
        ax.set_xlim(numbers.min() - 0.5, numbers.max() + 0.5)
        ax.xaxis.set_major_locator(MaxNLocator(nbins=12, integer=True, min_n_ticks=1))
        ax.set_ylabel("validation loss")
        ax.set_xlabel("trial of the search")
        ax.grid(axis="y")
        if len(self.off_scale):
            self._draw_off_scale(ax, top + 0.6 * margin)
        ax.figure.legend(loc="outside upper center", ncols=3)

    def _draw_off_scale(self, ax: Axes, height: float) -> None:
        numbers = self.off_scale["number"]
        ax.plot(
            numbers,
            np.full(len(numbers), height),
            "^",
            color=VERMILLION,
            label="diverged, or off this scale",
        )


@dataclass
class ImportancesDisplay(Display):
    """The importance of each searched field as a bar, and its range as a line.

    `table` has the columns field, importance, low and high, in 0..1.
    """

    table: pd.DataFrame

    @classmethod
    def from_table(cls, table: pd.DataFrame) -> Self:
        """From a table as `evaluation.search.importances` makes it."""
        return cls(table)

    @property
    def alt(self) -> str:
        said = "; ".join(
            f"{one_line(row.field)} {row.importance:.0%} ({row.low:.0%} to {row.high:.0%})"
            for row in self.table.itertuples()
        )
        return f"Importance of {count(len(self.table), 'searched field')} with ranges: {said}."

    @property
    def size(self) -> tuple[float, float]:
        return WIDTH, 0.8 + 0.32 * len(self.table)

    def draw(self, ax: Axes) -> None:
        rows = np.arange(len(self.table))
        ax.barh(rows, self.table["importance"], color=BLUE, height=0.55)
        ax.hlines(rows, self.table["low"], self.table["high"], color=BLACK, linewidth=1.4)
        for ends in (self.table["low"], self.table["high"]):
            ax.plot(ends, rows, "|", color=BLACK, markersize=7)
        class_rows(ax, [shortened(name.replace("_", " "), 34) for name in self.table["field"]])
        ax.set_xlim(0, 1)
        in_percent(ax.xaxis)
        ax.set_xlabel("importance; line: with parts of the trials left out")
        ax.grid(axis="x")


@dataclass
class RangeTestDisplay(Display):
    """The loss of each step of a range test against its rate, smoothed, the suggestion marked."""

    test: RangeTest

    @classmethod
    def from_test(cls, test: RangeTest) -> Self:
        """From what `training.range_test.range_test` returns."""
        return cls(test)

    @property
    def data(self) -> pd.DataFrame:
        return self.test.losses.assign(smoothed=self.test.smoothed)

    @property
    def alt(self) -> str:
        rates = self.test.losses["learning_rate"]
        return (
            f"Training loss of {count(len(rates), 'step')} at learning rates rising from "
            f"{rates.iloc[0]:.2g} to {rates.iloc[-1]:.2g}; the rate suggested is "
            f"{self.test.suggestion:.2g}."
        )

    @property
    def size(self) -> tuple[float, float]:
        return WIDTH, 2.8

    def draw(self, ax: Axes) -> None:
        rates, losses = self.test.losses["learning_rate"], self.test.losses["loss"]
        bottom, top = self._limits()
        far = top + 50 * (top - bottom)  # far outside is as good as infinite, and safe to draw
        dots = {"color": GREY, "linestyle": "none", "marker": ".", "markersize": 4}
        ax.set_xlim(rates.iloc[0] / 1.5, rates.iloc[-1] * 1.5)  # one rate alone has no range
        ax.plot(rates, losses.clip(upper=far), **dots, label="one batch")
        ax.plot(rates, self.test.smoothed.clip(max=far), color=BLUE, label="smoothed")
        suggestion = self.test.suggestion
        label = f"suggested: {suggestion:.2g}"
        ax.axvline(suggestion, color=BLACK, linestyle="--", linewidth=1.1, label=label)
        ax.set_ylim(bottom, top)
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.set_xlabel("learning rate (logarithmic)")
        ax.set_ylabel("training loss of a step")
        ax.grid(axis="y")
        ax.figure.legend(loc="outside upper center", ncols=3)

    def _limits(self) -> tuple[float, float]:
        """From below the lowest loss to twice the first smoothed one: above, all is lost."""
        finite = self.test.losses["loss"].replace([np.inf, -np.inf], np.nan).dropna()
        if finite.empty:
            return 0.0, 1.0
        return 0.9 * finite.min(), 2 * finite.iloc[:10].median()
