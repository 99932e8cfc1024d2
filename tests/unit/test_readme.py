"""The README's tables are those of the recorded results, and its commands exist."""

import re
import sys
from itertools import chain
from pathlib import Path

import pytest

from wastelib.report.results import Results
from wastelib.report.summary import headline

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
RECORDED = ["demo", "realwaste5", "speed", "growth", "coverage", "band", "precision"]
FIGURE = r"\d[\d,]*(?:\.\d+)?"
BLOCK = r"<!-- recorded: {} -->\n(.*?)<!-- end -->"


def recorded(name: str) -> str:
    """A block of the README: the headline table of a profile, or what a measurement wrote."""
    texts = list((ROOT / "report" / "recorded").glob(f"*/{name}.md"))
    return f"\n{texts[0].read_text('utf-8')}\n" if texts else table_of(name)


def table_of(profile: str) -> str:
    """The headline table of a recorded build as Markdown."""
    path = ROOT / "report" / "recorded" / profile / "results.json"
    table = headline(Results.model_validate_json(path.read_text("utf-8")))
    heads = [column["name"] for column in table.columns]
    rules = ["---" if column["align"] == "left" else "---:" for column in table.columns]
    lines = [heads, rules, *table.rows]
    return "\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n\n"


@pytest.mark.parametrize("name", RECORDED)
def test_figures_are_the_recorded_ones(name):
    """After recording results: `python tests/unit/test_readme.py` writes them again."""
    (shown,) = re.findall(BLOCK.format(name), README.read_text("utf-8"), re.DOTALL)
    assert shown == recorded(name)


def test_the_findings_are_figures_of_the_recorded_answers_and_tables():
    """Each figure of the findings stands in what the notebooks of the real run said."""
    path = ROOT / "report" / "recorded" / "realwaste5" / "results.json"
    results = Results.model_validate_json(path.read_text("utf-8"))
    cells = [cell for table in results.tables for row in table.rows for cell in row]
    told = set(re.findall(FIGURE, " ".join([*results.answers.values(), *cells])))
    (findings,) = re.findall(BLOCK.format("findings"), README.read_text("utf-8"), re.DOTALL)
    figures = re.findall(FIGURE, findings)
    assert len(figures) >= 9
    assert [figure for figure in figures if figure not in told] == []


def test_every_dependency_is_explained():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = chain(project["dependencies"], *project["optional-dependencies"].values())
    section = README.read_text("utf-8").split("### Dependencies")[1].split("\n## ")[0]
    explained = set(re.findall(r"[\w-]+", section))
    assert {re.match(r"[\w-]+", name)[0] for name in wanted} <= explained


def test_every_make_target_of_the_readme_exists():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(re.findall(r"`?make ([a-z]+)", README.read_text("utf-8"))) <= targets


def test_pictures_of_the_readme_are_there():
    for path in re.findall(r"!\[.*?\]\((.*?)\)", README.read_text("utf-8")):
        assert (ROOT / path).is_file()


if __name__ == "__main__":
    text = README.read_text("utf-8")
    for name in sys.argv[1:] or RECORDED:
        block = f"<!-- recorded: {name} -->\n{recorded(name)}<!-- end -->"
        text = re.sub(BLOCK.format(name), lambda _, block=block: block, text, flags=re.DOTALL)
    README.write_text(text, "utf-8")
