"""The report as one HTML page that needs no network."""

import base64
import csv
import functools
import hashlib
import io
import re
from pathlib import Path

import nbformat
from markupsafe import Markup
from nbconvert import HTMLExporter
from PIL import Image

from wastelib.files import whole_file
from wastelib.report import document, numbers, summary
from wastelib.report.appendix import appendix
from wastelib.report.blocks import Chapter, Data, Figure, Table
from wastelib.report.gallery import Gallery
from wastelib.report.references import with_references
from wastelib.report.results import Results

TEMPLATES = Path(__file__).parents[2] / "report" / "templates"
SCRIPTS = ("page.js", "photographs.js", "figures.js")
POINT = 96 / 72  # a point in CSS pixels
MIME = {"svg": "image/svg+xml", "png": "image/png", "webp": "image/webp"}
PHOTOGRAPH_QUALITY = 82  # of WebP, 0..100, for the sheets of photographs
WIDEST_WEBP = 16383  # pixels
SIGNED = re.compile(r"[+-][-+\d.,e%() to]*")  # a number with its interval, and no function's name


class PageExporter(HTMLExporter):
    """nbconvert's exporter with our template, in which everything is escaped unless marked."""

    template_name = "html"

    def _create_environment(self):
        environment = super()._create_environment()
        environment.autoescape = True
        return environment


def write_html(
    notebooks: list[Path], results: Results, target: Path, gallery: Gallery | None = None
) -> None:
    """Write executed `notebooks`, in their order, as the one page `target`.

    `gallery` are the photographs behind the confusion matrices. Raises `WasteError` naming the
    chapter for prose that cannot be set.
    """
    chapters = with_references([*document.read(notebooks), appendix(results)])
    opening = {
        "title": summary.TITLE,
        "subtitle": summary.SUBTITLE,
        "data_line": summary.data_line(results.dataset),
        "is_demo": results.dataset.kind == "demo",
        "facts": summary.facts(results),
        "headline": summary.headline(results),
        "commit": numbers.commit(results.environment.git_commit),
        "gallery": gallery,
    }
    write_page(chapters, opening, target)


def write_page(chapters: list[Chapter], opening: dict, target: Path) -> None:
    """Write chapters as one page; `opening` is what stands above them, see `index.html.j2`."""
    script = "".join((TEMPLATES / "html" / name).read_text("utf-8") for name in SCRIPTS)
    exporter = PageExporter(
        extra_template_basedirs=[str(TEMPLATES)],
        default_preprocessors=[],  # the notebooks were read already
        filters={
            "css_string": _css_string,
            "csv_uri": _csv_uri,
            "data_uri": _data_uri,
            "photograph_uri": lambda content: _uri("image/webp", content),
            "pixels": lambda points: round(points * POINT),
            "places": _places,
        },
    )
    # nbconvert's own walk over cells is for one notebook at a time. What it is given here
    # says the language of the code; the template lays out the chapters.
    notebook = nbformat.v4.new_notebook(
        metadata={"language_info": {"name": "python", "pygments_lexer": "ipython3"}}
    )
    resources = {
        **opening,
        "chapters": document.rendered(chapters, "html5"),
        "script": Markup(script),  # noqa: S704 - our own files
        "script_hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    }
    page, _ = exporter.from_notebook_node(notebook, resources)
    with whole_file(target) as temporary:
        temporary.write_text(page, "utf-8")


def _data_uri(figure: Figure) -> str:
    return _uri(*_compact(figure.suffix, figure.content))


@functools.lru_cache(maxsize=64)  # the page is written twice
def _compact(suffix: str, content: bytes) -> tuple[str, bytes]:
    """A picture's type and content: sheets of photographs are a tenth as large as WebP."""
    if suffix == "png":
        with Image.open(io.BytesIO(content)) as picture:
            if max(picture.size) <= WIDEST_WEBP:
                file = io.BytesIO()
                picture.convert("RGB").save(file, "WEBP", quality=PHOTOGRAPH_QUALITY)
                if file.tell() < len(content):
                    return MIME["webp"], file.getvalue()
    return MIME[suffix], content


def _uri(mime: str, content: bytes) -> str:
    return f"data:{mime};base64,{base64.b64encode(content).decode()}"


def _csv_uri(table: Table | Data) -> str:
    heads = table.columns if isinstance(table, Data) else [c["name"] for c in table.columns]
    file = io.StringIO()
    csv.writer(file).writerows([list(map(_inert, row)) for row in (heads, *table.rows)])
    return _uri("text/csv;charset=utf-8", file.getvalue().encode())


def _inert(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula (OWASP, "CSV injection"); numbers stay."""
    harmless = not cell.startswith(("=", "+", "-", "@")) or SIGNED.fullmatch(cell)
    return cell if harmless else f"'{cell}"


def _places(data: Data) -> str:
    """The places of a table's rows for the page's script: 'x,y x,y - x,y'."""
    return " ".join(f"{place[0]},{place[1]}" if place else "-" for place in data.places)


def _css_string(text: str) -> str:
    """What may stand between quotation marks in a stylesheet: all but letters as code points."""
    return re.sub(r"[^A-Za-z ]", lambda found: f"\\{ord(found[0]):x} ", text)
