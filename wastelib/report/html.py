"""The report as one HTML page that needs no network."""

import base64
import hashlib
import re
from pathlib import Path

import nbformat
from markupsafe import Markup
from nbconvert import HTMLExporter

from wastelib.files import whole_file
from wastelib.report import document, summary
from wastelib.report.appendix import appendix
from wastelib.report.results import Results

TEMPLATES = Path(__file__).parents[2] / "report" / "templates"
POINT = 96 / 72  # a point in CSS pixels
MIME = {"svg": "image/svg+xml", "png": "image/png"}


class PageExporter(HTMLExporter):
    """nbconvert's exporter with our template, in which everything is escaped unless marked."""

    template_name = "html"

    def _create_environment(self):
        environment = super()._create_environment()
        environment.autoescape = True
        return environment


def write_html(notebooks: list[Path], results: Results, target: Path) -> None:
    """Write executed `notebooks`, in their order, as the one page `target`.

    Raises `WasteError` naming the chapter for prose that cannot be set.
    """
    chapters = [*document.read(notebooks), appendix(results)]
    script = (TEMPLATES / "html" / "page.js").read_text("utf-8")
    exporter = PageExporter(
        extra_template_basedirs=[str(TEMPLATES)],
        default_preprocessors=[],  # the notebooks were read already
        filters={
            "css_string": _css_string,
            "data_uri": _data_uri,
            "pixels": lambda points: round(points * POINT),
        },
    )
    # nbconvert's own walk over cells is for one notebook at a time. What it is given here
    # says the language of the code; the template lays out the chapters.
    notebook = nbformat.v4.new_notebook(
        metadata={"language_info": {"name": "python", "pygments_lexer": "ipython3"}}
    )
    resources = {
        "chapters": document.rendered(chapters, "html5"),
        "title": summary.TITLE,
        "subtitle": summary.SUBTITLE,
        "data_line": summary.data_line(results.dataset),
        "is_demo": results.dataset.kind == "demo",
        "facts": summary.facts(results),
        "headline": summary.headline(results),
        "script": Markup(script),  # noqa: S704 - our own file
        "script_hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    }
    page, _ = exporter.from_notebook_node(notebook, resources)
    with whole_file(target) as temporary:
        temporary.write_text(page, "utf-8")


def _data_uri(figure: document.Figure) -> str:
    return f"data:{MIME[figure.suffix]};base64,{base64.b64encode(figure.content).decode()}"


def _css_string(text: str) -> str:
    """What may stand between quotation marks in a stylesheet: all but letters as code points."""
    return re.sub(r"[^A-Za-z ]", lambda found: f"\\{ord(found[0]):x} ", text)
