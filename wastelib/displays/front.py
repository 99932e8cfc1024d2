"""Exported files: accuracy against size and latency; and what models lose elsewhere."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from wastelib.displays.counts import class_rows
from wastelib.displays.scores import accuracy_scale, cost_scale, name_beside
from wastelib.displays.style import (
    BLUE,
    FAINT,
    GREY,
    MARKERS,
    ORANGE,
    VERMILLION,
    WIDTH,
    Display,
    count,
    in_percent,
    one_line,
    shortened,
)

KINDS = {"custom": BLUE, "pretrained": VERMILLION}
PANELS = (
    ("size_bytes", "size_front", "file size (kB)", 1e3),
    ("one_core_milliseconds", "time_front", "one image, one core (ms)", 1),
)


@dataclass
class FrontDisplay(Display):
    """Test accuracy of exported files against their size and latency, with the Pareto front.

    `files` has a row per file, as `exports.file_table` makes it; `kilobytes` and
    `milliseconds` are what the belt has room for.
    """

    files: pd.DataFrame
    kilobytes: float
    milliseconds: float

    @classmethod
    def from_table(cls, files: pd.DataFrame, kilobytes: float, milliseconds: float) -> Self:
        """From one row per file, and the limits."""
        return cls(files.reset_index(drop=True), kilobytes, milliseconds)

    @property
    def alt(self) -> str:
        fronts = []
        for cost, mark, label, unit in PANELS:
            on = self.files[self.files[mark]].sort_values(cost)
            steps = ", ".join(
                f"{one_line(row.name_)} as {row.format} ({getattr(row, cost) / unit:.3g}, "
                f"{row.accuracy:.1%})"
                for row in on.rename(columns={"name": "name_"}).itertuples()
            )
            fronts.append(f"on the front of {label}: {steps}")
        models = count(self.files["name"].nunique(), "model")
        return (
            f"Test accuracy of {count(len(self.files), 'exported file')} of {models} against "
            f"size and latency; {'; '.join(fronts)}."
        )

    @property
    def size(self) -> tuple[float, float]:
        return WIDTH, max(3.8, 1.5 + 0.36 * self.files["name"].nunique())

    def panels(self, figure: Figure) -> np.ndarray:
        return figure.subplots(1, 2, sharey=True)

    def draw(self, ax: np.ndarray) -> None:
        panels = np.ravel(ax)
        models = list(self.files["name"].unique())
        styles = [
            {"color": KINDS[kind], "marker": MARKERS[number % len(MARKERS)]}
            for number, kind in enumerate(self.files.drop_duplicates("name")["kind"])
        ]
        limits = (self.kilobytes, self.milliseconds)
        for panel, (cost, mark, label, unit), limit in zip(panels, PANELS, limits, strict=True):
            values = self.files[cost] / unit
            cost_scale(panel, min(values.min(), limit), max(values.max(), limit), label)
            panel.axvspan(limit, panel.get_xlim()[1], color=FAINT, alpha=0.6, zorder=0)
            on = self.files[self.files[mark]].sort_values(cost)
            panel.plot(on[cost] / unit, on["accuracy"], color=GREY, lw=3, alpha=0.45, zorder=1)
            for name, style in zip(models, styles, strict=True):
                self._model(panel, self.files[self.files["name"] == name], cost, unit, style)
        accuracy_scale(panels[0], self.files["accuracy_low"], self.files["accuracy_high"])
        best = self.files.groupby("name", sort=False)["accuracy"].max()
        name_beside(panels[1], models, [best[name] for name in models], styles)
        panels[0].figure.legend(handles=_legend(), loc="outside upper center", ncols=3)

    def _model(self, ax: Axes, rows: pd.DataFrame, cost: str, unit: float, style: dict) -> None:
        """One model's files, joined, the int8 one filled."""
        rows = rows.sort_values(cost)
        ax.plot(rows[cost] / unit, rows["accuracy"], color=style["color"], lw=0.8)
        for row in rows.itertuples():
            x, filled = getattr(row, cost) / unit, row.format == "litert-int8"
            ends = [row.accuracy_low, row.accuracy_high]
            ax.plot([x, x], ends, color=style["color"], lw=0.9, alpha=0.5, solid_capstyle="butt")
            face = style["color"] if filled else "white"
            ax.plot(x, row.accuracy, **style, markerfacecolor=face, markersize=6, linestyle="none")


def _legend() -> list[Line2D | Patch]:
    plain = {"linestyle": "none", "marker": "o"}
    return [
        *(Line2D([], [], color=colour, label=kind, lw=3) for kind, colour in KINDS.items()),
        Line2D([], [], **plain, color=GREY, label="int8"),
        Line2D([], [], **plain, color=GREY, markerfacecolor="white", label="other formats"),
        Line2D([], [], color=GREY, lw=3, alpha=0.45, label="front"),
        Patch(facecolor=FAINT, alpha=0.6, label="more than the belt has"),
    ]


@dataclass
class DropDisplay(Display):
    """Accuracy on the dataset that models were trained on, and on another one.

    `drops` is that of `elsewhere.drop_table`.
    """

    drops: pd.DataFrame

    @classmethod
    def from_table(cls, drops: pd.DataFrame) -> Self:
        """From one row per model."""
        return cls(drops.reset_index(drop=True))

    @property
    def alt(self) -> str:
        parts = [
            f"{one_line(row.name_)} {row.here:.1%} here and {row.elsewhere:.1%} elsewhere"
            for row in self.drops.rename(columns={"name": "name_"}).itertuples()
        ]
        return f"Accuracy on images of the dataset trained on, and of another: {'; '.join(parts)}."

    @property
    def size(self) -> tuple[float, float]:
        return WIDTH, 1.2 + 0.45 * len(self.drops)

    def draw(self, ax: Axes) -> None:
        sides = {"here": (BLUE, "o", -0.12), "elsewhere": (ORANGE, "s", 0.12)}
        for row, model in self.drops.iterrows():
            for side, (colour, marker, place) in sides.items():
                ends = [model[f"{side}_low"], model[f"{side}_high"]]
                ax.plot(ends, [row + place] * 2, color=colour, lw=1.3, solid_capstyle="butt")
                ax.plot(model[side], row + place, marker, color=colour, markersize=6)
        ax.grid(axis="x")
        ax.spines["left"].set_visible(False)
        ax.tick_params(axis="y", length=0)
        in_percent(ax.xaxis)
        ax.set_xlabel("accuracy on the classes that both have (95% interval)")
        class_rows(ax, [shortened(name, 30) for name in self.drops["name"]])
        handles = [
            Line2D([], [], color=colour, marker=marker, linestyle="none", label=label)
            for (colour, marker, _), label in zip(
                sides.values(), ("trained on this dataset", "another dataset"), strict=True
            )
        ]
        ax.figure.legend(handles=handles, loc="outside upper center", ncols=2)
