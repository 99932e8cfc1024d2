"""The built PDF, read back."""

import re
from types import SimpleNamespace

import pypdf
import pytest

from wastelib.displays import estimate
from wastelib.report import numbers, summary

MONO_WIDTH = 0.6021  # of DejaVu Sans Mono's letters, in its size


@pytest.fixture(scope="module")
def book(build):
    """The PDF, its pages' texts, and the texts without spaces."""
    pdf = pypdf.PdfReader(build / "report.pdf")
    texts = [page.extract_text() for page in pdf.pages]
    return SimpleNamespace(pdf=pdf, texts=texts, squeezed=_squeezed("".join(texts)))


def test_the_book_has_a_title_page_contents_and_a_page_for_each_chapter(book, titles):
    assert len(book.pdf.pages) >= 2 + len(titles) + 1
    assert book.pdf.metadata.title == summary.TITLE
    assert book.pdf.metadata.author
    assert summary.TITLE.split()[0] in book.texts[0]


def test_every_page_names_the_data_and_its_number(book, results):
    name = "Demo data" if results.dataset.kind == "demo" else results.dataset.name[:50]
    for number, text in enumerate(book.texts, start=1):
        assert name in text
        assert str(number) in text.split("\n")


def test_the_title_page_holds_the_headline_table(book, results):
    first = _squeezed(book.texts[0])
    for model in results.models:
        shown = estimate(model.test_accuracy, model.test_accuracy_interval)
        for cell in (model.name, shown, numbers.count(model.parameters)):
            assert _squeezed(cell) in first


def test_contents_and_bookmarks_lead_to_every_chapter(book, titles):
    tops = [entry for entry in book.pdf.outline if not isinstance(entry, list)]
    found = [re.sub(r"^\w ", "", entry.title) for entry in tops]
    assert found == [*titles, "Reproducibility"]
    first = book.pdf.get_destination_page_number(tops[0])
    # Line by line: below the last entry of a page stands the number of that page itself.
    lines = "\n".join(book.texts[1:first]).splitlines()
    contents = "\n".join(map(_squeezed, lines))
    for entry in tops:
        page = book.pdf.get_destination_page_number(entry)
        title = _squeezed(entry.title)
        assert re.search(rf"^{re.escape(title)}\.*{page + 1}$", contents, re.MULTILINE)
        assert title[1:] in _squeezed(book.texts[page])


def test_every_figure_and_table_is_there_with_its_caption(book, published):
    for about in published:
        assert _squeezed(about["caption"]) in book.squeezed, about["name"]
        for row in about.get("rows", []):
            for cell in row:
                if cell.isascii():
                    assert _squeezed(cell) in book.squeezed
    figures = sum(about["kind"] == "figure" for about in published)
    assert len(set(re.findall(r"Figure \d+\.\d+", "\n".join(book.texts)))) >= figures


def test_no_word_of_the_code_is_lost(book, notebooks):
    for stem, notebook in notebooks.items():
        for cell in notebook.cells:
            tags = set(cell.metadata.get("tags", []))
            if cell.cell_type == "code" and not tags & {"remove-cell", "hide-input"}:
                missing = [w for w in cell.source.split() if w not in book.squeezed]
                assert missing == [], stem


def test_no_line_of_code_runs_out_of_the_margin(book):
    lines = []

    def look(text, matrix, text_matrix, font, size):
        if font and "Mono" in font.get("/BaseFont", "") and text.strip():
            x = matrix[0] * text_matrix[4] + matrix[4]
            width = abs(matrix[0] * text_matrix[0]) * size * MONO_WIDTH
            for line in text.split("\n"):
                lines.append((x + width * len(line.rstrip()), line))

    for page in book.pdf.pages:
        page.extract_text(visitor_text=look)
        right = float(page.mediabox.width) - 60
        assert [line for line in lines if line[0] > right] == []
    assert lines


def _squeezed(text: str) -> str:
    return "".join(text.split())
