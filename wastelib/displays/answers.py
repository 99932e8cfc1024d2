"""Photographs beside what a model answered: its probabilities, and where it looked."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Self

import cv2
import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wastelib.displays.sheets import TALLEST, TILE, Reader, Sheet, tiles
from wastelib.displays.style import (
    BLUE,
    FAINT,
    GREY,
    VERMILLION,
    WIDTH,
    Display,
    count,
    one_line,
    shortened,
    wrapped,
)

COLUMNS, ROW, PHOTOGRAPH = 2, 1.3, 1.14  # of a sheet of answers; inches
BAR_ROWS = 3  # classes named beside a photograph
HEAT = "inferno"  # from dark to light, also for readers who see no colours


@dataclass
class AnswerSheetDisplay(Display):
    """Photographs, each with the classes that a model finds most likely, and its label.

    `answers` has a row per photograph: image, label, predicted and one `p_<class>` for each
    class, as `wastelib.evaluation.errors` makes them.
    """

    answers: pd.DataFrame
    photographs: list[np.ndarray]

    @classmethod
    def from_answers(cls, answers: pd.DataFrame, root: Path, reader: Reader | None = None) -> Self:
        """Read the photographs from the folder `root`; for `reader` see `SampleSheetDisplay`.

        At most a page of them is shown, the first ones.
        """
        answers = answers.head(COLUMNS * int(TALLEST / ROW))
        return cls(answers, tiles(answers["image"], root, reader))

    @property
    def alt(self) -> str:
        told = ", ".join(
            f"{one_line(row['label'])} taken for {one_line(row['predicted'])} "
            f"({row['p_' + row['predicted']]:.0%})"
            for row in self.answers.to_dict("records")
        )
        return f"{count(len(self.answers), 'photograph')} with probabilities: {told}."

    @property
    def size(self) -> tuple[float, float]:
        return WIDTH, ROW * -(-len(self.answers) // COLUMNS)

    def panels(self, figure: Figure) -> Axes:
        """One panel over the whole page, in inches from its upper left corner."""
        figure.set_layout_engine("none")
        return figure.add_axes((0, 0, 1, 1))

    def draw(self, ax: Axes) -> None:
        width, height = self.size
        for number, (answer, photograph) in enumerate(
            zip(self.answers.to_dict("records"), self.photographs, strict=True)
        ):
            row, column = divmod(number, COLUMNS)
            left, top = column * width / COLUMNS, row * ROW
            _place(ax, photograph, left, top)
            text = left + PHOTOGRAPH + 0.1
            _bars(ax, answer, text, top, (column + 1) * width / COLUMNS - 0.15)
        ax.set_xlim(0, width)
        ax.set_ylim(height, 0)
        ax.set_axis_off()


class HeatSheetDisplay(Sheet):
    """Each row a photograph, and two heat maps over it: for the answer and for the label."""

    @classmethod
    def from_answers(
        cls,
        answers: pd.DataFrame,
        root: Path,
        for_answer: np.ndarray,
        for_label: np.ndarray,
        reader: Reader | None = None,
    ) -> Self:
        """`answers` as in `AnswerSheetDisplay`; the maps are (n, height, width) in 0..1."""
        photographs = [_filled(photo) for photo in tiles(answers["image"], root, reader)]
        records = answers.to_dict("records")
        rows = [
            (_row_text(answer), [photograph, overlaid(photograph, a), overlaid(photograph, b)])
            for answer, photograph, a, b in zip(
                records, photographs, for_answer, for_label, strict=True
            )
        ]
        headings = ("photograph", "for the answer", "for the label")
        return cls(rows, len(headings), answers, headings=headings)

    @property
    def alt(self) -> str:
        told = "; ".join(one_line(label) for label, _ in self.rows)
        return (
            f"{count(len(self.rows), 'photograph')}, each beside two heat maps that show where "
            f"the model found what speaks for its answer and for the label: {told}."
        )


def overlaid(photograph: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """`heat` (height, width), 0..1, in colours over the photograph in grey, uint8.

    The map is stretched to the photograph: models see it squeezed to a square.
    """
    height, width = photograph.shape[:2]
    heat = cv2.resize(heat.astype(np.float32), (width, height)).clip(0, 1)[..., None]
    grey = photograph.mean(axis=2, keepdims=True)
    colours = 255 * matplotlib.colormaps[HEAT](heat[..., 0])[..., :3]
    weight = 0.75 * heat**0.5
    return ((1 - weight) * grey + weight * colours).astype(np.uint8)


def _filled(photograph: np.ndarray) -> np.ndarray:
    """As large as a tile: a map needs room, however small the photograph."""
    scale = TILE / max(photograph.shape[:2])
    height, width = (max(1, round(side * scale)) for side in photograph.shape[:2])
    return cv2.resize(photograph, (width, height))


def _percent(share: float) -> str:
    """A probability that is neither 0 nor 1, and does not look so."""
    return "< 0.1%" if share < 0.001 else "> 99.9%" if share > 0.999 else f"{share:.1%}"


def _row_text(answer: dict) -> str:
    lines = [
        f"{word}\n{wrapped(name, 16, 2)}\n{_percent(answer['p_' + name])}"
        for word, name in (("answer", answer["predicted"]), ("label", answer["label"]))
    ]
    return "\n\n".join(lines)


def _place(ax: Axes, photograph: np.ndarray, left: float, top: float) -> None:
    """Draw a photograph in the middle of its square."""
    scale = PHOTOGRAPH / max(photograph.shape[:2])
    height, width = (side * scale for side in photograph.shape[:2])
    x, y = left + (PHOTOGRAPH - width) / 2, top + (PHOTOGRAPH - height) / 2
    ax.imshow(photograph, extent=(x, x + width, y + height, y), aspect="auto")


def _bars(ax: Axes, answer: dict, left: float, top: float, right: float) -> None:
    """File name, then a bar for each of the likeliest classes, the label always among them."""
    file = shortened(PurePosixPath(answer["image"]).name, 28)
    ax.text(left, top + 0.12, file, fontsize=7, color=GREY)
    colours = {answer["predicted"]: VERMILLION, answer["label"]: BLUE}
    words = {answer["predicted"]: "answer: ", answer["label"]: "label: "}
    for number, name in enumerate(_likeliest(answer)):
        share, line = answer[f"p_{name}"], top + 0.31 + 0.3 * number
        text = f"{words.get(name, '')}{shortened(name, 22)}"
        ax.text(left, line, text, va="center", fontsize=7)
        ax.text(right, line, _percent(share), va="center", ha="right", fontsize=7)
        at = {"y": line + 0.12, "height": 0.06, "left": left}
        ax.barh(width=right - left, color=FAINT, **at)
        ax.barh(width=share * (right - left), color=colours.get(name, GREY), **at)


def _likeliest(answer: dict) -> list[str]:
    """The label and the likeliest other classes, the likeliest first."""
    shares = {key[2:]: share for key, share in answer.items() if str(key).startswith("p_")}
    ranked = sorted(shares, key=shares.get, reverse=True)
    others = [name for name in ranked if name != answer["label"]][: BAR_ROWS - 1]
    return [name for name in ranked if name in (answer["label"], *others)]
