"""The report as one PDF, set by Typst."""

import json
import re
import shutil
import tempfile
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path

import typst

from wastelib.errors import WasteError
from wastelib.files import whole_file
from wastelib.report import document, summary
from wastelib.report.appendix import appendix
from wastelib.report.document import Block, Chapter, Table
from wastelib.report.results import Results

TEMPLATE = Path(__file__).parents[2] / "report" / "templates" / "pdf" / "book.typ"
MOST_COLUMNS = 12  # that a page is wide enough for
EMBEDDED = re.compile(r"[\u0000-\u058f\u1e00-\u2bff\ufb00-\ufb06\ufe00-\ufe0f]*")


def write_pdf(notebooks: list[Path], results: Results, target: Path) -> None:
    """Write executed `notebooks`, in their order, as the book `target`.

    The same input gives the same bytes: Typst's own fonts, and the date of `results`.
    Raises `WasteError` naming the chapter that Typst or pandoc cannot set.
    """
    chapters = [*document.read(notebooks), appendix(results)]
    chapters = document.rendered([_fit_for_paper(part) for part in chapters], "typst")
    with tempfile.TemporaryDirectory(prefix="wastelib-book-") as name:
        folder = Path(name)
        shutil.copy(TEMPLATE, folder)
        document.write_figures(chapters, folder)
        try:
            book = _compiled(folder, chapters, results)
        except typst.TypstError as error:
            raise _blamed(folder, chapters, results, error) from error
    with whole_file(target) as temporary:
        temporary.write_bytes(book)


def _compiled(folder: Path, chapters: list[Chapter], results: Results) -> bytes:
    """Set the chapters; `folder` holds the template and the figures."""
    content = {
        "title": summary.TITLE,
        "subtitle": summary.SUBTITLE,
        "data_line": summary.data_line(results.dataset),
        "is_demo": results.dataset.kind == "demo",
        "facts": list(summary.facts(results).items()),
        "headline": _described(summary.headline(results), None),
        "chapters": [
            {
                "number": part.number,
                "title": part.title,
                "anchor": part.anchor,
                "blocks": [_described(block, part) for block in part.blocks],
            }
            for part in chapters
        ],
    }
    text = json.dumps(content, ensure_ascii=False)
    (folder / "content.json").write_text(text, "utf-8")
    return typst.compile(
        folder / TEMPLATE.name,
        root=folder,
        # Typst's own fonts are the same everywhere. Only scripts that they lack are worth
        # a book that looks different on another machine.
        ignore_system_fonts=EMBEDDED.fullmatch(text) is not None,
        timestamp=datetime.fromisoformat(results.environment.finished),
    )


def _described(block: Block, part: Chapter | None) -> dict:
    """A block as JSON; the template sets strings as text, so nothing needs escaping."""
    if block.kind == "prose":
        return {"kind": "prose", "markup": block.markup}
    if block.kind == "figure":
        described = asdict(replace(block, content=b""))
        del described["content"]
        path = document.figure_path(part, block, Path())
        return {"kind": "figure", **described, "file": path.as_posix()}
    return {"kind": block.kind, **asdict(block)}


def _fit_for_paper(part: Chapter) -> Chapter:
    """The chapter without messages of libraries, and with tables no wider than a page."""
    blocks: list[Block] = []
    for block in part.blocks:
        if block.kind == "table":
            blocks += _pieces(block)
        elif not (block.kind == "text" and block.aside):
            blocks.append(block)
    return replace(part, blocks=blocks)


def _pieces(table: Table) -> list[Table]:
    """One below the other, at most MOST_COLUMNS wide, each beginning with the first column."""
    width = MOST_COLUMNS - 1
    if len(table.columns) <= MOST_COLUMNS:
        return [table]
    pieces = []
    for start in range(1, len(table.columns), width):
        chosen = [0, *range(start, min(start + width, len(table.columns)))]
        pieces.append(
            replace(
                table,
                caption=table.caption if start == 1 else f"{table.caption} (continued)",
                anchor=table.anchor if start == 1 else f"{table.anchor}-from-{start}",
                columns=[table.columns[index] for index in chosen],
                rows=[[row[index] for index in chosen] for row in table.rows],
            )
        )
    return pieces


def _blamed(
    folder: Path, chapters: list[Chapter], results: Results, error: typst.TypstError
) -> WasteError:
    """Which chapter it was: the one that cannot be set alone."""
    where = "the book as a whole"
    for part in chapters:
        try:
            _compiled(folder, [part], results)
        except typst.TypstError as alone:
            if "label" in alone.message and "does not exist" in alone.message:
                continue  # a link to another chapter
            where, error = f"chapter '{part.title}'", alone
            break
    return WasteError(
        f"Typst cannot set the PDF: {error.message}",
        where=where,
        remedy="look for an unusual formula or figure in that notebook",
    )
