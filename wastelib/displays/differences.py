"""Differences with their intervals: between models, between splits, between folds."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from wastelib.displays.counts import class_rows, row_height
from wastelib.displays.style import (
    BLACK,
    BLUE,
    GREY,
    ORANGE,
    ROWS,
    WIDTH,
    Display,
    count,
    in_percent,
    one_line,
    shortened,
)
from wastelib.evaluation.folds import FoldSummary
from wastelib.evaluation.ranking import Ranking

SCORE_NAMES = {"accuracy": "accuracy", "macro_f1": "macro F1"}


def in_points(ax: Axes) -> None:
    """The x axis as differences in percentage points, with a line at none."""
    ax.axvline(0, color=GREY, linewidth=1)
    ax.xaxis.set_major_formatter(FuncFormatter(_signed))
    ax.xaxis.set_major_locator(MaxNLocator(nbins=5))
    _open_rows(ax)


def _open_rows(ax: Axes) -> None:
    """No axis at the left: names stand there, or nothing."""
    ax.grid(axis="x")
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)


def _signed(value: float, _: int) -> str:
    points = round(100 * value, 6)
    return f"{points:+.3g}" if points else "0"


def bar(
    ax: Axes, row: float, value: float, low: float, high: float, *, filled: bool, **how
) -> None:
    """A value with its interval; a hollow marker is a difference that may be none."""
    colour = how.pop("color", BLUE)
    ax.plot([low, high], [row, row], color=colour, linewidth=1.3, solid_capstyle="butt")
    face = {"markerfacecolor": colour if filled else "white", "markeredgecolor": colour}
    ax.plot(value, row, marker=how.pop("marker", "o"), markersize=6, linestyle="none", **face)


@dataclass
class RankingDisplay(Display):
    """All pairs of models: the differences of both scores, with those that are real filled.

    `pairs` is that of `ranking.Ranking`, with at least one row.
    """

    pairs: pd.DataFrame

    @classmethod
    def from_ranking(cls, ranking: Ranking) -> Self:
        """Of two models or more."""
        return cls(ranking.pairs)

    def __post_init__(self):
        if self.pairs.empty:
            raise ValueError("a ranking of one model has no differences to draw")
        largest = self.pairs["difference"].abs().nlargest(ROWS).index
        self.shown = self.pairs.loc[sorted(largest)].reset_index(drop=True)

    @property
    def alt(self) -> str:
        real = [
            f"{one_line(row.model)} over {one_line(row.against)} by {100 * row.difference:.1f} "
            f"points ({100 * row.low:.1f} to {100 * row.high:.1f})"
            for row in self.pairs[self.pairs["real"]].itertuples()
        ]
        return (
            f"Differences between {count(len(self.pairs), 'pair')} of models in accuracy and macro "
            f"F1; real in accuracy after correction: {'; '.join(real) or 'none'}."
        )

    @property
    def size(self) -> tuple[float, float]:
        rows = len(self.shown)
        return WIDTH, 1.3 + rows * max(row_height(rows), 0.3 if rows < 20 else 0)

    def panels(self, figure: Figure) -> np.ndarray:
        return figure.subplots(1, 2, sharey=True)

    def draw(self, ax: np.ndarray) -> None:
        panels = np.ravel(ax)
        columns = (
            ("difference", "low", "high", "real"),
            ("macro_f1_difference", "macro_f1_low", "macro_f1_high", "macro_f1_real"),
        )
        for panel, title, names in zip(panels, SCORE_NAMES.values(), columns, strict=True):
            for row, pair in self.shown.iterrows():
                value, low, high, real = pair[list(names)]
                bar(panel, row, value, low, high, filled=real)
            panel.set_title(title)
            panel.set_xlabel("points (95% interval)")
            in_points(panel)
        labels = [
            f"{shortened(model, 30)}\nminus {shortened(against, 30)}"
            for model, against in self.shown[["model", "against"]].itertuples(index=False)
        ]
        if len(labels) > 12:
            labels = [label.replace("\nminus", " \N{MINUS SIGN}") for label in labels]
        class_rows(panels[0], labels)
        handles = [
            Line2D([], [], marker="o", linestyle="none", color=BLUE, label="real"),
            Line2D(
                [],
                [],
                marker="o",
                linestyle="none",
                color=BLUE,
                markerfacecolor="white",
                label="may be chance",
            ),
        ]
        panels[0].figure.legend(handles=handles, loc="outside upper center", ncols=2)
        if len(self.shown) < len(self.pairs):
            few = f"the {ROWS} largest of {len(self.pairs)} differences"
            panels[0].set_xlabel(f"{panels[0].get_xlabel()}\n{few}")


@dataclass
class LeakDisplay(Display):
    """A score on random and on grouped splits, and what the random ones overstate.

    `scores` has a row per model and split seed, `table` one per model and score, as
    `evaluation.leak` makes them; `score` is "accuracy" or "macro_f1".
    """

    scores: pd.DataFrame
    table: pd.DataFrame
    score: str = "accuracy"

    @classmethod
    def from_leak(cls, scores: pd.DataFrame, table: pd.DataFrame, score: str = "accuracy") -> Self:
        """From `leak_scores` and `leak_table`."""
        return cls(scores, table, score)

    def __post_init__(self):
        self.models = self.table[self.table["score"] == self.score].reset_index(drop=True)

    @property
    def data(self) -> pd.DataFrame:
        """One row for each model and split seed, then one for each model over all of them."""
        parts = ["random", "group", "difference"]
        seeds = self.scores.rename(columns={f"{self.score}_{part}": part for part in parts})
        every = self.models.assign(seed="all")
        rows = [seeds[["model", "seed", *parts]], every[["model", "seed", *parts, "low", "high"]]]
        return pd.concat(rows, ignore_index=True)

    @property
    def alt(self) -> str:
        parts = [
            f"{one_line(row.model)} {row.random:.1%} against {row.group:.1%}, a difference of "
            f"{100 * row.difference:.1f} points ({100 * row.low:.1f} to {100 * row.high:.1f})"
            for row in self.models.itertuples()
        ]
        seeds = count(int(self.models["seeds"].min()), "split seed")
        name = SCORE_NAMES[self.score]
        return f"Test {name} on random against grouped splits, {seeds}: {'; '.join(parts)}."

    @property
    def size(self) -> tuple[float, float]:
        return WIDTH, 1.3 + 0.62 * len(self.models)

    def panels(self, figure: Figure) -> np.ndarray:
        return figure.subplots(1, 2, sharey=True)

    def draw(self, ax: np.ndarray) -> None:
        both, over = np.ravel(ax)
        sides = {"group": (BLUE, "o", "grouped split"), "random": (ORANGE, "s", "random split")}
        for row, model in self.models.iterrows():
            seeds = self.scores[self.scores["model"] == model["model"]]
            places = row + np.linspace(-0.26, 0.26, len(seeds) + 2)[1:-1]
            group, random, lead = (
                seeds[f"{self.score}_{part}"].to_numpy()
                for part in ("group", "random", "difference")
            )
            both.hlines(places, group, random, color=GREY, linewidth=0.8)
            for values, (colour, marker, _) in zip((group, random), sides.values(), strict=True):
                both.plot(values, places, marker, color=colour, markersize=4.5)
            over.plot(lead, places, "|", color=GREY, markersize=7)
            bar(
                over,
                row,
                model["difference"],
                model["low"],
                model["high"],
                filled=model["real"],
                color=BLACK,
                marker="D",
            )
        in_percent(both.xaxis)
        both.set_xlabel(f"test {SCORE_NAMES[self.score]}\n(one line per split seed)")
        _open_rows(both)
        in_points(over)
        over.set_xlabel("random minus grouped\n(points, 95% interval)")
        class_rows(both, [shortened(name, 24) for name in self.models["model"]])
        handles = [
            Line2D([], [], color=colour, marker=marker, linestyle="none", label=label)
            for colour, marker, label in sides.values()
        ]
        both.figure.legend(handles=handles, loc="outside upper center", ncols=2)


@dataclass
class FoldsDisplay(Display):
    """Each fold's scores with their intervals, and those of all folds together below them.

    `folds` has a row per fold, then one of all images: name, images, and for accuracy and
    macro_f1 the value, `_low` and `_high`.
    """

    folds: pd.DataFrame

    @classmethod
    def from_summary(cls, summary: FoldSummary) -> Self:
        """From `summarise_folds`."""
        folds = summary.folds.assign(name=[f"fold {n}" for n in summary.folds["fold"]])
        pooled = {"name": "all folds", "images": summary.pooled.images}
        for score in SCORE_NAMES:
            low, high = getattr(summary.pooled, f"{score}_interval")
            values = {"": getattr(summary.pooled, score), "_low": low, "_high": high}
            pooled |= {f"{score}{end}": value for end, value in values.items()}
        columns = list(pooled)
        return cls(pd.concat([folds[columns], pd.DataFrame([pooled])], ignore_index=True))

    @property
    def alt(self) -> str:
        *_, pooled = self.folds.itertuples()
        accuracy = self.folds["accuracy"].iloc[:-1]
        return (
            f"Test accuracy and macro F1 of {count(len(accuracy), 'fold')}; accuracy lies between "
            f"{accuracy.min():.1%} and {accuracy.max():.1%}, and is {pooled.accuracy:.1%} "
            f"({pooled.accuracy_low:.1%} to {pooled.accuracy_high:.1%}) over all "
            f"{count(pooled.images, 'image')}."
        )

    @property
    def size(self) -> tuple[float, float]:
        return WIDTH, 0.9 + 0.3 * len(self.folds)

    def panels(self, figure: Figure) -> np.ndarray:
        return figure.subplots(1, 2, sharey=True)

    def draw(self, ax: np.ndarray) -> None:
        panels, last = np.ravel(ax), len(self.folds) - 1
        for panel, (score, title) in zip(panels, SCORE_NAMES.items(), strict=True):
            for row, fold in self.folds.iterrows():
                values = (fold[score], fold[f"{score}_low"], fold[f"{score}_high"])
                bar(panel, row, *values, filled=True, color=BLACK if row == last else BLUE)
            panel.axvline(self.folds[score].iloc[-1], color=GREY, linewidth=0.8, linestyle=":")
            panel.set_title(title)
            in_percent(panel.xaxis, intervals=5)
            panel.set_xlabel("on test images (95% interval)")
            _open_rows(panel)
        names = [f"{fold.name} ({fold.images:,})" for fold in self.folds.itertuples(index=False)]
        class_rows(panels[0], names)
