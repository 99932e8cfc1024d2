"""A network drawn as a row of boxes."""

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Polygon

from wastelib.displays.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    SKY,
    WIDTH,
    Display,
    count,
    one_line,
)

BOXES = 15  # more do not fit beside each other with readable labels
OTHER = "#D9D9D9"
COLOURS = {"Conv": BLUE, "Pool": ORANGE, "Dense": GREEN, "Norm": SKY, "ReLU": SKY, "Act": SKY}


@dataclass(frozen=True)
class Box:
    """One layer, or consecutive layers drawn as one. `shape` is the output's, without batch."""

    title: str
    shape: tuple[int, ...]
    parameters: int
    colour: str


@dataclass
class ArchitectureDisplay(Display):
    """The layers from left to right: height is spatial size, width the number of channels.

    A network of more than BOXES layers is drawn in stages: consecutive layers of the same
    spatial size. A branch that is still larger, or padded, counts with the stage around it.
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
    def data(self) -> pd.DataFrame:
        rows = [(box.title, _times(box.shape), box.parameters) for box in self.boxes]
        return pd.DataFrame(rows, columns=["layer", "output", "parameters"])

    @property
    def alt(self) -> str:
        steps = ", ".join(f"{box.title} {_times(box.shape)}" for box in self.boxes)
        return (
            f"Drawing of a network with {count(self.layers, 'layer')} and "
            f"{count(self.parameters, 'parameter')}: {steps}."
        )

    @property
    def size(self) -> tuple[float, float]:
        return WIDTH, 2.5

    def draw(self, ax: Axes) -> None:
        largest = max((box.shape[0] for box in self.boxes if len(box.shape) > 1), default=1)
        right = max(len(self.boxes), 8)
        for x, box in enumerate(self.boxes):
            channels = np.log2(1 + box.shape[-1])
            if len(box.shape) > 1:
                _cuboid(ax, x, np.sqrt(box.shape[0] / largest), 0.04 * channels, box.colour)
            else:
                _cuboid(ax, x, 0.05 * channels, 0.12, box.colour)
            self._label(ax, x, box)
        for y, heading in ((-0.1, "layer"), (-0.5, "output"), (-0.85, "parameters")):
            ax.text(-0.55, y, heading, color=GREY, fontsize=6.5, ha="right", va="top")
        ax.axhline(0, color=GREY, linewidth=0.7, zorder=0)
        ax.set_xlim(-0.55, right - 0.4)
        ax.set_ylim(-1.0, 1.25)
        ax.axis("off")

    def _label(self, ax: Axes, x: int, box: Box) -> None:
        small = 6.8 if len(self.boxes) <= 10 else 5.8
        style = {"fontsize": small, "ha": "center", "va": "top", "linespacing": 1.1}
        shape = _times(box.shape[:-1]) + "\n" if len(box.shape) > 1 else ""
        shape += _times(("", box.shape[-1])) if shape else str(box.shape[-1])
        ax.text(x, -0.1, _in_words(box.title), **style)
        ax.text(x, -0.5, shape, **style)
        ax.text(x, -0.85, _short(box.parameters), **style)


def _stages(rows: Sequence[dict]) -> list[list[dict]]:
    """Consecutive layers by the smallest spatial size so far; each flat layer by itself."""
    stages: list[list[dict]] = []
    smallest, last = np.inf, None
    for row in rows:
        shape = row["output_shape"]
        smallest = min(smallest, shape[0]) if len(shape) > 1 else smallest
        stage = smallest if len(shape) > 1 else row["name"]
        if stage != last:
            stages.append([])
        stages[-1].append(row)
        last = stage
    return stages


def _box(rows: list[dict]) -> Box:
    """One box for these layers: the smallest of their outputs, with the most channels."""
    kind = rows[0]["type"]
    shapes = [tuple(row["output_shape"]) for row in rows]
    shape = (*min(shapes)[:-1], max(shape[-1] for shape in shapes))
    parameters = sum(row["parameters"] for row in rows)
    if len(rows) > 1:
        return Box(f"{len(rows)} layers", shape, parameters, BLUE)
    colour = next((colour for word, colour in COLOURS.items() if word in kind), OTHER)
    return Box(one_line(kind), shape, parameters, colour)


def _cuboid(ax: Axes, x: float, height: float, width: float, colour: str) -> None:
    """A box standing on y = 0 around x, seen from the right and above."""
    depth = 0.2 * height
    left, right = x - (width + depth) / 2, x + (width - depth) / 2
    back = height + depth
    front = [(left, 0), (right, 0), (right, height), (left, height)]
    top = [(left, height), (right, height), (right + depth, back), (left + depth, back)]
    side = [(right, 0), (right, height), (right + depth, back), (right + depth, depth)]
    for face, shade in ((front, 0.0), (top, 0.35), (side, -0.25)):
        ax.add_patch(Polygon(face, facecolor=_shaded(colour, shade), edgecolor=GREY, lw=0.5))


def _shaded(colour: str, shade: float) -> tuple[float, ...]:
    """Towards white for shade above 0, towards black below, both up to 1."""
    rgb = np.array(to_rgb(colour))
    return tuple(rgb + (1 - rgb) * shade if shade > 0 else rgb * (1 + shade))


def _in_words(title: str) -> str:
    """'GlobalAveragePooling2D' on lines of at most eleven letters where its words allow."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "~", title.replace("Normalization", "Norm"))
    lines = textwrap.wrap(words.replace("~", " "), 11) if "~" in words else [words]
    return "\n".join(line.replace(" ", "") for line in lines) if "~" in words else title


def _short(parameters: int) -> str:
    return f"{parameters:,}" if parameters < 1e7 else f"{parameters / 1e6:.1f} M"


def _times(shape: tuple) -> str:
    return "\N{MULTIPLICATION SIGN}".join(str(side) for side in shape)
