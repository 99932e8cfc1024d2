"""Answers by experiment: arms against a reference, and accuracy against training images."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from wastelib.displays.counts import class_rows
from wastelib.displays.style import (
    BLACK,
    BLUE,
    FAINT,
    GREY,
    WIDTH,
    Display,
    count,
    in_percent,
    marker_style,
    one_line,
    shortened,
)
from wastelib.evaluation.data_curve import DataCurve, PowerLaw
from wastelib.evaluation.ranking import LEVEL


@dataclass
class ArmsDisplay(Display):
    """A score of each arm with its 95 % interval, and its difference to the reference.

    `arms` is a table of `compare_arms`; `score` is one of its scores and `label` what the axis
    calls it. Arms whose difference is beyond chance are filled.
    """

    arms: pd.DataFrame
    score: str = "accuracy"
    label: str = "test accuracy"

    @classmethod
    def from_arms(
        cls, arms: pd.DataFrame, score: str = "accuracy", label: str = "test accuracy"
    ) -> Self:
        """From a table of `compare_arms`."""
        return cls(arms, score, label)

    def __post_init__(self):
        self.arms = self.arms.reset_index(drop=True)
        self.reference = self.arms[self.arms["is_reference"]].iloc[0]
        self.real = self.arms[f"{self.score}_p"] < LEVEL

    @property
    def alt(self) -> str:
        said = [
            f"{one_line(row['arm'])} {row[self.score]:.1%}"
            + ("" if row["is_reference"] else f" ({self._difference(row)})")
            for _, row in self.arms.iterrows()
        ]
        return (
            f"{self.label.capitalize()} of {count(len(self.arms), 'arm')} with 95 % intervals, "
            f"and their differences to {one_line(self.reference['arm'])} in points: "
            f"{'; '.join(said)}."
        )

    @property
    def size(self) -> tuple[float, float]:
        return WIDTH, 1.15 + 0.34 * len(self.arms)

    def panels(self, figure) -> np.ndarray:
        return figure.subplots(1, 2, sharey=True, width_ratios=[3, 3])

    def draw(self, ax: np.ndarray) -> None:
        values, differences = np.ravel(ax)
        for row, arm in self.arms.iterrows():
            self._point(values, row, arm, "", 1.0)
            if not arm["is_reference"]:
                self._point(differences, row, arm, "_difference", 100.0)
        at = {"color": GREY, "linestyle": "--", "linewidth": 0.9, "zorder": 0}
        values.axvline(self.reference[self.score], **at)
        differences.axvline(0, **at)
        class_rows(values, [shortened(name, 34) for name in self.arms["arm"]])
        in_percent(values.xaxis, intervals=5)
        values.set_xlabel(f"{self.label} (95% interval)")
        differences.set_xlabel(f"points, against {shortened(self.reference['arm'], 26)}")
        for panel in (values, differences):
            panel.grid(axis="x")
            panel.spines["left"].set_visible(False)
            panel.tick_params(axis="y", length=0)
        self._legend(values.figure)

    def _point(self, ax: Axes, row: int, arm: pd.Series, part: str, scale: float) -> None:
        middle, low, high = (scale * arm[f"{self.score}{part}{e}"] for e in ("", "_low", "_high"))
        colour = BLACK if arm["is_reference"] else BLUE
        filled = arm["is_reference"] or self.real[row]
        ax.plot([low, high], [row, row], color=colour, linewidth=1.4)
        face = colour if filled else "white"
        ax.plot(middle, row, "o", color=colour, markerfacecolor=face, markersize=6)
        if part:
            text = {"xytext": (0, 5), "textcoords": "offset points", "ha": "center"}
            ax.annotate(f"{middle:+.1f}", (middle, row), fontsize=7.5, **text)

    def _difference(self, arm: pd.Series) -> str:
        parts = (arm[f"{self.score}_difference{end}"] for end in ("", "_low", "_high"))
        middle, low, high = (f"{100 * part:+.1f}" for part in parts)
        return f"{middle}, {low} to {high}"

    def _legend(self, figure) -> None:
        def dot(colour: str, face: str, label: str) -> Line2D:
            return Line2D([], [], color=colour, marker="o", markerfacecolor=face, label=label)

        figure.legend(
            handles=[
                dot(BLACK, BLACK, "reference"),
                dot(BLUE, BLUE, "differs beyond chance"),
                dot(BLUE, "white", "may be chance"),
            ],
            loc="outside upper center",
            ncols=3,
        )


@dataclass
class DataCurveDisplay(Display):
    """Accuracy against training images, the fitted laws, and where they cross.

    `curve` is a `DataCurve`. Laws are drawn solid among the accuracies that were measured and
    dotted beyond, with bands in which 95 % of the drawn laws lie.
    """

    curve: DataCurve

    @classmethod
    def from_curve(cls, curve: DataCurve) -> Self:
        """From two models on growing shares of the training groups."""
        return cls(curve)

    @property
    def data(self) -> pd.DataFrame:
        return self.curve.points

    @property
    def alt(self) -> str:
        crossing = self.curve.crossing
        models = "; ".join(
            f"{one_line(model)} from {rows['accuracy'].iloc[0]:.1%} at "
            f"{rows['images'].iloc[0]:,.0f} to {rows['accuracy'].iloc[-1]:.1%} at "
            f"{rows['images'].iloc[-1]:,.0f}"
            for model, rows in self.curve.points.groupby("model", sort=False)
        )
        where = (
            f"they cross at {crossing.images:,.0f}"
            if np.isfinite(crossing.images)
            else f"they do not cross for good below {crossing.horizon:,.0f}"
        )
        return f"Test accuracy against training images: {models}; as fitted, {where}."

    @property
    def size(self) -> tuple[float, float]:
        return WIDTH, 3.6

    def draw(self, ax: Axes) -> None:
        handles = []
        for index, (model, rows) in enumerate(self.curve.points.groupby("model", sort=False)):
            style = marker_style(index)
            self._draw_law(ax, model, rows, style["color"])
            bars = [rows["accuracy"] - rows["low"], rows["high"] - rows["accuracy"]]
            label = {"label": shortened(model, 34), "linestyle": "none", "capsize": 2}
            bar = ax.errorbar(rows["images"], rows["accuracy"], yerr=bars, **style, **label)
            handles.append(bar)
        self._draw_crossing(ax)
        ax.set_xscale("log")
        ax.set_xlim(self.curve.points["images"].min() / 1.2, self.curve.crossing.horizon)
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda images, _: f"{images:,.0f}"))
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.set_ylim(max(self.curve.points["low"].min() - 0.1, 0), 1)
        in_percent(ax.yaxis)
        ax.set_xlabel("training images (logarithmic); dotted: the law, extrapolated")
        ax.set_ylabel("test accuracy (95% interval)")
        ax.grid()
        ax.figure.legend(handles=handles, loc="outside upper center", ncols=2)

    def _draw_law(self, ax: Axes, model: str, rows: pd.DataFrame, colour: str) -> None:
        law: PowerLaw = self.curve.laws[model]
        seen = np.geomspace(rows["images"].min(), rows["images"].max(), 100)
        beyond = np.geomspace(rows["images"].max(), self.curve.crossing.horizon, 100)
        ax.plot(seen, law(seen), color=colour, linewidth=1.4)
        ax.plot(beyond, law(beyond), ":", color=colour, linewidth=1.4)
        both = np.concatenate([seen, beyond])
        ax.fill_between(both, *self.curve.band(model, both), color=colour, alpha=0.12, linewidth=0)

    def _draw_crossing(self, ax: Axes) -> None:
        crossing = self.curve.crossing
        across = ax.get_xaxis_transform()  # x in images, y in axes shares
        low, high = (min(end, crossing.horizon) for end in (crossing.low, crossing.high))
        if low < crossing.horizon:
            bar = {"color": BLACK, "linewidth": 3, "transform": across, "clip_on": False}
            ax.plot([low, high], [0.04, 0.04], **bar)
            if not np.isfinite(crossing.high):  # it has no end in this range
                ax.plot(high, 0.04, ">", markersize=7, **bar)
        text = "no lasting crossing in this range"
        if np.isfinite(crossing.images):
            ax.axvline(crossing.images, color=BLACK, linewidth=1, linestyle="--")
            text = f"crossing: {crossing.images:,.0f}"
        if low < crossing.horizon:
            text += " (bar: 95% interval)"
        box = {"facecolor": "white", "edgecolor": FAINT, "pad": 2}
        ax.text(0.98, 0.09, text, transform=ax.transAxes, ha="right", fontsize=8, bbox=box)
