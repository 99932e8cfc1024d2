"""The works that the notebooks cite, listed from one BibTeX file.

A notebook cites by an ordinary link to the work's address, which serves whoever reads it in
JupyterLab. In the report the same link leads to the work's entry in the list.
"""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import pypandoc

from wastelib.report import prose
from wastelib.report.document import Chapter, Prose, chapter

BIBLIOGRAPHY = Path(__file__).parents[2] / "report" / "references.bib"


def with_references(chapters: list[Chapter]) -> list[Chapter]:
    """The chapters, with citations leading to a last chapter that lists the works cited.

    Without citations, the chapters as they are.
    """
    listed = entries()
    anchors = {address: f"#{entry['c'][0][0]}" for address, entry in listed.items()}
    cited = {
        node["c"][2][0]
        for part in chapters
        for block in part.blocks
        if block.kind == "prose"
        for node in prose.walk(block.tree)
        if node["t"] == "Link"
    }
    if not cited & listed.keys():
        return chapters
    works = [entry for address, entry in listed.items() if address in cited]
    # The class by which pandoc tells that this is a list, of which each entry is an item.
    whole = {"t": "Div", "c": [["", ["csl-bib-body"], []], works]}
    return [
        *(
            replace(part, blocks=[_led(block, anchors) for block in part.blocks])
            for part in chapters
        ),
        chapter("", "references", [Prose([prose.heading(1, "References"), whole])]),
    ]


@cache
def entries() -> dict[str, prose.Node]:
    """The formatted entry of every work by its address, in the list's order.

    An entry is a pandoc Div whose id is `ref-` and the BibTeX key; it ends with the address.
    """
    written = pypandoc.convert_file(
        BIBLIOGRAPHY, "json", format="bibtex", extra_args=["--citeproc"]
    )
    (works,) = json.loads(written)["blocks"]
    return {_address(entry): entry for entry in works["c"][1]}


def _address(entry: prose.Node) -> str:
    return [node["c"][2][0] for node in prose.walk(entry) if node["t"] == "Link"][-1]


def _led(block, anchors: dict[str, str]):
    if block.kind != "prose":
        return block
    return Prose(prose.relink(block.tree, lambda target: anchors.get(target, target)))
