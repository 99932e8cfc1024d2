"""`wastelib compare`: what differs is shown with both values, whatever the two builds are."""

import html.parser
import json

import pytest
import synthetic
from typer.testing import CliRunner

from wastelib.cli import app
from wastelib.errors import WasteError
from wastelib.report.compare import Side, as_text, compare, open_side
from wastelib.report.compare_page import write_comparison


@pytest.fixture
def side(tmp_path):
    """Makes a build folder of the synthetic results, changed by a function, and opens it."""

    def made(name: str, change=lambda results: None, figures: dict | None = None) -> Side:
        results = synthetic.results().model_dump(mode="json")
        change(results)
        (tmp_path / name / "figures").mkdir(parents=True)
        (tmp_path / name / "results.json").write_text(json.dumps(results), "utf-8")
        for file, content in (figures or {}).items():
            (tmp_path / name / "figures" / file).write_bytes(content)
        return open_side(tmp_path / name)

    return made


def tables(chapters) -> dict[str, list[list[str]]]:
    return {b.name: b.rows for part in chapters for b in part.blocks if b.kind == "table"}


def test_builds_that_are_the_same_are_said_to_be_the_same(side):
    chapters = compare(side("a"), side("b"))
    assert set(tables(chapters)) == {"test_accuracy", "test_macro_f1", "durations"}
    assert all(row[3:] == ["+0.0", "the same trial"] for row in tables(chapters)["test_accuracy"])
    text = as_text(chapters)
    for what in ("Photographs and split", "Parameters", "Software and machine", "Tables"):
        assert f"{what}: the same." in text


def test_everything_that_differs_is_shown_with_both_values(side):
    def change(results):
        results["dataset"] |= {"images": 1201, "fingerprint": "f" * 64}
        results["dataset"]["images_per_class"]["Glass"] = 241
        results["environment"]["parameters"]["02_custom_cnn"]["seed"] = 43
        results["environment"]["versions"]["keras"] = "3.16.0"
        results["environment"]["notebook_seconds"]["02_custom_cnn"] = 250.0
        results["models"][0] |= {"test_accuracy": 0.8, "run": "f" * 16}
        results["models"][0]["test_accuracy_interval"] = [0.75, 0.85]
        results["models"][0]["per_class"]["Glass"]["f1"] = 0.35
        results["learning_rates"][0]["chosen"] = True
        results["answers"] = {"02_custom_cnn": "It got better."}
        del results["models"][2]

    found = tables(compare(side("a"), side("b", change)))
    assert ["Images", "1,200", "1,201"] in found["data"]
    assert ["Images of Glass", "240", "241"] in found["data"]
    assert found["parameters"] == [["02_custom_cnn: seed", "42", "43"]]
    assert found["software"] == [["keras", "3.15.0", "3.16.0"]]
    accuracy = found["test_accuracy"]
    dash = "\N{EN DASH}"
    assert accuracy[0] == [
        *("Custom CNN", f"61.8% (56.8{dash}66.8)", f"80.0% (75.0{dash}85.0)", "+18.2"),
        "intervals apart; other test images",
    ]
    assert accuracy[1][4] == "the same trial; other test images"
    assert accuracy[2][2:] == [dash, dash, "only in A"]
    assert found["class-f1"] == [["Custom CNN", "Glass", "0.85", "0.35", "-0.50"]]
    assert found["rates"][0][2] == f"{found['rates'][0][1]}, chosen"
    assert ["02_custom_cnn", "2 min 05 s", "4 min 10 s", "2.00"] in found["durations"]
    assert found["answers"] == [["02_custom_cnn", dash, "It got better."]]


def test_tables_of_the_notebooks_that_differ_are_named(side):
    table = {"notebook": "06", "number": "6.1", "name": "leak", "caption": "c", "columns": ["a"]}

    def with_rows(*rows):
        return lambda results: results.update(tables=[table | {"rows": [[row] for row in rows]}])

    a, b, c = side("a", with_rows("1", "2")), side("b", with_rows("1", "3")), side("c")
    assert tables(compare(a, b))["tables"] == [
        ["06", "leak", "1 of 2 cells, the first from 2 to 3"]
    ]
    assert tables(compare(a, c))["tables"] == [["06", "leak", "only in A"]]


def test_a_record_of_a_newer_version_is_read_as_far_as_it_is_known(side):
    newer = side("newer", lambda results: results.update(invented=[1], tables=[]))
    assert newer.results.profile == "synthetic"


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff\xfe", b'{"schema_version": 2}', b"null", b"[" * 100_000]
)
def test_a_broken_record_is_refused_with_its_file(tmp_path, content):
    (tmp_path / "results.json").write_bytes(content)
    with pytest.raises(WasteError, match=r"(.|\n)*results.json(.|\n)*remedy"):
        open_side(tmp_path)


def test_a_build_that_has_no_results_yet_is_refused(tmp_path):
    with pytest.raises(WasteError, match=r"(.|\n)*was stopped"):
        open_side(tmp_path)


def test_the_page_shows_figures_that_differ_side_by_side_and_nothing_hostile(side, tmp_path):
    chart = synthetic.chart().encode()
    png = synthetic.base64.b64decode(synthetic.photographs(80, 60))

    def hostile(results):
        results["models"][0]["name"] = synthetic.HOSTILE
        results["environment"]["parameters"] = {synthetic.HOSTILE: {"<b>": synthetic.HOSTILE}}

    a = side("a", figures={"01_x-same.svg": chart, "01_x-new.svg": chart, "02_y-photo.png": png})
    (a.folder / "figures" / "03_z-link.svg").symlink_to(tmp_path / "a" / "results.json")
    others = {"01_x-same.svg": chart, "01_x-new.svg": chart + b" ", "02_y-photo.png": png[:90]}
    b = side("b", hostile, figures=others | {"<img>.svg": chart, "01_x-huge.svg": b"x" * 6_000_000})
    write_comparison(a, b, compare(a, b), tmp_path / "page.html")
    page = _Page((tmp_path / "page.html").read_text("utf-8"))
    assert page.tags.count("script") == 1
    assert page.alts == ["01 x new, in A", "01 x new, in B", "02 y photo, in A"]
    assert "The same: 1 figure." in page.text


def test_the_command_prints_the_changes_and_writes_the_page(side, tmp_path):
    a = side("a")
    b = side("b", lambda results: results["models"][0].update(test_accuracy=0.99))
    arguments = ["compare", str(a.folder), str(b.folder / "results.json")]
    told = CliRunner().invoke(app, [*arguments, "--page", str(tmp_path / "c.html")])
    assert told.exit_code == 0, told.output
    assert "+37.2" in told.output
    assert "Two reports compared" in (tmp_path / "c.html").read_text("utf-8")


class _Page(html.parser.HTMLParser):
    """The elements of a page, its images' alternative texts, and its words."""

    def __init__(self, source: str):
        super().__init__()
        self.tags, self.alts, self.text = [], [], ""
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "img":
            self.alts.append(dict(attrs)["alt"])

    def handle_data(self, data):
        self.text += data
