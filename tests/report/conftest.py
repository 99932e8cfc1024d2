"""The builds that the tests of the page and the book are run on, and the browser."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
import synthetic

from wastelib.report.results import Results


@pytest.fixture(scope="session")
def synthetic_build(tmp_path_factory) -> Path:
    """A build folder made from notebooks and results written by hand."""
    from wastelib.report import document, html, pdf

    folder = tmp_path_factory.mktemp("synthetic")
    results = synthetic.results()
    paths = synthetic.write_notebooks(folder / "notebooks")
    html.write_html(paths, results, folder / "report.html", synthetic.gallery())
    pdf.write_pdf(paths, results, folder / "report.pdf")
    document.write_figures(document.read(paths), folder / "figures")
    (folder / "results.json").write_text(results.model_dump_json(), "utf-8")
    return folder


@pytest.fixture(scope="session", params=["synthetic", "smoke"])
def build(request) -> Path:
    """A finished build folder; `<param>_build` is the fixture that makes it."""
    return request.getfixturevalue(f"{request.param}_build")


@pytest.fixture(scope="session")
def results(build) -> Results:
    """The results that the build recorded."""
    return Results.model_validate(json.loads((build / "results.json").read_text("utf-8")))


@pytest.fixture(scope="session")
def notebooks(build) -> dict[str, nbformat.NotebookNode]:
    """The executed notebooks of the build by their stems, in order."""
    paths = sorted((build / "notebooks").glob("*.ipynb"))
    return {path.stem: nbformat.read(path, as_version=4) for path in paths}


@pytest.fixture(scope="session")
def published(notebooks) -> list[dict]:
    """The metadata of every figure and table that the notebooks published, in order."""
    return [
        output.metadata.wastelib
        for notebook in notebooks.values()
        for cell in notebook.cells
        if cell.cell_type == "code" and "remove-cell" not in cell.metadata.get("tags", [])
        for output in cell.outputs
        if "wastelib" in output.get("metadata", {})
    ]


@pytest.fixture(scope="session")
def titles(notebooks) -> list[str]:
    """The first heading of every notebook."""
    sources = (cell.source for notebook in notebooks.values() for cell in notebook.cells[:1])
    return [source.splitlines()[0].removeprefix("# ") for source in sources]


@pytest.fixture(scope="session")
def chromium() -> Iterator:
    """Headless Chromium from `WASTELIB_CHROMIUM` or the system's packages."""
    from playwright.sync_api import sync_playwright

    program = os.environ.get("WASTELIB_CHROMIUM") or shutil.which("chromium")
    if not program:
        missing = "no Chromium: install it, or name it in WASTELIB_CHROMIUM"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()
