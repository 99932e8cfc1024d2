"""How photographs of one item are found: likeness over file numbers, and the rule's hits."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MultipleLocator

from wastelib.displays.style import (
    BLACK,
    BLUE,
    GREY,
    VERMILLION,
    WIDTH,
    Display,
    count,
    in_percent,
    marker_style,
    one_line,
    shortened,
)

LINES = 10  # classes that can be told apart in one panel


@dataclass
class LikenessDisplay(Display):
    """How much more alike photographs of a class are when their numbers are near.

    `gain` has a row per class, the largest first, and a column per distance, 1 first: the
    mean likeness at that distance minus that of two photographs drawn from the class at
    random; NaN where the class is too small.
    """

    gain: pd.DataFrame

    @classmethod
    def from_likenesses(cls, labels: pd.Series, likenesses: np.ndarray, chance: pd.Series) -> Self:
        """From the likenesses to those before and the chance ones of `data.likeness`."""
        labels = labels.to_numpy()
        table = pd.DataFrame(likenesses, columns=range(1, likenesses.shape[1] + 1))
        for distance in table.columns:
            other = np.roll(labels, distance) != labels
            other[:distance] = True
            table.loc[other, distance] = np.nan
        largest = pd.Series(labels).value_counts().index
        return cls(table.groupby(labels).mean().loc[largest].sub(chance, axis=0).loc[largest])

    @property
    def data(self) -> pd.DataFrame:
        gain = self.gain.rename_axis(index="class", columns="distance")
        return gain.stack().rename("likeness above two at random").reset_index()

    @property
    def alt(self) -> str:
        nearest = self.gain[1].dropna()
        words = "no class has two photographs"
        if len(nearest):
            low, high = one_line(nearest.idxmin()), one_line(nearest.idxmax())
            words = (
                f"neighbours are more alike by {nearest.min():.2f} ({low}) to "
                f"{nearest.max():.2f} ({high})"
            )
        return (
            "Mean likeness of two photographs, above that of two drawn from their class at random, "
            f"over the distance of their numbers, in {count(len(self.gain), 'class', 'classes')}; "
            f"{words}."
        )

    @property
    def size(self) -> tuple[float, float]:
        return WIDTH, 3.4

    def draw(self, ax: Axes) -> None:
        lines = []
        for index, (label, row) in enumerate(self.gain[:LINES].iterrows()):
            style = {**marker_style(index), "markersize": 4.5, "linewidth": 1.2}
            lines += ax.plot(row.index, row, label=shortened(label, 20), **style)
        lines.append(ax.axhline(0, color=BLACK, linestyle="--", linewidth=1.1, label="at random"))
        ax.xaxis.set_major_locator(MultipleLocator(max(1, len(self.gain.columns) // 10)))
        ax.grid(axis="y")
        ax.set_ylabel("mean likeness above two at random")
        note = f"\nthe {LINES} largest of {len(self.gain)} classes"
        ax.set_xlabel("distance of the file numbers" + (note if len(self.gain) > LINES else ""))
        ax.figure.legend(handles=lines, loc="outside right upper")


@dataclass
class AgreementDisplay(Display):
    """Precision and recall of a rule for groups against its threshold, the chosen one marked.

    `table` has the columns similarity, precision and recall.
    """

    table: pd.DataFrame
    chosen: float

    @property
    def alt(self) -> str:
        nearest = self.table.loc[(self.table["similarity"] - self.chosen).abs().idxmin()]
        return (
            f"Precision and recall of the links at thresholds from "
            f"{self.table['similarity'].min():.2f} to {self.table['similarity'].max():.2f}; near "
            f"the chosen {self.chosen:g} precision is {nearest['precision']:.1%} and recall "
            f"{nearest['recall']:.1%}."
        )

    @property
    def size(self) -> tuple[float, float]:
        return WIDTH, 2.8

    def draw(self, ax: Axes) -> None:
        for column, colour, marker in (("precision", BLUE, "s"), ("recall", VERMILLION, "o")):
            style = {"color": colour, "marker": marker, "markersize": 3.5}
            ax.plot(self.table["similarity"], self.table[column], label=column, **style)
        ax.axvline(self.chosen, color=GREY, linestyle="--", linewidth=1.1, label="chosen")
        ax.set_ylim(0, 1.03)
        in_percent(ax.yaxis)
        ax.grid(axis="y")
        ax.set_xlabel("threshold: neighbours at least this alike are linked")
        ax.figure.legend(handles=ax.lines, loc="outside right upper")
