"""Sheets of photographs: samples of every class, and groups of re-shots."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wastelib.displays.style import GREY, WIDTH, Display, count, one_line, wrapped

Reader = Callable[[Path], np.ndarray]  # a file's photograph as uint8 (height, width, 3)

TALLEST = 8.5  # inches of photographs on a page
ROW_LIMIT = 10  # more rows of photographs do not fit a page
TILE = 192  # pixels: at six photographs per row, a little more than is printed
GAP = 8
COLUMNS = ["label", "group", "path"]  # what the tables say of each photograph


@dataclass
class Sheet(Display):
    """Rows of photographs, each row with a label at its left.

    `rows` holds (label, photographs) with photographs as uint8 (height, width, 3) of at
    most TILE pixels a side; `table` has a row for each of them, in their order; `note` stands
    below and says what was left out, `headings` above the columns.
    """

    rows: list[tuple[str, list[np.ndarray]]]
    columns: int
    table: pd.DataFrame
    note: str = ""
    headings: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[float, float]:
        below = 0.3 if self.note else 0.05
        return WIDTH, self._above + self._row * len(self.rows) + below

    @property
    def _above(self) -> float:
        """Inches that the headings take."""
        return 0.25 if self.headings else 0

    @property
    def _row(self) -> float:
        """Inches from one row of photographs to the next."""
        return min((WIDTH - self._left) / self.columns, TALLEST / len(self.rows))

    @property
    def _left(self) -> float:
        """Inches that the labels take, at 8 points."""
        return 0.2 + 0.072 * max(len(line) for text, _ in self.rows for line in text.split("\n"))

    def panels(self, figure: Figure) -> Axes:
        """Placed by hand: constrained layout clips the labels of axes with a fixed aspect."""
        figure.set_layout_engine("none")
        width, height = self.size
        area = self._row * self.columns, self._row * len(self.rows)
        bottom = height - self._above - area[1]
        return figure.add_axes(
            (self._left / width, bottom / height, area[0] / width, area[1] / height), anchor="NW"
        )

    def draw(self, ax: Axes) -> None:
        step = TILE + GAP
        paper = np.full((len(self.rows) * step - GAP, self.columns * step - GAP, 3), 255, np.uint8)
        for row, (_, photographs) in enumerate(self.rows):
            for column, photograph in enumerate(photographs):
                height, width = photograph.shape[:2]
                top = row * step + (TILE - height) // 2
                left = column * step + (TILE - width) // 2
                paper[top : top + height, left : left + width] = photograph
        ax.imshow(paper)
        middles = np.arange(len(self.rows)) * step + TILE / 2
        ax.set_yticks(middles, labels=[label for label, _ in self.rows])
        ax.xaxis.tick_top()
        centres = np.arange(len(self.headings)) * step + TILE / 2
        ax.set_xticks(centres, labels=self.headings)
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        ax.set_xlabel(self.note, color=GREY)


class SampleSheetDisplay(Sheet):
    """Some photographs of every class, no two of one group in a row."""

    @classmethod
    def from_dataset(
        cls,
        catalogue: pd.DataFrame,
        root: Path,
        per_class: int = 6,
        seed: int = 0,
        reader: Reader | None = None,
    ) -> Self:
        """Draw `per_class` groups of each class at random, and one photograph of each.

        Of more than ROW_LIMIT classes the largest are shown. `reader` decodes a file;
        `wastelib.data.images.read_rgb` if it is None.
        """
        counts = catalogue["label"].value_counts()
        shuffled = catalogue.sample(frac=1, random_state=seed).drop_duplicates(["label", "group"])
        rows, shown = [], []
        for label in sorted(counts.index[:ROW_LIMIT]):
            chosen = shuffled[shuffled["label"] == label].head(per_class)
            text = f"{wrapped(label, 16, 3)}\n({counts[label]:,})"
            rows.append((text, tiles(chosen["path"], root, reader)))
            shown.append(chosen[COLUMNS])
        note = f"the {ROW_LIMIT} largest of {len(counts)} classes"
        table = pd.concat(shown, ignore_index=True)
        return cls(rows, per_class, table, note if len(counts) > ROW_LIMIT else "")

    @property
    def alt(self) -> str:
        names = ", ".join(one_line(label.rsplit("\n", 1)[0]) for label, _ in self.rows)
        number = sum(len(photographs) for _, photographs in self.rows)
        return f"{count(number, 'sample photograph')}, one row per class: {names}."


class GroupSheetDisplay(Sheet):
    """Groups of re-shots: every row is one item, photographed several times."""

    @classmethod
    def from_dataset(
        cls,
        catalogue: pd.DataFrame,
        root: Path,
        groups: int = 6,
        per_group: int = 6,
        seed: int = 0,
        reader: Reader | None = None,
    ) -> Self:
        """Draw `groups` groups of two photographs or more, from as many classes as possible.

        The photographs of a group are in the catalogue's order.

        Raises `ValueError` if every group is a single photograph.
        """
        sizes = catalogue.groupby(["label", "group"]).size().rename("images").reset_index()
        several = sizes[sizes["images"] > 1].sample(frac=1, random_state=seed)
        if several.empty:
            raise ValueError("no group has more than one photograph")
        turn = several.groupby("label").cumcount()  # the first of every class, then the second
        chosen = several.loc[turn.sort_values(kind="stable").index[: min(groups, ROW_LIMIT)]]
        rows, shown = [], []
        for row in chosen.sort_values("label", kind="stable").itertuples():
            members = catalogue[
                (catalogue["label"] == row.label) & (catalogue["group"] == row.group)
            ].head(per_group)
            text = f"{wrapped(row.label, 16, 2)}\n({row.images:,} shots)"
            rows.append((text, tiles(members["path"], root, reader)))
            shown.append(members[COLUMNS])
        return cls(rows, per_group, pd.concat(shown, ignore_index=True))

    @property
    def alt(self) -> str:
        names = ", ".join(one_line(label) for label, _ in self.rows)
        return f"{count(len(self.rows), 'group')} of re-shots, one item per row: {names}."


def tiles(paths: Iterable[str], root: Path, reader: Reader | None = None) -> list[np.ndarray]:
    """The photographs `paths` in the folder `root`, none larger than a tile."""
    if reader is None:
        from wastelib.data.images import read_rgb as reader
    return [_within_tile(reader(Path(root) / path)) for path in paths]


def _within_tile(photograph: np.ndarray) -> np.ndarray:
    """At most TILE pixels a side, in its own proportions."""
    import cv2

    scale = TILE / max(photograph.shape[:2])
    if scale >= 1:
        return photograph
    height, width = (max(1, round(side * scale)) for side in photograph.shape[:2])
    return cv2.resize(photograph, (width, height), interpolation=cv2.INTER_AREA)
