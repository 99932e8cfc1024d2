"""A ladder of models: accuracy against size on both kinds of split, and what each step is worth."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from wastelib.displays.counts import class_rows
from wastelib.displays.differences import bar, in_points
from wastelib.displays.scores import accuracy_scale, cost_scale, name_beside
from wastelib.displays.style import (
    BLUE,
    ORANGE,
    WIDTH,
    Display,
    count,
    marker_style,
    one_line,
    wrapped,
)

SIDES = {"group": "grouped splits", "random": "random splits"}
APART = 1.15  # by so much of their size


@dataclass
class LadderDisplay(Display):
    """Accuracy with its interval against parameters, grouped and random splits side by side.

    `table` is that of `evaluation.ladder.ladder_table`.
    """

    table: pd.DataFrame

    @classmethod
    def from_table(cls, table: pd.DataFrame) -> Self:
        """From `ladder_table`."""
        return cls(table)

    def __post_init__(self):
        self.table = self.table.reset_index(drop=True)
        # Models of one size, such as one with and without TTA, would hide each other.
        same = self.table.groupby("parameters")["parameters"]
        self.place = same.cumcount() - (same.transform("size") - 1) / 2

    @property
    def alt(self) -> str:
        models = "; ".join(
            f"{one_line(row.model)} ({row.parameters:,} parameters) {row.group:.1%} and "
            f"{row.random:.1%}"
            for row in self.table.itertuples()
        )
        seeds = count(int(self.table["seeds"].min()), "split seed")
        return f"Mean test accuracy over {seeds}, on grouped and on random splits: {models}."

    @property
    def size(self) -> tuple[float, float]:
        return WIDTH, max(3.2, 0.9 + 0.36 * len(self.table))

    def panels(self, figure: Figure) -> np.ndarray:
        return figure.subplots(1, 2, sharey=True)

    def draw(self, ax: np.ndarray) -> None:
        panels = np.ravel(ax)
        for panel, (side, title) in zip(panels, SIDES.items(), strict=True):
            for index, model in self.table.iterrows():
                middle = model[side]
                ends = [[middle - model[f"{side}_low"]], [model[f"{side}_high"] - middle]]
                how = {**marker_style(index), "markersize": 6, "capsize": 2, "elinewidth": 1}
                x = model["parameters"] * APART ** self.place[index]
                panel.errorbar(x, middle, yerr=ends, **how)
            sizes = self.table["parameters"]
            cost_scale(panel, sizes.min(), sizes.max(), "parameters\n(equal ones moved apart)")
            panel.set_title(title)
        ends = [self.table[[f"{side}_{end}" for side in SIDES]] for end in ("low", "high")]
        accuracy_scale(panels[0], *(both.stack() for both in ends))
        styles = [marker_style(index) for index in self.table.index]
        name_beside(panels[-1], self.table["model"], self.table["random"], styles)


@dataclass
class StepsDisplay(Display):
    """What each step is worth, on both kinds of split; hollow markers may be chance.

    `steps` is the table of `evaluation.ladder.steps_table`.
    """

    steps: pd.DataFrame

    @classmethod
    def from_steps(cls, steps: pd.DataFrame) -> Self:
        """From `steps_table`."""
        return cls(steps)

    @property
    def alt(self) -> str:
        parts = [
            f"{one_line(row.step)} on {SIDES[row.method]} {100 * row.difference:+.1f} points "
            f"({100 * row.low:+.1f} to {100 * row.high:+.1f})"
            for row in self.steps.itertuples()
        ]
        seeds = count(int(self.steps["seeds"].min()), "split seed")
        return f"Differences in test accuracy, paired over {seeds}: {'; '.join(parts)}."

    @property
    def size(self) -> tuple[float, float]:
        return WIDTH, 1.1 + 0.46 * self.steps["step"].nunique()

    def draw(self, ax: Axes) -> None:
        names = list(self.steps["step"].unique())
        looks = {"group": (BLUE, "o", -0.14), "random": (ORANGE, "s", 0.14)}
        for step in self.steps.itertuples():
            colour, marker, beside = looks[step.method]
            values = (step.difference, step.low, step.high)
            row = names.index(step.step) + beside
            bar(ax, row, *values, filled=step.real, color=colour, marker=marker)
        in_points(ax)
        ax.set_xlabel("points (95% interval); hollow: may be chance")
        class_rows(ax, [wrapped(name, 34, 2) for name in names])
        handles = [
            Line2D([], [], color=colour, marker=marker, linestyle="none", label=SIDES[side])
            for side, (colour, marker, _) in looks.items()
        ]
        ax.figure.legend(handles=handles, loc="outside upper center", ncols=2)
