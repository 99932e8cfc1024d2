"""How our figures look, and what every display shares. Nothing here acts at import."""

import contextlib
import re
import textwrap
import warnings
from collections.abc import Iterator
from dataclasses import fields
from typing import Self

import matplotlib
import numpy as np
import pandas as pd
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

WIDTH = 6.5  # inches: the text column of the PDF
ROWS = 40  # more rows of text than that do not fit a page

# Okabe and Ito's colours for all kinds of colour vision (jfly.uni-koeln.de/color, 2008),
# without their yellow, which is too faint for lines on white.
BLUE, VERMILLION, GREEN = "#0072B2", "#D55E00", "#009E73"
ORANGE, PURPLE, SKY = "#E69F00", "#CC79A7", "#56B4E9"
BLACK, GREY, FAINT = "#222222", "#767676", "#E4E4E4"
PALETTE = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)
MARKERS = "os^Dv*P"

STYLE = {
    "text.parse_math": False,  # a class may be called "$5_$"
    "font.size": 8.5,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8.5,
    "axes.labelcolor": BLACK,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.facecolor": "white",
    "figure.facecolor": "white",
    "grid.color": FAINT,
    "grid.linewidth": 0.7,
    "text.color": BLACK,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": BLACK,
    "ytick.labelcolor": BLACK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.6,
    "lines.markersize": 5,
    "figure.constrained_layout.w_pad": 0.06,
    "figure.constrained_layout.h_pad": 0.06,
    "svg.fonttype": "path",  # the same letters in a browser, a PDF and an image viewer
}

# matplotlib brings DejaVu Sans; names in other scripts are drawn where the machine can.
OTHER_SCRIPTS = ("Noto Sans CJK JP", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei")


@contextlib.contextmanager
def our_style() -> Iterator[None]:
    """Our settings inside the block, the reader's own again after it."""
    installed = set(font_manager.fontManager.get_font_names())
    fonts = ["DejaVu Sans", *(name for name in OTHER_SCRIPTS if name in installed)]
    with matplotlib.rc_context({**STYLE, "font.family": fonts}), warnings.catch_warnings():
        # An emoji in a class's name becomes a box; a warning per letter would not mend that.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


class Display:
    """Holds numbers; `plot` draws them and returns the display with `ax_` and `figure_`.

    A subclass says how large its figure is, which axes it has (`panels`), how the numbers
    are drawn on them (`draw`), what a person who cannot see it should read (`alt`), and, if
    it holds more or less than one table, which numbers stand behind it (`data`).
    Figures are made without pyplot, so no backend is chosen and nothing waits to be closed.
    """

    @property
    def alt(self) -> str:
        """One sentence that says what the figure shows, with its main numbers."""
        raise NotImplementedError

    @property
    def data(self) -> pd.DataFrame:
        """The table behind the figure, one row for each mark: its only table, where it has one."""
        tables = [getattr(self, field.name) for field in fields(self)]
        tables = [table for table in tables if isinstance(table, pd.DataFrame)]
        if len(tables) != 1:
            raise NotImplementedError
        return tables[0]

    def places(self) -> list[tuple[Axes, float, float]]:
        """Where each row of `data` is drawn, as (axes, x, y) with x and y in data coordinates.

        Asked for after `plot`. Empty, the default, for rows that are not one place each.
        """
        return []

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in inches."""
        return WIDTH, 3.0

    def panels(self, figure: Figure) -> Axes | np.ndarray:
        """The axes that `draw` needs."""
        return figure.subplots()

    def draw(self, ax: Axes | np.ndarray) -> None:
        """Draw on `ax`, which is what `panels` gives."""
        raise NotImplementedError

    def plot(self, ax: Axes | np.ndarray | None = None) -> Self:
        """Draw on `ax`, or on a new figure; where there are several panels, on an array."""
        with our_style():
            if ax is None:
                ax = self.panels(Figure(figsize=self.size, layout="constrained"))
            self.draw(ax)
        self.ax_ = ax
        self.figure_ = np.ravel(ax)[0].figure
        return self


def one_line(name: object) -> str:
    """A name without line breaks, tabs and other control characters."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", " ", str(name)).split())


def wrapped(name: object, width: int = 20, lines: int = 3) -> str:
    """A name broken into at most `lines` lines of `width` characters, the rest as '…'."""
    text = textwrap.wrap(one_line(name), width, max_lines=lines, placeholder="…")
    return "\n".join(text) or "(no name)"


def shortened(name: object, width: int = 24) -> str:
    """A name on one line of at most `width` characters; cut in the middle, for names often
    differ at their ends."""
    text = one_line(name) or "(no name)"
    return text if len(text) <= width else f"{text[: width - 9]}…{text[-8:]}"


def count(number: int, noun: str, nouns: str | None = None) -> str:
    """'1 class', '1,200 images'."""
    return f"{number:,} {noun if number == 1 else nouns or noun + 's'}"


def marker_style(index: int) -> dict[str, str]:
    """Colour and marker of the series number `index`; 49 of them before they repeat."""
    marker = MARKERS[(index + index // len(PALETTE)) % len(MARKERS)]
    return {"color": PALETTE[index % len(PALETTE)], "marker": marker}


def spread(wanted: np.ndarray, heights: np.ndarray, low: float, high: float) -> np.ndarray:
    """Middles of labels of these heights, nearest to `wanted` without overlap.

    They stay within low..high where they fit. The least-squares solution: with the room
    that the labels below take up subtracted from each position, keeping labels apart
    becomes keeping numbers in order, which is isotonic regression.
    """
    from sklearn.isotonic import isotonic_regression

    order = np.argsort(wanted, kind="stable")
    sizes = np.asarray(heights, float)[order]
    below = np.cumsum(sizes) - sizes / 2
    lowest = isotonic_regression(np.asarray(wanted, float)[order] - below)
    middles = np.empty(len(order))
    middles[order] = np.clip(lowest, low, max(high - sizes.sum(), low)) + below
    return middles


def in_percent(axis: Axis, intervals: int | str = "auto") -> None:
    """Label an axis of shares in whole per cent, at the ends of at most so many whole intervals."""
    axis.set_major_locator(MaxNLocator(nbins=intervals, steps=[1, 2, 5, 10], min_n_ticks=3))
    axis.set_major_formatter(PercentFormatter(1, decimals=0))
