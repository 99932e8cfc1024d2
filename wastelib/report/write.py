"""What a build found, written: results.json, figures, the page and the PDF."""

import time
from pathlib import Path

from wastelib.files import whole_file
from wastelib.profiles import Profile
from wastelib.report import document
from wastelib.report.collect import collect_results
from wastelib.report.gallery import open_gallery
from wastelib.report.html import write_html
from wastelib.report.ledger import Entry
from wastelib.report.pdf import write_pdf
from wastelib.report.results import Ledger, Results


def write_report(profile: Profile, build: Path, entries: dict[str, Entry]) -> None:
    """Write the report of the executed notebooks, whose `entries` say where their time went.

    Page and PDF are written twice. They say how long each of them takes, which the first
    time shows; the second takes a fraction of it, since what was set once is remembered.
    """
    began = time.monotonic()
    notebooks = [build / "notebooks" / f"{name}.ipynb" for name in profile.notebooks]
    spent = {name: entry.seconds for name, entry in entries.items()}
    chapters = document.read(notebooks)
    results = collect_results(
        profile, build, chapters, {name: s.seconds for name, s in spent.items()}
    )
    document.write_figures(chapters, build / "figures")
    gallery = open_gallery(build)
    collected = time.monotonic()

    def write_both(ledger: Ledger) -> tuple[Results, float, float]:
        told = results.model_copy(
            update={"environment": results.environment.model_copy(update={"ledger": ledger})}
        )
        start = time.monotonic()
        write_html(notebooks, told, build / "report.html", gallery)
        between = time.monotonic()
        write_pdf(notebooks, told, build / "report.pdf")
        return told, between - start, time.monotonic() - between

    ledger = Ledger(
        notebooks=list(spent.values()),
        collect_seconds=round(collected - began, 1),
        page_seconds=0.0,
        pdf_seconds=0.0,
    )
    _, page, pdf = write_both(ledger)
    seconds = {"page_seconds": round(page, 1), "pdf_seconds": round(pdf, 1)}
    told, _, _ = write_both(ledger.model_copy(update=seconds))
    with whole_file(build / "results.json") as path:
        path.write_text(told.model_dump_json(indent=2) + "\n", "utf-8")
