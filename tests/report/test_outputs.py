"""`write_html` and `write_pdf` at their edges: hostile text, failures, equal bytes."""

import dataclasses
import html.parser
from pathlib import Path

import pypdf
import pytest
import synthetic
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_markdown_cell

from wastelib.displays import estimate
from wastelib.errors import WasteError
from wastelib.report import document, numbers, summary
from wastelib.report.appendix import appendix
from wastelib.report.html import write_html
from wastelib.report.pdf import write_pdf

WRITERS = {"html": write_html, "pdf": write_pdf}
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)


@pytest.fixture(params=WRITERS)
def write(request, tmp_path):
    """Writes one notebook made of the given cells; returns the file."""

    def write_cells(*cells, results=None) -> Path:
        paths = synthetic.write_notebooks(tmp_path, synthetic.one_notebook(*cells))
        target = tmp_path / f"report.{request.param}"
        WRITERS[request.param](paths, results or synthetic.results(), target)
        return target

    return write_cells


def test_the_same_input_gives_the_same_bytes(write):
    cell = synthetic.code(
        "x", synthetic.figure("c", {"image/svg+xml": synthetic.chart()}, "caption", "alt")
    )
    first = write(cell).read_bytes()
    assert write(cell).read_bytes() == first


def test_a_formula_that_cannot_be_set_is_refused_with_its_chapter(write, tmp_path):
    old = write(new_markdown_cell("fine")).read_bytes()
    with pytest.raises(WasteError, match=r"\\nonsense(.|\n)*The only chapter"):
        write(new_markdown_cell("a formula: $\\nonsense{x}$"))
    [report] = tmp_path.glob("report.*")
    assert report.read_bytes() == old
    assert not list(tmp_path.glob(".part-*"))


def test_a_picture_that_typst_cannot_read_is_refused_with_its_chapter(tmp_path):
    figure = synthetic.figure("bad", {"image/svg+xml": "<svg><unclosed"}, "caption", "alt")
    paths = synthetic.write_notebooks(tmp_path, synthetic.one_notebook(synthetic.code("x", figure)))
    with pytest.raises(WasteError, match=r"Typst(.|\n)*The only chapter"):
        write_pdf(paths, synthetic.results(), tmp_path / "report.pdf")


@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(name=NAMES)
@example(name=synthetic.HOSTILE)
@example(name="\r\n\x00\x1b[31m\x85")
def test_any_name_is_shown_as_itself_and_never_as_markup(name, tmp_path):
    table = synthetic.table("t", name, {name: "left"}, [[name]])
    figure = synthetic.figure("f", {"image/svg+xml": synthetic.chart()}, name, name)
    contents = synthetic.one_notebook(synthetic.code("x", table, figure))
    paths = synthetic.write_notebooks(tmp_path, contents)
    results = synthetic.results(name, "folder")
    write_html(paths, results, tmp_path / "report.html")
    page = _Page(tmp_path / "report.html")
    assert page.tags.count("script") == 1
    assert page.alts == [document.printable(name)]
    write_pdf(paths, results, tmp_path / "report.pdf")
    assert len(pypdf.PdfReader(tmp_path / "report.pdf").pages) >= 4


class _Page(html.parser.HTMLParser):
    """The elements of a page, and its images' alternative texts."""

    def __init__(self, path: Path):
        super().__init__()
        self.tags, self.alts = [], []
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "img":
            self.alts.append(dict(attrs)["alt"])


def test_a_table_of_very_many_columns_is_cut_into_pieces(tmp_path):
    heads = {"class": "left", **{f"column{n}": "right" for n in range(40)}}
    rows = [["Glass", *(f"cell{n}" for n in range(40))]]
    contents = synthetic.one_notebook(
        synthetic.code("x", synthetic.table("t", "Wide.", heads, rows))
    )
    paths = synthetic.write_notebooks(tmp_path, contents)
    write_pdf(paths, synthetic.results(), tmp_path / "report.pdf")
    pages = pypdf.PdfReader(tmp_path / "report.pdf").pages
    text = "".join(page.extract_text() for page in pages)
    assert all(f"cell{n}" in text and f"column{n}" in text for n in range(40))


def test_demo_data_is_called_so_whatever_its_name():
    assert summary.data_line(synthetic.results("Real photographs!").dataset) == summary.DEMO
    assert "My waste" in summary.data_line(synthetic.results("My waste", "folder").dataset)


def test_a_very_long_name_still_fits_a_page():
    line = summary.data_line(synthetic.results("name " * 100, "folder").dataset)
    assert len(line) < 80


def test_numbers_are_written_one_way():
    assert estimate(0.8637, (0.841, 0.884)) == "86.4% (84.1\N{EN DASH}88.4)"
    assert numbers.count(33_583_177) == "33,583,177"
    assert numbers.megabytes(134_332_708) == "134.3 MB"
    assert [numbers.duration(s) for s in (4.21, 59.97, 125, 11_220)] == [
        *("4.2 s", "1 min 00 s", "2 min 05 s", "3 h 07 min")
    ]
    assert numbers.commit(f"{'0123456789' * 4}+changes") == "012345678901+changes"
    assert numbers.commit("unknown (not a git checkout)") == "unknown (not a git checkout)"
    assert numbers.moment("2025-11-02T07:03:05+00:00") == "2 November 2025, 07:03 UTC"


def test_the_appendix_names_every_run_and_parameter():
    results = synthetic.results()
    shown = dataclasses.asdict(appendix(results))
    cells = {cell for block in shown["blocks"] for row in block.get("rows", []) for cell in row}
    environment = results.environment
    assert {results.dataset.fingerprint, environment.git_commit} <= cells
    assert {model.run for model in results.models} | set(environment.versions) <= cells
    assert {"learning_rate", "0.001"} <= cells


def table(results, name: str) -> document.Table:
    """A table of the appendix."""
    return next(b for b in appendix(results).blocks if getattr(b, "name", None) == name)


def test_the_ledger_says_where_the_time_went_and_adds_up():
    ledger = table(synthetic.results(), "ledger")
    shown = [[_number(cell) for cell in row[1:]] for row in ledger.rows]
    assert [row[0] for row in ledger.rows[2:]] == [
        *("collecting results, figures", "page", "PDF", "together")
    ]
    for *parts, together in shown:
        assert sum(parts) == pytest.approx(together)
    for column in zip(*shown, strict=True):
        assert sum(column[:-1]) == pytest.approx(column[-1])
    assert shown[-1][-1] == pytest.approx(1144.7)
    assert "19 min 05 s" in ledger.caption
    assert "01_data_preparation" in ledger.caption  # of an earlier build


def test_the_ledger_names_every_training():
    rows = table(synthetic.results(), "trainings").rows
    training = ["02_custom_cnn", "published CNN", "20", "500.5", "12.3", "now"]
    assert rows[0] == training
    assert len(rows) == 2


def test_results_that_were_recorded_without_a_ledger_have_an_appendix():
    results = synthetic.results()
    environment = results.environment.model_copy(update={"ledger": None})
    blocks = appendix(results.model_copy(update={"environment": environment})).blocks
    assert "ledger" not in {getattr(block, "name", None) for block in blocks}


def _number(cell: str) -> float:
    return 0.0 if cell == "\N{EN DASH}" else float(cell.replace(",", ""))
