"""How well models do: confusion, scores per class, and accuracy against cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, PercentFormatter

from wastelib.displays.counts import class_rows, row_height
from wastelib.displays.style import (
    FAINT,
    ROWS,
    WIDTH,
    Display,
    count,
    in_percent,
    marker_style,
    one_line,
    shortened,
    spread,
    wrapped,
)
from wastelib.evaluation.metrics import Evaluation

CONFUSION_ROWS = 30  # more names do not fit below the matrix
COSTS = {
    "parameters": "parameters",
    "size_bytes": "file size (bytes)",
    "train_seconds": "training (seconds)",
    "image_milliseconds": "one image (ms)",
}


@dataclass
class ConfusionDisplay(Display):
    """Which class is taken for which: image counts, shaded by share of the true class.

    `confusion` counts images, rows true and columns predicted, in the order of `classes`.
    """

    confusion: np.ndarray
    classes: tuple[str, ...]

    @classmethod
    def from_evaluation(cls, evaluation: Evaluation) -> Self:
        """The confusion matrix of one evaluation."""
        return cls(evaluation.confusion, evaluation.classes)

    @property
    def data(self) -> pd.DataFrame:
        true, predicted = np.nonzero(self.confusion)
        classes, images = np.array(self.classes, object), self.confusion[true, predicted]
        share = images / self.confusion.sum(axis=1)[true]
        cells = {"true": classes[true], "predicted": classes[predicted]}
        return pd.DataFrame(cells | {"images": images, "share of the true": share})

    def places(self) -> list[tuple[Axes, float, float]]:
        if len(self.classes) > CONFUSION_ROWS:
            return []  # what is drawn then are classes taken together
        cells = zip(*np.nonzero(self.confusion), strict=True)
        return [(self.ax_, column + 0.5, row + 0.5) for row, column in cells]

    @property
    def alt(self) -> str:
        total, right = self.confusion.sum(), np.trace(self.confusion)
        text = f"Confusion matrix of {count(total, 'image')}, {right:,} of them on the diagonal"
        wrong = self.confusion - np.diag(np.diag(self.confusion))
        if wrong.any():
            row, column = np.unravel_index(wrong.argmax(), wrong.shape)
            true, predicted = one_line(self.classes[row]), one_line(self.classes[column])
            text += f"; the most frequent mistake is {true} taken for {predicted}"
            text += f" ({wrong[row, column]:,})"
        return f"{text}."

    @property
    def size(self) -> tuple[float, float]:
        rows = min(len(self.classes), CONFUSION_ROWS)
        return WIDTH, float(np.clip(1.9 + 0.42 * rows, 2.8, 6.4))

    def draw(self, ax: Axes) -> None:
        import seaborn

        counts, names = self._shown()
        support = counts.sum(axis=1)
        shares = counts / np.maximum(support, 1)[:, None]
        size = len(names)
        seaborn.heatmap(
            shares,
            ax=ax,
            vmin=0,
            vmax=1,
            cmap="Blues",
            annot=self._texts(counts, shares) if size <= 20 else None,
            fmt="",
            annot_kws={"fontsize": 8 if size <= 12 else 6.5},
            linewidths=0.5 if size <= 20 else 0.2,
            linecolor="white",
            cbar_kws={
                "label": "share of the true class",
                "format": PercentFormatter(1, decimals=0),
                "shrink": 0.8,
            },
        )
        label = {"fontsize": 8 if size <= 12 else 7 if size <= 20 else 6}
        rows = [f"{name} ({n:,})" for name, n in zip(names, support, strict=True)]
        ax.set_yticks(np.arange(size) + 0.5, labels=rows, rotation=0, **label)
        turned = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"}
        if size * max(map(len, names)) < 50:  # letters that fit beside each other
            turned = {"rotation": 0}
        ax.set_xticks(np.arange(size) + 0.5, labels=names, **turned, **label)
        ax.tick_params(length=0)
        ax.set(xlabel="predicted class", ylabel="true class (images)")

    def _shown(self) -> tuple[np.ndarray, list[str]]:
        """The matrix and its names; of many, those least confused are one."""
        names = [shortened(name, 22) for name in self.classes]
        if len(names) <= CONFUSION_ROWS:
            return self.confusion, names
        wrong = self.confusion - np.diag(np.diag(self.confusion))
        worst = np.maximum(wrong.max(axis=0), wrong.max(axis=1))
        order = np.lexsort([-self.confusion.sum(axis=1), -worst])  # of equals the larger
        kept, rest = np.sort(order[: CONFUSION_ROWS - 1]), order[CONFUSION_ROWS - 1 :]
        parts = [[index] for index in kept] + [rest]
        counts = np.array([[self.confusion[np.ix_(a, b)].sum() for b in parts] for a in parts])
        return counts, [*(names[index] for index in kept), f"{len(rest)} other classes"]

    def _texts(self, counts: np.ndarray, shares: np.ndarray) -> np.ndarray:
        """What stands in the cells: the count, and its share of the row where there is room."""
        with_share = len(counts) <= 10
        texts = [
            f"{n:,}\n{share:.0%}" if with_share and n else f"{n:,}" if n else ""
            for n, share in zip(counts.ravel(), shares.ravel(), strict=True)
        ]
        return np.array(texts).reshape(counts.shape)


@dataclass
class PerClassDisplay(Display):
    """F1 of every class as dots, for one model or several.

    `per_class` maps a model's name to a table indexed by class with f1 and support.
    """

    per_class: dict[str, pd.DataFrame]

    @classmethod
    def from_evaluations(cls, evaluations: Mapping[str, Evaluation]) -> Self:
        """Models evaluated on the same images."""
        return cls({name: evaluation.per_class for name, evaluation in evaluations.items()})

    def __post_init__(self):
        table = pd.DataFrame({name: scores["f1"] for name, scores in self.per_class.items()})
        self.f1 = table.loc[table.mean(axis=1).sort_values(ascending=False, kind="stable").index]
        self.support = next(iter(self.per_class.values()))["support"]

    @property
    def data(self) -> pd.DataFrame:
        tables = pd.concat(self.per_class, names=["model", "class"])
        return tables[["f1", "support"]].reset_index()

    @property
    def alt(self) -> str:
        def sentence(name: str) -> str:
            scores = self.f1[name].sort_values(kind="stable")
            first, last = one_line(scores.index[-1]), one_line(scores.index[0])
            return (
                f"{one_line(name)} from {last} ({scores.iloc[0]:.2f}) "
                f"to {first} ({scores.iloc[-1]:.2f})"
            )

        models = "; ".join(sentence(name) for name in self.f1.columns)
        return f"Dot plot of F1 for {count(len(self.f1), 'class', 'classes')}: {models}."

    @property
    def size(self) -> tuple[float, float]:
        rows = min(len(self.f1), ROWS)
        legend = 0 if self.f1.shape[1] == 1 else 0.2 * -(-self.f1.shape[1] // 3)
        return WIDTH, 0.8 + rows * row_height(rows) + legend

    def draw(self, ax: Axes) -> None:
        shown = self.f1 if len(self.f1) <= ROWS else self.f1.tail(ROWS)
        rows = np.arange(len(shown))
        single, dots = shown.shape[1] == 1, []
        ax.hlines(rows, 0 if single else shown.min(axis=1), shown.max(axis=1), color=FAINT, lw=3)
        for index, name in enumerate(shown.columns):
            label, style = shortened(name, 30), marker_style(index)
            style |= {"linestyle": "none", "markersize": 6.5, "clip_on": False}
            dots += ax.plot(shown[name], rows, label=label, **style)
        if single:
            for row, value in zip(rows, shown.iloc[:, 0], strict=True):
                at = {"xytext": (7, 0), "textcoords": "offset points", "va": "center"}
                ax.annotate(f"{value:.2f}", (value, row), fontsize=7.5, **at)
        else:
            ax.figure.legend(handles=dots, loc="outside upper center", ncols=3)
        class_rows(ax, [f"{shortened(c, 28)} ({self.support[c]:,})" for c in shown.index])
        ax.set_xlim(-0.015, 1.04)
        ax.spines["left"].set_visible(False)
        ax.grid(axis="x")
        few = "" if len(shown) == len(self.f1) else f"; the {ROWS} lowest of {len(self.f1)}"
        ax.set_xlabel(f"F1 (number of test images in brackets{few})")


@dataclass
class CostDisplay(Display):
    """Accuracy with its interval against each cost, on logarithmic axes side by side.

    `models` has a row per model: name, kind, test_accuracy, low, high, then up to four
    cost columns, all positive (`COSTS` names those of `results.json`).
    """

    models: pd.DataFrame

    @classmethod
    def from_models(cls, models: pd.DataFrame) -> Self:
        """From one row per model."""
        return cls(models)

    def __post_init__(self):
        self.models = self.models.reset_index(drop=True)
        others = ("name", "kind", "test_accuracy", "low", "high")
        self.costs = [column for column in self.models.columns if column not in others]

    @property
    def alt(self) -> str:
        best = self.models.loc[self.models["test_accuracy"].idxmax()]
        text = (
            f"Test accuracy of {count(len(self.models), 'model')} against "
            f"{', '.join(COSTS.get(cost, cost) for cost in self.costs)}; "
            f"{one_line(best['name'])} is most accurate ({best['test_accuracy']:.1%})"
        )
        for cost in self.costs:
            least = self.models.loc[self.models[cost].idxmin()]
            value = _short(float(f"{least[cost]:.2g}"))
            text += f"; lowest {COSTS.get(cost, cost)}: {one_line(least['name'])} ({value})"
        return f"{text}."

    @property
    def size(self) -> tuple[float, float]:
        return WIDTH, max(3.2, 0.9 + 0.36 * len(self.models))

    def panels(self, figure: Figure) -> np.ndarray:
        return figure.subplots(1, len(self.costs), sharey=True, squeeze=False)[0]

    def draw(self, ax: np.ndarray) -> None:
        panels = np.ravel(ax)
        for panel, cost in zip(panels, self.costs, strict=True):
            for index, model in self.models.iterrows():
                y, style = model["test_accuracy"], marker_style(index)
                bar = [[y - model["low"]], [model["high"] - y]]
                panel.errorbar(
                    model[cost], y, yerr=bar, **style, markersize=6, capsize=2, elinewidth=1
                )
            values = self.models[cost]
            cost_scale(panel, values.min(), values.max(), COSTS.get(cost, cost))
        accuracy_scale(panels[0], self.models["low"], self.models["high"])
        styles = [marker_style(index) for index in self.models.index]
        name_beside(panels[-1], self.models["name"], self.models["test_accuracy"], styles)


def name_beside(ax: Axes, names: Sequence[str], heights: Sequence[float], styles: list) -> None:
    """Names with their markers at the right of `ax`, at these heights, moved apart."""
    low, high = ax.get_ylim()
    labels = [wrapped(name, 22, 2) for name in names]
    inches = ax.figure.get_size_inches()[1] - 0.9
    lines = np.array([label.count("\n") + 1 for label in labels])
    rooms = (0.05 + 0.12 * lines) * (high - low) / inches
    middles = spread(np.asarray(heights), rooms, low, high)
    across = ax.get_yaxis_transform()  # x in axes shares, y in accuracy
    for label, height, middle, style in zip(labels, heights, middles, styles, strict=True):
        how = {**style, "linewidth": 0.8, "markersize": 5, "markevery": [1]}
        ax.plot([1.0, 1.09], [height, middle], **how, transform=across, clip_on=False)
        ax.text(1.15, middle, label, va="center", fontsize=7.5, transform=across)


def cost_scale(ax: Axes, low: float, high: float, label: str) -> None:
    """A logarithmic axis of costs from low to high, with a few round numbers."""
    ax.set_xscale("log")
    ax.set_xlim(low / 2, high * 2)
    ax.xaxis.set_major_locator(FixedLocator(_log_ticks(low / 1.7, high * 1.7)))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xlabel(label)
    ax.grid()


def accuracy_scale(ax: Axes, lows: pd.Series, highs: pd.Series) -> None:
    """An axis of accuracies that holds these intervals, in per cent."""
    low, high = lows.min(), highs.max()
    margin = 0.08 * max(high - low, 0.05)
    ax.set_ylim(max(low - margin, -0.01), min(high + margin, 1.01))
    in_percent(ax.yaxis)
    ax.set_ylabel("test accuracy (95% interval)")


def _log_ticks(low: float, high: float) -> np.ndarray:
    """Round numbers between low and high, about three: of 1, of 1 and 3, or of 1, 2 and 5."""
    powers = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)))
    for steps in ([1], [1, 3], [1, 2, 5], [1, 1.5, 2, 3, 5, 7]):
        ticks = np.outer(powers, steps).ravel()
        ticks = ticks[(ticks >= low) & (ticks <= high)]
        if len(ticks) >= 3:
            break
    return ticks


def _short(value: float) -> str:
    """3000000 as '3M'."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"
