"""The report as one PDF, set by Typst."""

import json
import re
import shutil
import tempfile
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

import typst

from wastelib.errors import WasteError
from wastelib.files import whole_file
from wastelib.report import document, prose, summary
from wastelib.report.appendix import appendix
from wastelib.report.document import Block, Chapter, Prose, Table
from wastelib.report.fitting import Fit, fitted
from wastelib.report.references import with_references
from wastelib.report.results import Results

TEMPLATE = Path(__file__).parents[2] / "report" / "templates" / "pdf" / "book.typ"
STANDARD = ["ua-1"]  # PDF/UA-1: tagged, with alternative texts and bookmarks
MOST_COLUMNS = 12  # that a page is wide enough for
EMBEDDED = re.compile(r"[\u0000-\u058f\u1e00-\u2bff\ufb00-\ufb06\ufe00-\ufe0f]*")


def write_pdf(notebooks: list[Path], results: Results, target: Path) -> None:
    """Write executed `notebooks`, in their order, as the book `target`.

    The same input gives the same bytes: Typst's own fonts, and the date of `results`. The
    book conforms to PDF/UA-1 unless a name in it has letters that no font here has.
    Raises `WasteError` naming the chapter that Typst or pandoc cannot set.
    """
    chapters = with_references([*document.read(notebooks), appendix(results)])
    chapters = document.rendered([_fit_for_paper(part) for part in chapters], "typst")
    with tempfile.TemporaryDirectory(prefix="wastelib-book-") as name:
        book = _Book(Path(name), results)
        shutil.copy(TEMPLATE, book.folder)
        document.write_figures(chapters, book.folder)
        try:
            pdf = book.compiled(chapters, fitted(lambda fit: book.marks(chapters, fit)))
        except typst.TypstError as error:
            raise _blamed(book, chapters, error) from error
    with whole_file(target) as temporary:
        temporary.write_bytes(pdf)


@dataclass(frozen=True)
class _Book:
    """Sets chapters; `folder` holds the template and the figures."""

    folder: Path
    results: Results

    def compiled(self, chapters: list[Chapter], fit: Fit) -> bytes:
        """The PDF."""
        self._write(chapters, fit)
        finished = datetime.fromisoformat(self.results.environment.finished)
        try:
            return typst.compile(**self._input(), timestamp=finished, pdf_standards=STANDARD)
        except typst.TypstError as error:
            if "PDF/UA" not in error.message:
                raise
            return typst.compile(**self._input(), timestamp=finished)

    def marks(self, chapters: list[Chapter], fit: Fit) -> list[dict]:
        """Where figures and chapters' ends are, see `fitting.fitted`."""
        self._write(chapters, fit)
        try:
            return json.loads(typst.query(selector="<mark>", field="value", **self._input()))
        except RuntimeError:  # says no more than that; compiling will say why
            return []

    def _input(self) -> dict:
        text = (self.folder / "content.json").read_text("utf-8")
        return {
            "input": self.folder / TEMPLATE.name,
            "root": self.folder,
            # Typst's own fonts are the same everywhere. Only scripts that they lack are worth
            # a book that looks different on another machine.
            "ignore_system_fonts": EMBEDDED.fullmatch(text) is not None,
        }

    def _write(self, chapters: list[Chapter], fit: Fit) -> None:
        content = {
            "title": summary.TITLE,
            "subtitle": summary.SUBTITLE,
            "abstract": _with_minus(summary.abstract(self.results)),
            "data_line": summary.data_line(self.results.dataset),
            "is_demo": self.results.dataset.kind == "demo",
            "facts": list(summary.facts(self.results).items()),
            "scales": fit.scales,
            "floating": sorted(fit.floating),
            "headline": _described(_with_minuses(summary.headline(self.results)), None),
            "chapters": [
                {
                    "number": part.number,
                    "title": part.title,
                    "anchor": part.anchor,
                    "tight": fit.tightness.get(part.anchor, 0),
                    "blocks": [_described(block, part) for block in part.blocks],
                }
                for part in chapters
            ],
        }
        text = json.dumps(content, ensure_ascii=False)
        (self.folder / "content.json").write_text(text, "utf-8")


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
    """The chapter without messages of libraries, and with tables no wider than a page.

    Formulas get their source as alternative text, negative numbers in tables a true minus.
    """
    blocks: list[Block] = []
    for block in part.blocks:
        if block.kind == "table":
            blocks += _pieces(_with_minuses(block))
        elif block.kind == "prose":
            blocks.append(Prose(prose.with_spoken_formulas(block.tree)))
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


def _with_minuses(table: Table) -> Table:
    rows = [[_with_minus(cell) for cell in row] for row in table.rows]
    return replace(table, caption=_with_minus(table.caption), rows=rows)


def _with_minus(text: str) -> str:
    """'-1.8 (-3.6 to 0.1)' with minus signs, which are as wide as digits; names stay."""
    return re.sub(r"(?<![^\s(\[])-(?=\.?\d)", "\N{MINUS SIGN}", text)


def _blamed(book: _Book, chapters: list[Chapter], error: typst.TypstError) -> WasteError:
    """Which chapter it was: the one that cannot be set alone."""
    where = "the book as a whole"
    for part in chapters:
        try:
            book.compiled([part], Fit())
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
