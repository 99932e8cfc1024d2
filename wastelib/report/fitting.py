"""Where figures and chapters of the book go: found by setting it, looking, and mending.

Typst breaks pages as it goes and never looks back, so a figure that misses a page by a line
leaves half of it white, and a chapter may end with two lines on a page of their own.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

TOP, BOTTOM = 76.0, 770.0  # of the text on a page, in points from the page's upper edge
AROUND = 62.0  # points that a figure takes beside its picture: caption and gaps
LEAST_SCALE = 0.72  # of a figure: smaller, and its words cannot be read
WIDEST_GAP = 120.0  # points at the foot of a page that a figure may leave white
NEARLY_EMPTY = 0.2  # of a page
TIGHTEST = 5  # steps in which figures, lines and gaps of a chapter may shrink
ROUNDS = 10  # in which figures are fitted, one of each chapter at a time


@dataclass
class Fit:
    """What departs from the natural setting.

    `scales` (0..1) and `floating` are of figures, by their anchors; a floating one stands at
    the top of the next page, and the text goes on; one of `staying` floated too far, and may not
    do so again. `tightness` counts steps by chapters' anchors.
    """

    scales: dict[str, float] = field(default_factory=dict)
    floating: set[str] = field(default_factory=set)
    staying: set[str] = field(default_factory=set)
    tightness: dict[str, int] = field(default_factory=dict)


def fitted(look: Callable[[Fit], list[dict]]) -> Fit:
    """The fit with the fewest white spaces that was found.

    `look` sets the book and returns its marks in their order: before each figure (`what`
    "before", with page and y), in it ("figure", with page and height), and at a chapter's end
    ("end", with the chapter's first page, page and y). Lengths are points.
    """
    fit = Fit()
    for _ in range(ROUNDS):
        if not _mend_figures(look(fit), fit):
            break
    short = None
    for step in range(TIGHTEST + 1):
        ends = [mark for mark in look(fit) if mark["what"] == "end" and _is_short(mark)]
        found = {mark["anchor"] for mark in ends}
        short = found if short is None else short & found
        if not short:
            return fit
        fit.tightness |= dict.fromkeys(short, step + 1)
    fit.tightness |= dict.fromkeys(short, 0)  # of no use to these
    return fit


def _mend_figures(marks: list[dict], fit: Fit) -> bool:
    """Shrink or float the first figure of each chapter that leaves a page white; whether any.

    None floats behind one that has not come yet: it would end up far from its text.
    """
    mended = False
    for figures in _by_chapter(marks):
        latest = 0  # page that a figure is on
        for before, figure in figures:
            is_free, latest = latest <= before["page"], figure["page"]
            name, left = before["anchor"], BOTTOM - before["y"]
            if name in fit.floating and figure["page"] > before["page"] + 1:
                fit.floating.remove(name)
                fit.staying.add(name)
                mended = True
                break
            if figure["page"] == before["page"] or name in fit.floating | fit.staying:
                continue
            scale = (left - AROUND) / figure["height"]
            if LEAST_SCALE <= scale < 1 and name not in fit.scales:
                fit.scales[name] = scale
            elif left > WIDEST_GAP and is_free:
                fit.scales.pop(name, None)
                fit.floating.add(name)
            else:
                continue
            mended = True
            break
    return mended


def _by_chapter(marks: list[dict]) -> Iterator[list[tuple[dict, dict]]]:
    """The marks before and in each figure."""
    figures = []
    for first, second in pairwise(marks):
        if second["what"] == "figure" and first["what"] == "before":
            figures.append((first, second))
        if second["what"] == "end":
            yield figures
            figures = []


def _is_short(end: dict) -> bool:
    return end["page"] > end["first"] and end["y"] - TOP < NEARLY_EMPTY * (BOTTOM - TOP)
