"""Two builds compared, as a page in the report's own style, figures side by side."""

import re
import struct
from collections.abc import Iterator
from pathlib import Path

from wastelib.data.images import UnreadableImageError, read_image
from wastelib.displays.style import count
from wastelib.report import numbers, prose, summary
from wastelib.report.blocks import Block, Chapter, Figure, Pair, Prose
from wastelib.report.compare import Side
from wastelib.report.document import chapter, figure, printable
from wastelib.report.html import write_page

FIGURE = re.compile(r"[a-z0-9_]+-[a-z0-9_-]+\.(svg|png)")
MOST_BYTES = 5_000_000  # of a figure
BUDGET_BYTES = 30_000_000  # of all figures together


def write_comparison(a: Side, b: Side, chapters: list[Chapter], target: Path) -> None:
    """Write the `chapters` of `compare`, and below them the figures that differ, to `target`."""
    sides = {"A": a, "B": b}
    opening = {
        "title": "Two reports compared",
        "subtitle": "What changed from A to B",
        "data_line": "; ".join(f"{name}: {_line(side)}" for name, side in sides.items()),
        "is_demo": any(side.results.dataset.kind == "demo" for side in sides.values()),
        "facts": {name: _facts(side) for name, side in sides.items()},
    }
    number = str(len(chapters) + 1)
    figures = chapter(number, "Figures", [Prose([prose.heading(1, "Figures")]), *_figures(a, b)])
    write_page([*chapters, figures], opening, target)


def _line(side: Side) -> str:
    return summary.data_line(side.results.dataset).removeprefix("Data: ")


def _facts(side: Side) -> str:
    made = side.results.environment
    commit = numbers.commit(made.git_commit)
    return printable(f"{side.folder}, finished {made.finished}, commit {commit}")


def _figures(a: Side, b: Side) -> Iterator[Block]:
    ours, theirs = (_files(side.folder / "figures") for side in (a, b))
    same = spent = 0
    for name in sorted({*ours, *theirs}):
        pair = [_figure(files.get(name), side) for files, side in ((ours, "A"), (theirs, "B"))]
        contents = [each.content if each else b"" for each in pair]
        if contents[0] == contents[1]:
            same += 1
            continue
        spent += sum(map(len, contents))
        if spent > BUDGET_BYTES:
            yield _say(f"The figures from {name} on are left out; the page would be too large.")
            break
        yield Pair(name.rpartition(".")[0], *pair)
    lacking = [side for side, files in (("A", ours), ("B", theirs)) if not files]
    if lacking:
        yield _say(f"No figures beside the results of {' and '.join(lacking)}.")
    if same:
        yield _say(f"The same: {count(same, 'figure')}.")


def _files(folder: Path) -> dict[str, Path]:
    """The figures in a folder, by names such as a build gives them; no links out of it."""
    return {
        path.name: path
        for path in sorted(folder.glob("*"))
        if FIGURE.fullmatch(path.name)
        and path.is_file()
        and not path.is_symlink()
        and path.stat().st_size <= MOST_BYTES
    }


def _figure(path: Path | None, side: str) -> Figure | None:
    """None for a figure that this side lacks, or that cannot be shown."""
    if path is None:
        return None
    suffix = path.suffix.removeprefix(".")
    words = f"{path.stem.replace('-', ' ').replace('_', ' ')}, in {side}"
    try:
        if suffix == "png":
            read_image(path)
        return figure(path.read_bytes(), suffix, {"name": path.stem, "caption": words})
    except (OSError, ValueError, struct.error, UnreadableImageError):
        return None


def _say(words: str) -> Prose:
    return Prose([prose.paragraph(words)])
