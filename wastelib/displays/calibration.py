"""Whether confidence can be believed, and what silence gains."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wastelib.displays.style import (
    BLUE,
    GREY,
    WIDTH,
    Display,
    count,
    in_percent,
    marker_style,
    one_line,
    shortened,
)
from wastelib.evaluation.calibration import calibration_error

LARGEST_DOT = 90  # square points: a bin that holds all images


@dataclass
class ReliabilityDisplay(Display):
    """Accuracy against confidence by bins, side by side, for example before and after tempering.

    `tables` maps a title to a table as `calibration.reliability` makes it. A dot's area is the
    bin's share of the images, its bar the 95 % interval of the accuracy.
    """

    tables: dict[str, pd.DataFrame]

    @classmethod
    def from_tables(cls, tables: Mapping[str, pd.DataFrame]) -> Self:
        """One model, or the same before and after a change."""
        return cls(dict(tables))

    def __post_init__(self):
        self.errors = {name: calibration_error(table) for name, table in self.tables.items()}

    @property
    def data(self) -> pd.DataFrame:
        return _named(self.tables)

    @property
    def alt(self) -> str:
        def sentence(name: str, table: pd.DataFrame) -> str:
            confidence, accuracy = (
                np.average(table[column], weights=table["images"])
                for column in ("confidence", "accuracy")
            )
            return (
                f"{one_line(name)}: mean confidence {confidence:.1%} with accuracy {accuracy:.1%}, "
                f"expected calibration error {self.errors[name]:.1%} over "
                f"{count(len(table), 'bin')}"
            )

        sentences = [sentence(name, table) for name, table in self.tables.items()]
        return f"Accuracy against confidence; {'; '.join(sentences)}."

    @property
    def size(self) -> tuple[float, float]:
        return WIDTH, 3.4

    def panels(self, figure: Figure) -> np.ndarray:
        return figure.subplots(1, len(self.tables), sharey=True, squeeze=False)[0]

    def draw(self, ax: np.ndarray) -> None:
        panels = np.ravel(ax)
        for panel, (name, table) in zip(panels, self.tables.items(), strict=True):
            panel.plot([0, 1], [0, 1], "--", color=GREY, linewidth=1)
            bars = [table["accuracy"] - table["low"], table["high"] - table["accuracy"]]
            at = (table["confidence"], table["accuracy"])
            panel.errorbar(*at, yerr=np.clip(bars, 0, 1), fmt="none", ecolor=BLUE, elinewidth=1)
            share = table["images"] / table["images"].sum()
            panel.scatter(*at, s=8 + LARGEST_DOT * share, color=BLUE, zorder=3)
            panel.set_title(shortened(name, 60 // len(panels)))
            panel.set_xlabel(f"confidence (expected calibration error {self.errors[name]:.1%})")
            panel.set(xlim=(0, 1.03), ylim=(-0.03, 1.03))
            in_percent(panel.xaxis)
            in_percent(panel.yaxis)
            panel.grid()
        panels[0].set_ylabel("accuracy (95% interval)")


@dataclass
class AbstentionDisplay(Display):
    """Accuracy against the share of images that are answered, with its interval as a band.

    `curves` maps a model's name to a table as `calibration.accuracy_against_kept` makes it.
    """

    curves: dict[str, pd.DataFrame]

    @classmethod
    def from_curves(cls, curves: Mapping[str, pd.DataFrame]) -> Self:
        """One model, or several tested on the same images."""
        return cls(dict(curves))

    @property
    def data(self) -> pd.DataFrame:
        return _named(self.curves)

    @property
    def alt(self) -> str:
        def sentence(name: str, curve: pd.DataFrame) -> str:
            few, every = curve.iloc[0], curve.iloc[-1]
            return (
                f"{one_line(name)} is right on {every['accuracy']:.1%} of all images and on "
                f"{few['accuracy']:.1%} of its {few['kept']:.0%} most confident answers"
            )

        sentences = [sentence(name, curve) for name, curve in self.curves.items()]
        return f"Accuracy against the share of images answered; {'; '.join(sentences)}."

    @property
    def size(self) -> tuple[float, float]:
        return WIDTH, 3.0 + (0.16 * -(-len(self.curves) // 3) if len(self.curves) > 1 else 0)

    def draw(self, ax: Axes) -> None:
        lines = []
        for index, (name, curve) in enumerate(self.curves.items()):
            style = marker_style(index)
            band = {"color": style["color"], "alpha": 0.15, "linewidth": 0}
            ax.fill_between(curve["kept"], curve["low"], curve["high"], **band)
            lines += ax.plot(
                curve["kept"], curve["accuracy"], **style, markersize=4, label=shortened(name, 30)
            )
        lowest = min(curve["low"].min() for curve in self.curves.values())
        ax.set(xlim=(0, 1.02), ylim=(max(0, np.floor(lowest * 10) / 10), 1.02))
        in_percent(ax.xaxis)
        in_percent(ax.yaxis)
        ax.set_xlabel("share of the images answered, the most confident first")
        ax.set_ylabel("accuracy (95% interval)")
        ax.grid()
        if len(lines) > 1:
            ax.figure.legend(handles=lines, loc="outside upper center", ncols=3)


def _named(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One below the other, each row with the name of its table."""
    return pd.concat(tables, names=["name"]).reset_index("name").reset_index(drop=True)
