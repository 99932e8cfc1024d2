"""How many images: per class, and per class and subset."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wastelib.displays.style import (
    BLACK,
    BLUE,
    ORANGE,
    ROWS,
    SKY,
    WIDTH,
    Display,
    count,
    one_line,
    shortened,
)

SUBSETS = {"train": BLUE, "validation": SKY, "test": ORANGE}


def row_height(rows: int) -> float:
    """Inches per row of a chart with a row per class: roomy for few, tight for many."""
    return float(np.clip(7.5 / max(rows, 1), 0.2, 0.32))


def class_rows(ax: Axes, labels: list[str]) -> None:
    """Label the rows 0, 1, … of `ax`, from the top."""
    small = {"fontsize": 6.5} if len(labels) > 25 else {}
    ax.set_yticks(range(len(labels)), labels=labels, **small)
    ax.set_ylim(len(labels) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)


@dataclass
class ClassCountsDisplay(Display):
    """Images per class as labelled bars, the largest class first.

    `counts` is indexed by class, in any order.
    """

    counts: pd.Series

    @classmethod
    def from_catalogue(cls, catalogue: pd.DataFrame) -> Self:
        """From a table with a row per image and a column `label`."""
        return cls(catalogue["label"].value_counts())

    def __post_init__(self):
        self.counts = self.counts.sort_values(ascending=False, kind="stable")

    @property
    def data(self) -> pd.DataFrame:
        return self.counts.rename_axis("class").rename("images").reset_index()

    @property
    def alt(self) -> str:
        first, last = one_line(self.counts.index[0]), one_line(self.counts.index[-1])
        return (
            f"Bar chart of {count(self.counts.sum(), 'image')} in "
            f"{count(len(self.counts), 'class', 'classes')}; {first} has most "
            f"({self.counts.iloc[0]:,}), {last} fewest ({self.counts.iloc[-1]:,})."
        )

    @property
    def size(self) -> tuple[float, float]:
        rows = min(len(self.counts), ROWS)
        return WIDTH, 0.7 + rows * row_height(rows)

    def draw(self, ax: Axes) -> None:
        shown, others = self.counts[:ROWS], self.counts[ROWS:]
        bars = ax.barh(range(len(shown)), shown, color=BLUE, height=0.72)
        labels = [f"{number:,}  ({number / self.counts.sum():.1%})" for number in shown]
        ax.bar_label(bars, labels, padding=3, fontsize=6.5 if len(shown) > 25 else 8)
        class_rows(ax, [shortened(name, 28) for name in shown.index])
        ax.set_xlim(0, shown.max() * 1.2)  # room for the labels beside the bars
        ax.spines["left"].set_visible(False)
        ax.grid(axis="x")
        rest = f"; {len(others)} smaller classes have {others.sum():,} more" if len(others) else ""
        ax.set_xlabel(f"images{rest}")


@dataclass
class SplitDisplay(Display):
    """How each class is divided among the subsets; several splits stand side by side.

    `splits` maps a split's name to its assignment, a table with columns label, group and
    subset.
    """

    splits: dict[str, pd.DataFrame]

    @classmethod
    def from_split(cls, assignment: pd.DataFrame, name: str = "") -> Self:
        """One split."""
        return cls({name: assignment})

    @classmethod
    def from_splits(cls, splits: Mapping[str, pd.DataFrame]) -> Self:
        """Several splits of the same images, for example 'random' and 'group'."""
        return cls(dict(splits))

    def __post_init__(self):
        self.counts = {
            name: assignment.groupby(["label", "subset"]).size().unstack(fill_value=0)
            for name, assignment in self.splits.items()
        }
        # Groups whose images are not all in one subset: the same item on several sides.
        self.torn_groups = {
            name: int((assignment.groupby("group")["subset"].nunique() > 1).sum())
            for name, assignment in self.splits.items()
        }
        self.groups = {name: table["group"].nunique() for name, table in self.splits.items()}

    @property
    def data(self) -> pd.DataFrame:
        tables = pd.concat(self.counts, names=["split", "class"])
        return tables.stack().rename("images").reset_index()

    @property
    def alt(self) -> str:
        def sentence(name: str, counts: pd.DataFrame) -> str:
            sizes = ", ".join(f"{counts[s].sum():,} {s}" for s in SUBSETS if s in counts)
            torn, groups = self.torn_groups[name], count(self.groups[name], "group")
            return (
                f"{f'by {one_line(name)}' if name else 'the split'} gives {sizes}, "
                f"with {torn:,} of {groups} on more than one side"
            )

        parts = [sentence(name, counts) for name, counts in self.counts.items()]
        return f"Bars of each class's share per subset: {'; '.join(parts)}."

    @property
    def size(self) -> tuple[float, float]:
        rows = min(len(next(iter(self.counts.values()))), ROWS)
        return WIDTH, 1.2 + rows * row_height(rows)

    def panels(self, figure: Figure) -> np.ndarray:
        return figure.subplots(1, len(self.splits), squeeze=False)[0]

    def draw(self, ax: np.ndarray) -> None:
        panels = np.ravel(ax)
        for position, (panel, name) in enumerate(zip(panels, self.splits, strict=True)):
            self._draw_split(panel, name, with_names=position == 0)
        handles, labels = panels[0].get_legend_handles_labels()
        panels[0].figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))

    def _draw_split(self, ax: Axes, name: str, with_names: bool) -> None:
        totals = self.counts[name].sum(axis=1).sort_values(ascending=False, kind="stable")
        shown = self.counts[name].loc[totals.index[:ROWS]]
        start = np.zeros(len(shown))
        for subset, colour in SUBSETS.items():
            values = shown.get(subset, pd.Series(0, index=shown.index))
            share = (values / totals[shown.index]).to_numpy()
            bars = ax.barh(range(len(shown)), share, left=start, color=colour, label=subset)
            texts = [f"{v:,}" if s > 0.08 else "" for v, s in zip(values, share, strict=True)]
            ax.bar_label(
                bars,
                texts,
                label_type="center",
                fontsize=6 if len(shown) > 25 else 7.5,
                color="white" if subset == "train" else BLACK,
            )
            start += share
        labels = [f"{shortened(label, 24)} ({totals[label]:,})" for label in shown.index]
        class_rows(ax, labels if with_names else [""] * len(labels))
        ax.spines[["left", "bottom"]].set_visible(False)
        ax.set_xlim(0, 1)
        ax.set_xticks([])
        ax.set_title(f"by {shortened(name, 24)}" if name else "")
        torn = f"{self.torn_groups[name]:,} of {count(self.groups[name], 'group')}"
        notes = [f"{torn}{' ' if len(self.splits) == 1 else chr(10)}on more than one side"]
        if len(shown) < len(totals):
            notes.append(f"the {ROWS} largest of {len(totals)} classes")
        ax.set_xlabel("\n".join(notes))
