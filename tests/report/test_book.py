"""The built PDF, read back."""

import re
from collections.abc import Iterator
from types import SimpleNamespace

import pypdf
import pytest
import synthetic
from nbformat.v4 import new_markdown_cell

from wastelib.displays import estimate
from wastelib.report import numbers, pdf, summary

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


def test_every_page_names_the_data_and_all_but_the_first_their_number(book, results):
    name = "Demo data" if results.dataset.kind == "demo" else results.dataset.name[:50]
    for number, text in enumerate(book.texts, start=1):
        assert name in text
        assert number == 1 or str(number) in text.split("\n")


def test_the_title_page_holds_the_headline_table(book, results):
    first = _squeezed(book.texts[0])
    for model in results.models:
        shown = estimate(model.test_accuracy, model.test_accuracy_interval)
        for cell in (model.name, shown, numbers.count(model.parameters)):
            assert _squeezed(cell) in first


def test_the_abstract_is_of_the_results(book, results):
    first = _squeezed(book.texts[0])
    assert _squeezed(summary.abstract(results)) in first
    model = results.models[0]
    shown = estimate(model.test_accuracy, model.test_accuracy_interval)
    assert shown in summary.abstract(results)


def test_contents_and_bookmarks_lead_to_every_chapter(book, titles):
    tops = [entry for entry in book.pdf.outline if not isinstance(entry, list)]
    found = [re.sub(r"^(\d+|[A-Z]) ", "", entry.title) for entry in tops]
    front, back = ["Contents", "Figures", "Tables"], ["Reproducibility", "References"]
    assert found == [*front, *titles, *back]
    tops = tops[len(front) :]
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


def test_the_lists_of_figures_and_tables_are_those_of_the_book(book, published):
    starts = {entry.title: book.pdf.get_destination_page_number(entry) for entry in _tops(book)}
    chapter = min(page for title, page in starts.items() if title.startswith("1 "))
    lists = "\n".join(book.texts[starts["Figures"] : chapter])
    figures, tables = lists.split("Tables\n", 1)
    captions = "\n".join(book.texts[chapter:])
    for listed, kind in ((figures, "Figure"), (tables, "Table")):
        shown = re.findall(rf"^{kind} (\d+\.\d+)", captions, re.MULTILINE)  # not the appendix
        assert set(re.findall(r"^(\w+\.\d+) \D", listed, re.MULTILINE)) == set(shown)
    assert sum(about["kind"] == "figure" for about in published) <= len(
        re.findall(r"^\w+\.\d+ \D", figures, re.MULTILINE)
    )


def test_every_link_within_the_book_leads_somewhere(book):
    names = book.pdf.named_destinations
    links = [
        annotation.get_object() for page in book.pdf.pages for annotation in page.get("/Annots", [])
    ]
    inside = [link["/Dest"] for link in links if "/Dest" in link]
    assert len(inside) > 10
    assert [name for name in inside if isinstance(name, str) and name not in names] == []


def test_citations_lead_to_the_references_and_these_to_the_works(book):
    (entry,) = (entry for entry in _tops(book) if entry.title == "References")
    last = book.pdf.pages[book.pdf.get_destination_page_number(entry)]
    assert {link["/A"]["/URI"] for link in _links(last) if "/A" in link}
    places = [link["/Dest"] for page in book.pdf.pages for link in _links(page) if "/Dest" in link]
    assert last.indirect_reference in [place[0] for place in places if isinstance(place, list)]


def test_figures_and_formulas_have_alternative_texts_in_the_tags(book, published):
    told = {"/Figure": [], "/Formula": []}
    for element in _tagged(book.pdf.trailer["/Root"]["/StructTreeRoot"]):
        if element.get("/S") in told:
            told[element["/S"]].append(element.get("/Alt"))
    assert None not in told["/Figure"] + told["/Formula"]
    wanted = {about["alt"] for about in published if about["kind"] == "figure"}
    assert wanted <= set(told["/Figure"])
    assert told["/Formula"]


def test_the_book_says_that_it_conforms_to_pdf_ua(tmp_path):
    source = new_markdown_cell(
        '## A formula\n\nIt is $x^2$, a "quoted" \\backslash.\n\n$$\\frac{1}{2}$$'
    )
    paths = synthetic.write_notebooks(tmp_path, synthetic.one_notebook(source))
    results = synthetic.results()
    plain = results.model_copy(update={"models": results.models[:2]})
    pdf.write_pdf(paths, plain, tmp_path / "report.pdf")
    assert b"<pdfuaid:part>1<" in (tmp_path / "report.pdf").read_bytes()


def test_fonts_are_embedded(book):
    for page in book.pdf.pages:
        for font in page["/Resources"].get("/Font", {}).values():
            for below in font.get_object()["/DescendantFonts"]:
                descriptor = below.get_object()["/FontDescriptor"].get_object()
                assert {"/FontFile2", "/FontFile3"} & set(descriptor)


def test_tables_align_at_the_decimal_point(tmp_path):
    """Each number begins one digit further left than the one with a digit less before it."""
    rows = [["a", "7.5"], ["b", "77.25"], ["c", "777"], ["d", "-7.125"]]
    shown = synthetic.table("t", "Numbers.", {"name": "left", "number": "right"}, rows)
    paths = synthetic.write_notebooks(
        tmp_path, synthetic.one_notebook(synthetic.code("shown", shown, tags=("hide-input",)))
    )
    pdf.write_pdf(paths, synthetic.results(), tmp_path / "report.pdf")
    starts = {}

    def look(text, matrix, text_matrix, font, size):
        starts.setdefault(text.strip(), matrix[0] * text_matrix[4] + matrix[4])

    for page in pypdf.PdfReader(tmp_path / "report.pdf").pages:
        page.extract_text(visitor_text=look)
    digit = starts["7.5"] - starts["77.25"]
    assert 3 < digit < 7
    assert starts["77.25"] - starts["777"] == pytest.approx(digit, abs=0.1)
    assert starts["\N{MINUS SIGN}7.125"] < starts["7.5"]


@pytest.mark.parametrize("lines", [11, 12, 13])
def test_no_chapter_ends_on_a_nearly_empty_page(lines, tmp_path):
    """Chapters of nearly two pages, one of which would run a few lines over."""
    paragraph = "A sentence of some eight words stands here. " * 8
    cells = [new_markdown_cell("\n\n".join([paragraph] * lines))]
    paths = synthetic.write_notebooks(tmp_path, synthetic.one_notebook(*cells))
    pdf.write_pdf(paths, synthetic.results(), tmp_path / "report.pdf")
    book = pypdf.PdfReader(tmp_path / "report.pdf")
    texts = [page.extract_text() for page in book.pages]
    chapter = [text for text in texts if "sentence of some" in text]
    assert len(chapter) == 1 or chapter[-1].count("\n") > 8


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


def _tops(book) -> list:
    return [entry for entry in book.pdf.outline if not isinstance(entry, list)]


def _links(page) -> list:
    return [annotation.get_object() for annotation in page.get("/Annots", [])]


def _tagged(element) -> Iterator:
    """Every structure element below one, with it."""
    element = element.get_object()
    if isinstance(element, list):
        for each in element:
            yield from _tagged(each)
    elif isinstance(element, dict):
        yield element
        if "/K" in element:
            yield from _tagged(element["/K"])


def _squeezed(text: str) -> str:
    """Without spaces and the marks of lines that go on, and with the keyboard's minus."""
    return "".join(text.split()).replace("\N{MINUS SIGN}", "-").replace("↪", "")
