"""What the notebooks cite is in references.bib, under the names that they give it."""

import json
import re
from pathlib import Path

import nbformat
import pypandoc
import pytest

from wastelib.report import document, prose, references

ROOT = Path(__file__).parents[2]
CITATION = re.compile(r"\[([^]]*\b\d{4})\]\((https?://\S+?)\)(?=[\s;:,.)]|$)")


def _citations() -> list[tuple[str, str]]:
    return [
        found.groups()
        for path in sorted((ROOT / "notebooks").glob("*.ipynb"))
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "markdown"
        for found in CITATION.finditer(cell.source)
    ]


def _names() -> dict[str, str]:
    """'Guo et al. 2017' by the address of each work."""
    works = pypandoc.convert_file(references.BIBLIOGRAPHY, "csljson", format="bibtex")
    names = {}
    for work in json.loads(works):
        families = [author["family"] for author in work["author"]]
        if "non-dropping-particle" in work["author"][0]:
            families[0] = f"{work['author'][0]['non-dropping-particle']} {families[0]}"
        who = f"{families[0]} et al." if len(families) > 2 else " and ".join(families)
        address = work.get("URL") or f"https://doi.org/{work['DOI']}"
        names[address] = f"{who} {work['issued']['date-parts'][0][0]}"
    return names


def test_every_citation_is_in_the_bibliography_under_its_name():
    names, citations = _names(), _citations()
    assert len(citations) > 20
    for name, address in citations:
        assert names.get(address) == name


def test_every_work_can_be_cited_by_its_address():
    assert set(references.entries()) == set(_names())


def test_no_work_is_named_without_a_link():
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "markdown":
                rest = CITATION.sub("", cell.source)
                assert not re.search(r"et al\. \(?\d{4}|[A-Z][a-z]+,? \(?(19|20)\d\d\)", rest), path


@pytest.fixture
def chapters():
    def made(markdown: str) -> list[document.Chapter]:
        (tree,) = prose.parse([markdown])
        return [document.chapter("1", "one", [document.Prose(tree)])]

    return made


def test_a_citation_leads_to_its_entry_and_only_cited_works_are_listed(chapters):
    address = "https://proceedings.mlr.press/v70/guo17a.html"
    first, last = references.with_references(chapters(f"# One\n\n[Guo et al. 2017]({address})"))
    links = [node["c"][2][0] for node in prose.walk(first.blocks[0].tree) if node["t"] == "Link"]
    assert links == ["#ref-guo2017"]
    assert last.title == "References"
    whole, *listed = [n["c"][0] for n in prose.walk(last.blocks[0].tree) if n["t"] == "Div"]
    assert "csl-bib-body" in whole[1]
    assert [entry[0] for entry in listed] == ["ref-guo2017"]


def test_without_citations_there_is_no_list(chapters):
    plain = chapters("# One\n\n[elsewhere](https://example.org/)")
    assert references.with_references(plain) == plain
