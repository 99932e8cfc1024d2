"""What a report is made of: chapters, and the kinds of blocks that stand in them."""

from dataclasses import dataclass, field
from typing import ClassVar

from wastelib.report import prose


@dataclass(frozen=True)
class Prose:
    """Markdown as pandoc's syntax tree; `markup` is filled in by `rendered`."""

    kind: ClassVar = "prose"
    tree: list[prose.Node]
    markup: str = ""


@dataclass(frozen=True)
class Code:
    """A cell's source; `injected` are the parameters that papermill put in.

    `cell` is the number that Jupyter shows for it, `anchor` where links to the cell lead.
    """

    kind: ClassVar = "code"
    source: str
    injected: bool = False
    cell: int = 0
    anchor: str = ""


@dataclass(frozen=True)
class Data:
    """The table behind a figure, as other programs read it: full precision, no separators.

    Row i is drawn at `places[i]`, (x, y) in shares of the picture from its upper left corner;
    None for a row that is not drawn, and no places where rows are not one place each.
    """

    columns: list[str]
    rows: list[list[str]]
    places: list[tuple[float, float] | None] = field(default_factory=list)


@dataclass(frozen=True)
class Figure:
    """A picture; `content` is a whole SVG or PNG file, `size` its (width, height) in points.

    `data` is the table behind it, None for a picture that no display drew. `cell` is the number
    of the code cell that made it, and `code` the anchor of that cell, empty where it is hidden.
    """

    kind: ClassVar = "figure"
    name: str
    caption: str
    alt: str
    suffix: str
    content: bytes = field(repr=False)
    size: tuple[float, float]
    data: Data | None = field(default=None, repr=False)
    cell: int = 0
    code: str = ""
    number: str = ""
    anchor: str = ""


@dataclass(frozen=True)
class Table:
    """Columns are {"name": str, "align": "left" or "right"}, rows hold one string for each.

    `cell` and `code` are as in `Figure`; a table that no notebook made has neither.
    """

    kind: ClassVar = "table"
    name: str
    caption: str
    columns: list[dict[str, str]]
    rows: list[list[str]]
    cell: int = 0
    code: str = ""
    number: str = ""
    anchor: str = ""


@dataclass(frozen=True)
class Text:
    """What a cell printed, or the plain form of an output that has no other we trust.

    An `aside` went to standard error: the messages of libraries to whoever runs them.
    """

    kind: ClassVar = "text"
    text: str
    aside: bool = False


@dataclass(frozen=True)
class Error:
    """An exception that a cell was allowed to raise."""

    kind: ClassVar = "error"
    title: str
    traceback: str


@dataclass(frozen=True)
class Pair:
    """The same figure of two builds, side by side; None for a build that lacks it."""

    kind: ClassVar = "pair"
    name: str
    left: Figure | None
    right: Figure | None


Block = Prose | Code | Figure | Table | Text | Error | Pair


@dataclass(frozen=True)
class Chapter:
    """One notebook; `sections` are the (anchor, title) of its second-level headings."""

    stem: str
    number: str
    title: str
    anchor: str
    blocks: list[Block]
    sections: list[tuple[str, str]]
