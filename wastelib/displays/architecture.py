"""A network drawn as a row of boxes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon

from wastelib.displays.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    WIDTH,
    Display,
    count,
    one_line,
)

BOXES = 15  # more do not fit beside each other with readable labels
COLOURS = {
    "Conv": BLUE,
    "Pool": ORANGE,
    "Dense": GREEN,
    "Norm": SKY,
    "Activation": SKY,
    "ReLU": SKY,
    "Input": "#FFFFFF",
}


@dataclass(frozen=True)
class Box:
    """One layer, or consecutive layers drawn as one. `shape` is the output's, without batch."""

    title: str
    shape: tuple[int, ...]
    parameters: int
    colour: str


@dataclass
class ArchitectureDisplay(Display):
    """The layers from left to right: height is spatial size, depth the number of channels.

    A network of more than BOXES layers is drawn in stages: consecutive layers of the same
    spatial size (a branch that is still larger counts with the stage that it ends in).
    """

    boxes: list[Box]
    layers: int

    @classmethod
    def from_layers(cls, rows: Sequence[dict]) -> Self:
        """From rows with name, type, output_shape and parameters, first layer first."""
        groups = [[row] for row in rows] if len(rows) <= BOXES else _stages(rows)
        return cls([_box(group) for group in groups], len(rows))

    @property
    def parameters(self) -> int:
        """Of all layers together."""
        return sum(box.parameters for box in self.boxes)

    @property
    def alt(self) -> str:
        steps = ", ".join(f"{box.title} {_times(box.shape)}" for box in self.boxes)
        return (
            f"Drawing of a network with {count(self.layers, 'layer')} and "
            f"{count(self.parameters, 'parameter')}: {steps}."
        )

    @property
    def size(self) -> tuple[float, float]:
        return WIDTH, 3.0

    def draw(self, ax: Axes) -> None:
        largest = max(box.shape[0] for box in self.boxes if len(box.shape) == 3)
        for position, box in enumerate(self.boxes):
            self._draw_box(ax, position, box, largest)
        ax.set_xlim(-0.6, max(len(self.boxes), 8) - 0.3)
        ax.set_ylim(-1.45, 1.3)
        ax.axis("off")

    def _draw_box(self, ax: Axes, position: int, box: Box, largest: int) -> None:
        if len(box.shape) == 3:
            height = np.sqrt(box.shape[0] / largest)
        else:
            height = 0.12 + 0.05 * np.log2(box.shape[-1])
        _cuboid(ax, position, height, 0.05 + 0.035 * np.log2(1 + box.shape[-1]), box.colour)
        label = f"{box.title}\n{_times(box.shape)}\n{box.parameters:,}"
        ax.text(
            position,
            -0.12,
            label,
            rotation=90,
            ha="center",
            va="top",
            fontsize=6.5,
            linespacing=1.15,
        )


def _stages(rows: Sequence[dict]) -> list[list[dict]]:
    """Consecutive layers by spatial size, the smallest so far; each flat layer by itself."""
    groups: list[list[dict]] = []
    smallest, last = np.inf, None
    for row in rows:
        shape = row["output_shape"]
        smallest = min(smallest, shape[0]) if len(shape) == 3 else smallest
        key = smallest if len(shape) == 3 else row["name"]
        if "Input" in row["type"] or key != last:
            groups.append([])
        groups[-1].append(row)
        last = None if "Input" in row["type"] else key
    return groups


def _box(rows: list[dict]) -> Box:
    last, kind = rows[-1], rows[0]["type"]
    title = one_line(kind) if len(rows) == 1 else f"{len(rows)} layers"
    if len(rows) > 1:
        colour = BLUE
    else:
        colour = next((c for word, c in COLOURS.items() if word in kind), PURPLE)
    shape = tuple(last["output_shape"])
    return Box(title, shape, sum(row["parameters"] for row in rows), colour)


def _cuboid(ax: Axes, x: float, height: float, width: float, colour: str) -> None:
    """A box standing on y = 0 around x, seen from the right and above."""
    left, right, depth = x - width / 2, x + width / 2, 0.22 * height
    front = [(left, 0), (right, 0), (right, height), (left, height)]
    top = [
        (left, height),
        (right, height),
        (right + depth, height + depth),
        (left + depth, height + depth),
    ]
    side = [(right, 0), (right, height), (right + depth, height + depth), (right + depth, depth)]
    for face, shade in ((front, 0.0), (top, 0.35), (side, -0.25)):
        ax.add_patch(Polygon(face, facecolor=_shaded(colour, shade), edgecolor=GREY, lw=0.5))


def _shaded(colour: str, shade: float) -> tuple[float, float, float]:
    """Lighter for shade above 0, darker below, both up to 1."""
    from matplotlib.colors import to_rgb

    rgb = np.array(to_rgb(colour))
    return tuple(rgb + (1 - rgb) * shade if shade > 0 else rgb * (1 + shade))


def _times(shape: tuple[int, ...]) -> str:
    return "\N{MULTIPLICATION SIGN}".join(f"{side}" for side in shape)
