"""One photograph: what a model says of it, where it looked, and what it had seen before."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wastelib.displays.answers import overlaid
from wastelib.displays.style import BLUE, FAINT, GREY, WIDTH, Display, one_line, wrapped

BARS = 6  # classes shown
NEAREST = 5


@dataclass
class OpinionDisplay(Display):
    """A photograph, its heat map and its probabilities; below them the nearest of training.

    `photograph` is uint8 (height, width, 3), `heat` (h, w) in 0..1, `shares` class ->
    probability, `nearest` holds at most five (label, likeness, photograph).
    """

    title: str
    photograph: np.ndarray
    heat: np.ndarray
    shares: dict[str, float]
    nearest: list[tuple[str, float, np.ndarray]]

    @property
    def alt(self) -> str:
        said = ", ".join(f"{one_line(name)} {share:.0%}" for name, share in self._likeliest)
        seen = ", ".join(one_line(label) for label, _, _ in self.nearest)
        return f"{one_line(self.title)}. Probabilities: {said}. Nearest in training: {seen}."

    @property
    def size(self) -> tuple[float, float]:
        return WIDTH, 4.2

    @property
    def _likeliest(self) -> list[tuple[str, float]]:
        return sorted(self.shares.items(), key=lambda item: -item[1])[:BARS]

    def panels(self, figure: Figure) -> np.ndarray:
        grid = figure.add_gridspec(2, 15, height_ratios=(1.7, 1))
        above = [figure.add_subplot(grid[0, start : start + 5]) for start in (0, 5, 10)]
        below = [figure.add_subplot(grid[1, start : start + 3]) for start in range(0, 15, 3)]
        return np.array([*above, *below])

    def draw(self, ax: np.ndarray) -> None:
        photograph, heat, bars, *below = ax
        photograph.imshow(self.photograph)
        photograph.set_title(wrapped(self.title, 30, 2))
        heat.imshow(overlaid(self.photograph, self.heat))
        heat.set_title("where it looked")
        _bars(bars, self._likeliest)
        for each in (photograph, heat, *below):
            each.set_axis_off()
        for each, (label, likeness, near) in zip(below, self.nearest, strict=False):
            each.imshow(near)
            each.set_title(f"{wrapped(label, 18, 1)}\nlikeness {likeness:.2f}", fontsize=7.5)


def _bars(ax: Axes, likeliest: list[tuple[str, float]]) -> None:
    for number, (name, share) in enumerate(likeliest):
        ax.barh(number, 1, color=FAINT, height=0.18)
        ax.barh(number, share, color=BLUE, height=0.18)
        ax.text(0, number - 0.28, wrapped(name, 22, 1), fontsize=7.5)
        ax.text(1, number - 0.28, f"{share:.1%}", fontsize=7.5, ha="right", color=GREY)
    ax.set_ylim(len(likeliest) - 0.4, -0.8)
    ax.set_title("probability, calibrated")
    ax.set_axis_off()
