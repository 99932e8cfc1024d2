"""How training went: curves over epochs, and the choice of a learning rate."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from wastelib.displays.style import (
    BLACK,
    GREY,
    WIDTH,
    Display,
    count,
    in_percent,
    marker_style,
    one_line,
    shortened,
)

DIVERGED = 3  # times the tamest run's median loss: off the scale of a useful chart
SCORES = ("accuracy", "loss")  # the panels from left to right
LOWEST_LIMIT = 3.0  # but never below the loss of guessing among up to 20 classes, ln 20


@dataclass
class LearningCurvesDisplay(Display):
    """Accuracy and loss over epochs, training dashed and validation solid.

    `histories` maps a run's name to its history: columns epoch, accuracy, loss,
    val_accuracy and val_loss. `monitor` names the column whose best epoch is marked. Losses
    far off the scale of the tamest run leave the panel, and a note below it says how far.
    """

    histories: dict[str, pd.DataFrame]
    monitor: str = "val_accuracy"

    @classmethod
    def from_histories(
        cls, histories: Mapping[str, pd.DataFrame], monitor: str = "val_accuracy"
    ) -> Self:
        """One run, or several to compare."""
        return cls(dict(histories), monitor)

    def __post_init__(self):
        self.histories = {
            name: history.reset_index(drop=True).replace([np.inf, -np.inf], np.nan)
            for name, history in self.histories.items()
        }
        self.best = {name: self._best_row(history) for name, history in self.histories.items()}
        self.loss_limit = self._loss_limit()

    def _best_row(self, history: pd.DataFrame) -> int | None:
        values = history[self.monitor].dropna()
        if values.empty:
            return None
        return int(values.idxmin() if self.monitor.endswith("loss") else values.idxmax())

    def _loss_limit(self) -> float:
        """The largest loss that is drawn where it is; infinite where none can be."""
        medians = [h[["loss", "val_loss"]].stack().median() for h in self.histories.values()]
        finite = [median for median in medians if np.isfinite(median)]
        return max(LOWEST_LIMIT, DIVERGED * min(finite)) if finite else np.inf

    @property
    def data(self) -> pd.DataFrame:
        """One row for each run, score (accuracy or loss) and epoch."""
        return pd.concat(
            self._scores(name, history, score)
            for name, history in self.histories.items()
            for score in SCORES
        ).reset_index(drop=True)

    def _scores(self, name: str, history: pd.DataFrame, score: str) -> pd.DataFrame:
        columns = {"epoch": "epoch", score: "training", f"val_{score}": "validation"}
        table = history[list(columns)].rename(columns=columns)
        table.insert(0, "run", name)
        table.insert(2, "score", score)
        return table

    def places(self) -> list[tuple[Axes, float, float]]:
        panels = dict(zip(SCORES, np.ravel(self.ax_), strict=True))
        return [
            (panels[row.score], row.epoch, row.validation)
            for row in self.data.itertuples(index=False)
        ]

    @property
    def alt(self) -> str:
        sentences = []
        for name, history in self.histories.items():
            label = f"{one_line(name)}: " if len(self.histories) > 1 else ""
            if self.best[name] is None:
                sentences.append(f"{label}no finite validation result")
                continue
            row = history.loc[self.best[name]]
            loss = f"loss {row['val_loss']:.2f}" if pd.notna(row["val_loss"]) else "no finite loss"
            sentences.append(
                f"{label}best epoch {row['epoch']:.0f} of {len(history)} with validation "
                f"accuracy {row['val_accuracy']:.1%} and {loss}"
            )
        return f"Accuracy and loss over epochs; {'; '.join(sentences)}."

    @property
    def size(self) -> tuple[float, float]:
        return WIDTH, 2.8 + 0.16 * self._legend_rows()

    def panels(self, figure: Figure) -> np.ndarray:
        return figure.subplots(1, 2)

    def draw(self, ax: np.ndarray) -> None:
        accuracy, loss = np.ravel(ax)
        notes = []
        for index, (name, history) in enumerate(self.histories.items()):
            style = marker_style(index)
            self._draw_run(accuracy, history, "accuracy", style, self.best[name])
            self._draw_run(loss, history, "loss", style, self.best[name])
            notes += self._off_scale(name, history)
        for panel, title in ((accuracy, "accuracy"), (loss, "loss (cross-entropy)")):
            panel.set_title(title)
            panel.grid(axis="y")
            panel.xaxis.set_major_locator(
                MaxNLocator(nbins=6, steps=[1, 2, 5, 10], integer=True, min_n_ticks=1)
            )
            panel.set_xlabel("epoch")
        in_percent(accuracy.yaxis)
        accuracy.set_ylim(*self._accuracy_range())
        loss.set_ylim(0, self._loss_top() * 1.05)
        if notes:
            loss.set_xlabel("\n".join(["epoch", *notes]))
        self._draw_legend(accuracy.figure)

    def _draw_run(
        self, ax: Axes, history: pd.DataFrame, column: str, style: dict, best: int | None
    ) -> None:
        epochs, colour = history["epoch"], style["color"]
        train, validation = history[column], history[f"val_{column}"]
        if column == "loss":  # far outside is as good as infinite, and safe to draw
            far = 50 * self._loss_top()
            train, validation = train.clip(upper=far), validation.clip(upper=far)
        small = 3 if len(history) > 12 else 4.5
        ax.plot(epochs, train, "--", color=colour, linewidth=1.1, alpha=0.8)
        ax.plot(epochs, validation, "-", **style, markersize=small)
        if len(history) == 1:  # a dashed line of one point would not be seen
            ax.plot(epochs, train, "_", color=colour, markersize=9)
        if best is not None:
            ring = {"markerfacecolor": "none", "markeredgecolor": BLACK, "markeredgewidth": 1.3}
            ax.plot(epochs[best], validation[best], "o", markersize=9.5, **ring)

    def _accuracy_range(self) -> tuple[float, float]:
        values = pd.concat(
            [h[["accuracy", "val_accuracy"]].stack() for h in self.histories.values()]
        )
        low = values.min() if len(values) else 0.0
        return (0.0 if low < 0.5 else np.floor(low * 10 - 0.5) / 10), 1.02

    def _loss_top(self) -> float:
        losses = pd.concat([h[["loss", "val_loss"]].stack() for h in self.histories.values()])
        drawn = losses[losses <= self.loss_limit]
        return float(drawn.max()) if len(drawn) else 1.0

    def _off_scale(self, name: str, history: pd.DataFrame) -> list[str]:
        """What of this run the loss panel cannot show, in words."""
        label = shortened(name, 28) if len(self.histories) > 1 else "loss"
        losses = history[["loss", "val_loss"]]
        notes = []
        if (highest := losses.max(axis=None)) > self.loss_limit:
            number = f"{highest:,.0f}" if 100 <= highest < 1e7 else f"{highest:.3g}"
            notes.append(f"{label}: up to {number}, off this scale")
        if (gaps := losses.isna().any(axis=1)).any():
            notes.append(f"{label}: not finite from epoch {history['epoch'][gaps.idxmax()]:.0f}")
        return notes

    def _legend_columns(self) -> int:
        longest = max(len(shortened(name, 36)) for name in self.histories)
        return int(np.clip(90 // (longest + 6), 1, 5))

    def _legend_rows(self) -> int:
        runs = len(self.histories) if len(self.histories) > 1 else 0
        return 1 + -(-runs // self._legend_columns())

    def _kinds(self) -> list[Artist]:
        """What the legend says of the ways of drawing."""
        return [
            Line2D([], [], color=GREY, linestyle="--", linewidth=1.1, label="training"),
            Line2D([], [], color=GREY, marker="o", markersize=4, label="validation"),
            Line2D(
                [],
                [],
                linestyle="none",
                marker="o",
                markersize=8,
                markerfacecolor="none",
                markeredgecolor=BLACK,
                label="best epoch",
            ),
        ]

    def _draw_legend(self, figure: Figure) -> None:
        kinds = self._kinds()
        runs = [
            Line2D([], [], **marker_style(index), markersize=5, label=shortened(name, 36))
            for index, name in enumerate(self.histories)
        ]
        if len(runs) > 1:
            columns = min(self._legend_columns(), len(runs))
            figure.legend(handles=runs, loc="outside upper center", ncols=columns)
        figure.legend(handles=kinds, loc="outside lower center", ncols=len(kinds))


@dataclass
class RateChoiceDisplay(Display):
    """Validation accuracy against learning rate, a marker per optimizer, the choice marked.

    `rates` has a row per trained rate: optimizer, learning_rate, momentum,
    validation_accuracy with `_low` and `_high`, the ends of the bars, validation_loss (it and
    the ends are missing where training diverged) and chosen.
    """

    rates: pd.DataFrame

    @classmethod
    def from_rates(cls, rates: pd.DataFrame) -> Self:
        """From a table as `evaluation.models.rate_table` makes it."""
        return cls(rates)

    def __post_init__(self):
        self.rates = self.rates.sort_values("learning_rate", kind="stable", ignore_index=True)
        self.rates["series"] = [
            f"{one_line(row.optimizer)}, momentum {row.momentum:g}"
            if row.momentum > 0
            else one_line(row.optimizer)
            for row in self.rates.itertuples()
        ]

    def places(self) -> list[tuple[Axes, float, float]]:
        rates = self.rates[["learning_rate", "validation_accuracy"]]
        return [(self.ax_, *at) for at in rates.itertuples(index=False)]

    @property
    def alt(self) -> str:
        low, high = self.rates["learning_rate"].min(), self.rates["learning_rate"].max()
        choice = [
            f"{row.series} at {row.learning_rate:g} with {row.validation_accuracy:.1%}"
            for row in self.rates[self.rates["chosen"]].itertuples()
        ]
        return (
            f"Validation accuracy of {count(len(self.rates), 'run')} at learning rates from "
            f"{low:g} to {high:g}; chosen: {', '.join(choice) or 'none'}."
        )

    @property
    def size(self) -> tuple[float, float]:
        return WIDTH, 3.0

    def draw(self, ax: Axes) -> None:
        lines = []
        for index, series in enumerate(self.rates["series"].unique()):
            rows = self.rates[self.rates["series"] == series]
            at, style = (rows["learning_rate"], rows["validation_accuracy"]), marker_style(index)
            bars = [
                rows["validation_accuracy"] - rows["validation_accuracy_low"],
                rows["validation_accuracy_high"] - rows["validation_accuracy"],
            ]
            ax.errorbar(*at, yerr=bars, fmt="none", ecolor=style["color"], elinewidth=1)
            lines += ax.plot(
                *at,
                **style,
                markersize=7,
                linewidth=1.2,
                label=series,
            )
        self._mark_diverged(ax)
        self._mark_chosen(ax)
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.margins(x=0.12)
        highest = self.rates[["validation_accuracy", "validation_accuracy_high"]].max(axis=None)
        ax.set_ylim(0, min(1.0, highest * 1.2 + 0.02))
        in_percent(ax.yaxis)
        ax.grid(axis="y")
        ax.set_xlabel("learning rate (logarithmic)")
        ax.set_ylabel("validation accuracy (95% interval)")
        ax.figure.legend(handles=lines, loc="outside upper center", ncols=4)

    def _mark_diverged(self, ax: Axes) -> None:
        diverged = self.rates[self.rates["validation_loss"].isna()]
        for row in diverged.itertuples():
            ax.annotate(
                "diverged",
                (row.learning_rate, row.validation_accuracy),
                xytext=(0, 9),
                textcoords="offset points",
                ha="center",
                color=GREY,
            )

    def _mark_chosen(self, ax: Axes) -> None:
        lowest, highest = self.rates["learning_rate"].min(), self.rates["learning_rate"].max()
        # Above all that stands at the same rate, or the words would lie on another's marker.
        tops = self.rates[["validation_accuracy", "validation_accuracy_high"]].max(axis=1)
        for row in self.rates[self.rates["chosen"]].itertuples():
            at = (row.learning_rate, row.validation_accuracy)
            above = tops[self.rates["learning_rate"] == row.learning_rate].max()
            ring = {"markerfacecolor": "none", "markeredgecolor": BLACK, "markeredgewidth": 1.3}
            ax.plot(*at, "o", markersize=13, **ring)
            ax.annotate(
                f"chosen: {row.series}, {row.learning_rate:g} ({row.validation_accuracy:.1%})",
                (row.learning_rate, above),
                xytext=(0, 10),
                textcoords="offset points",
                ha={lowest: "left", highest: "right"}.get(row.learning_rate, "center"),
                fontweight="bold",
            )
