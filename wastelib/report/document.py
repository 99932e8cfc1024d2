"""Executed notebooks, read once into what both the page and the book are made from.

A document is a list of chapters, one per notebook; a chapter is a list of blocks: prose,
code, figures, tables, text and errors. Numbers and anchors are given here, so that
'Figure 2.3' is the same figure in both.
"""

import base64
import binascii
import re
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import nbformat
from nbconvert.filters import strip_ansi
from nbconvert.preprocessors import CoalesceStreamsPreprocessor, TagRemovePreprocessor
from nbformat import NotebookNode

from wastelib.errors import WasteError
from wastelib.files import whole_file
from wastelib.report import prose
from wastelib.report.blocks import Block, Chapter, Code, Data, Error, Figure, Prose, Table, Text

LONGEST_TEXT = 60  # lines of printed output; what is longer loses its middle
PNG_POINTS = 72 / 192  # photographs have two pixels for each of a screen's 96 per inch
PNG_START = b"\x89PNG\r\n\x1a\n"
CHART_SIZE = (468.0, 288.0)  # points, where an SVG does not say


def read(notebooks: list[Path]) -> list[Chapter]:
    """The chapters of executed notebooks, in their order.

    Cells tagged `remove-cell` and the code of cells tagged `hide-input` are left out.
    Raises `WasteError` naming the notebook and its cell for an output that cannot be read.
    """
    drafts = [(path.stem, list(_drafts(path))) for path in notebooks]
    texts = [piece for _, pieces in drafts for piece in pieces if isinstance(piece, str)]
    trees = iter(prose.parse(texts))
    chapters = []
    for number, (stem, pieces) in enumerate(drafts, start=1):
        blocks = [Prose(next(trees)) if isinstance(piece, str) else piece for piece in pieces]
        chapters.append(chapter(str(number), stem, blocks))
    return _linked(chapters)


def chapter(number: str, stem: str, blocks: list[Block]) -> Chapter:
    """Number the figures and tables, name every place a link can lead to, find the title."""
    anchor, title = slug(stem), None
    taken, counts, sections, done = {anchor}, {"figure": 0, "table": 0}, [], []
    cells = {}  # the number of a cell that is shown -> its anchor

    def new_anchor(words: str) -> str:
        wanted = name = f"{anchor}-{slug(words)}"
        copies = 1
        while name in taken:
            copies += 1
            name = f"{wanted}-{copies}"
        taken.add(name)
        return name

    for block in blocks:
        if block.kind in counts:
            counts[block.kind] += 1
            name = new_anchor(f"{block.kind}-{block.name}")
            label, code = f"{number}.{counts[block.kind]}", cells.get(block.cell, "")
            block = replace(block, number=label, anchor=name, code=code)
        elif block.kind == "code":
            block = replace(block, anchor=new_anchor(f"cell-{block.cell}"))
            cells[block.cell] = block.anchor
        elif block.kind == "prose":
            tree = []
            for node in block.tree:
                if node["t"] == "Header":
                    level, words = node["c"][0], prose.text(node["c"][2])
                    if level == 1 and title is None:
                        title = words
                        continue
                    name = new_anchor(words)
                    node = {"t": "Header", "c": [max(level, 2), [name, [], []], node["c"][2]]}
                    if level <= 2:
                        sections.append((name, words))
                tree.append(node)
            block = Prose(tree)
        done.append(block)
    title = title or stem.replace("_", " ").strip("0123456789 ").capitalize()
    return Chapter(stem, number, title, anchor, done, sections)


def write_figures(chapters: list[Chapter], folder: Path) -> list[Path]:
    """Write every figure as `folder`/<notebook>-<name>.svg or .png; return the files."""
    paths = []
    for part in chapters:
        for block in part.blocks:
            if block.kind == "figure":
                path = figure_path(part, block, folder)
                with whole_file(path) as temporary:
                    temporary.write_bytes(block.content)
                paths.append(path)
    return paths


def figure_path(part: Chapter, figure: Figure, folder: Path) -> Path:
    """The file that a figure is written to."""
    name = figure.anchor.removeprefix(f"{part.anchor}-figure-")  # unlike its name, there once
    return folder / f"{part.stem}-{name}.{figure.suffix}"


def rendered(chapters: list[Chapter], to: str) -> list[Chapter]:
    """The chapters with the markup of their prose, 'html5' or 'typst'."""
    trees = [
        (block.tree, part.title)
        for part in chapters
        for block in part.blocks
        if block.kind == "prose"
    ]
    markup = iter(prose.render(*zip(*trees, strict=True), to))

    def filled(block: Block) -> Block:
        return replace(block, markup=next(markup)) if block.kind == "prose" else block

    return [replace(part, blocks=[filled(block) for block in part.blocks]) for part in chapters]


def slug(words: str) -> str:
    """Letters, digits and hyphens, fit for an anchor and a file name."""
    return re.sub(r"[^a-z0-9_]+", "-", words.lower()).strip("-") or "x"


def printable(words: str) -> str:
    """The words without control characters, which a folder's name may hold."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", words)


def _drafts(path: Path) -> Iterator[Block | str]:
    """The blocks of one notebook, prose still as Markdown."""
    notebook = nbformat.read(path, as_version=4)
    tags = TagRemovePreprocessor(remove_cell_tags={"remove-cell"}, remove_input_tags={"hide-input"})
    for preprocessor in (tags, CoalesceStreamsPreprocessor()):
        notebook, _ = preprocessor.preprocess(notebook, {})
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type == "markdown":
            yield cell.source
        elif cell.cell_type == "code":
            hidden = cell.metadata.get("transient", {}).get("remove_source", False)
            shown = cell.execution_count or number  # a cell that was not run has only its place
            if cell.source.strip() and not hidden:
                injected = "injected-parameters" in cell.metadata.get("tags", [])
                yield Code(cell.source, injected, shown)
            for output in cell.outputs:
                try:
                    for block in _output(output, f"cell-{number}"):
                        made = isinstance(block, Figure | Table)
                        yield replace(block, cell=shown) if made else block
                except (KeyError, TypeError, ValueError, binascii.Error, struct.error) as error:
                    raise WasteError(
                        f"an output of cell {number} cannot be read: {error!r}",
                        where=path,
                        remedy="run the notebook again; figures come from wastelib.displays",
                    ) from error


def _output(output: NotebookNode, name: str) -> Iterator[Block | str]:
    """The block of one output. HTML is never taken over: our tables are in the metadata."""
    if output.output_type == "error":
        title = f"{output.ename}: {output.evalue}".strip(": ")
        yield Error(_clean(title), _clean("\n".join(output.traceback)))
        return
    if output.output_type == "stream":
        data, about = {"text/plain": output.text}, {}
    else:
        data, about = output.data, output.metadata.get("wastelib", {})
    if about.get("kind") == "table":
        columns = [{**column, "name": printable(column["name"])} for column in about["columns"]]
        rows = [[printable(cell) for cell in row] for row in about["rows"]]
        yield Table(about["name"], printable(about["caption"]), columns, rows)
    elif chart := data.get("image/svg+xml"):
        yield figure(chart.encode(), "svg", {"name": name, **about})
    elif photographs := data.get("image/png"):
        yield figure(base64.b64decode(photographs), "png", {"name": name, **about})
    elif "text/markdown" in data:
        yield data["text/markdown"]
    elif plain := _clean(data.get("text/plain", "")):
        yield Text(_shortened(plain), aside=output.get("name") == "stderr")


def figure(content: bytes, suffix: str, about: dict) -> Figure:
    """A picture, 'svg' or 'png', with what was published about it.

    Raises `ValueError`, `KeyError`, `TypeError` or `struct.error` for what is none.
    """
    caption = about.get("caption") or f"A picture that {about['name'].replace('-', ' ')} made"
    words = {
        "name": about["name"],
        "caption": printable(caption),
        "alt": printable(about.get("alt") or caption),
        "data": _data(about["data"]) if "data" in about else None,
    }
    size = CHART_SIZE
    if suffix == "svg":
        # Near the start, and no longer than a number is: a build to compare is somebody else's.
        pattern = rb'<svg[^>]*\sviewBox="[\d.-]+ [\d.-]+ ([\d.]{1,12}) ([\d.]{1,12})"'
        if box := re.search(pattern, content[:10_000]):
            size = float(box[1]), float(box[2])
    elif content.startswith(PNG_START):
        width, height = struct.unpack(">II", content[16:24])
        size = width * PNG_POINTS, height * PNG_POINTS
    else:
        raise ValueError(f"the figure {about['name']!r} is not a PNG file")
    return Figure(**words, suffix=suffix, content=content, size=size)


def _data(about: dict) -> Data:
    """The table that `wastelib.displays.show` published."""
    columns = [printable(str(name)) for name in about["columns"]]
    rows = [[printable(str(cell)) for cell in row] for row in about["rows"]]
    places = [place and (float(place[0]), float(place[1])) for place in about.get("places", [])]
    if any(len(row) != len(columns) for row in rows) or len(places) not in (0, len(rows)):
        raise ValueError("the table behind a figure has rows of several lengths")
    if not all(0 <= share <= 1 for place in places if place for share in place):
        raise ValueError("a row of the table behind a figure has its place beside it")
    return Data(columns, rows, places)


def _clean(text: str) -> str:
    """Terminal output without colours and control characters."""
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "", strip_ansi(text)).rstrip()


def _shortened(text: str) -> str:
    lines = text.split("\n")
    if len(lines) <= LONGEST_TEXT:
        return text
    head, tail = LONGEST_TEXT * 3 // 4, LONGEST_TEXT // 4
    left_out = f"… {len(lines) - head - tail:,} lines left out …"
    return "\n".join([*lines[:head], left_out, *lines[-tail:]])


def _linked(chapters: list[Chapter]) -> list[Chapter]:
    """Links between and within notebooks lead to places in the report, or are refused."""
    places = {place for part in chapters for place in _places(part)}
    homes = {f"{part.stem}.ipynb": part.anchor for part in chapters}

    def target_of(part: Chapter, target: str) -> str:
        page, _, place = target.partition("#")
        home = homes.get(page.removeprefix("./")) if page else part.anchor
        if home is None:
            return target
        wanted = [place, f"{home}-{slug(place)}"] if place else [home]
        for name in wanted:
            if name in places:
                return f"#{name}"
        raise _wrong_prose(f"a link leads to {target!r}, which is not in the report", part)

    def relinked(part: Chapter, block: Block) -> Block:
        if block.kind != "prose":
            return block
        for node in prose.walk(block.tree):
            if node["t"] == "Image":
                raise _wrong_prose(f"the prose holds a picture: {node['c'][2][0]}", part)
        return Prose(prose.relink(block.tree, lambda target: target_of(part, target)))

    return [
        replace(part, blocks=[relinked(part, block) for block in part.blocks]) for part in chapters
    ]


def _wrong_prose(what: str, part: Chapter) -> WasteError:
    remedy = "link to a heading, a figure or a table; show pictures with wastelib.displays.show"
    return WasteError(what, where=f"chapter '{part.title}'", remedy=remedy)


def _places(part: Chapter) -> Iterator[str]:
    """The anchors of a chapter, its headings, figures and tables."""
    yield part.anchor
    for block in part.blocks:
        if block.kind in ("figure", "table"):
            yield block.anchor
        elif block.kind == "prose":
            yield from (node["c"][1][0] for node in block.tree if node["t"] == "Header")
