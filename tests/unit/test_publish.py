"""Figures, tables and prose are published as the report reads them."""

import html
import re

import matplotlib
import mistune
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from tests.sample_displays import DISPLAYS, history
from wastelib import displays
from wastelib.displays import publish
from wastelib.displays.style import one_line


@pytest.fixture
def published(monkeypatch):
    """What was published, as (mime bundle, metadata)."""
    outputs = []
    monkeypatch.setattr(
        publish,
        "publish_display_data",
        lambda data, metadata=None: outputs.append((data, metadata)),
    )
    return outputs


def test_a_chart_is_published_as_svg_with_caption_and_alternative_text(published):
    display = DISPLAYS["counts"]()
    displays.show(display, name="class-counts", caption="Images per class.")
    data, metadata = published[0]
    assert set(data) == {"image/svg+xml", "text/plain"}
    assert "<svg" in data["image/svg+xml"]
    assert "<text" not in data["image/svg+xml"]  # letters are paths
    assert metadata == {
        "wastelib": {
            "kind": "figure",
            "name": "class-counts",
            "caption": "Images per class.",
            "alt": display.alt,
            "data": {
                "columns": ["class", "images"],
                "rows": [[name, str(images)] for name, images in display.counts.items()],
            },
        }
    }


@pytest.mark.parametrize("name", DISPLAYS)
def test_every_figure_is_published_with_the_table_behind_it(name, published):
    displays.show(DISPLAYS[name](), name=name, caption="c")
    data = published[0][1]["wastelib"]["data"]
    assert data["rows"]
    assert all(len(row) == len(data["columns"]) for row in data["rows"])
    assert all(isinstance(cell, str) for row in [data["columns"], *data["rows"]] for cell in row)


def test_the_table_behind_a_figure_holds_numbers_other_programs_can_read(published):
    table = pd.DataFrame({"similarity": [0.5, np.nan], "precision": [1234567.5, 1 / 3]})
    display = displays.AgreementDisplay(table.assign(recall=[1, 12000]), 0.5)
    displays.show(display, name="rule", caption="c")
    rows = published[0][1]["wastelib"]["data"]["rows"]
    assert rows == [["0.5", "1.23457e+06", "1"], ["", "0.333333", "12000"]]


def test_rows_are_placed_where_they_are_drawn(published):
    counts = np.array([[8, 2, 0], [0, 9, 1], [0, 0, 5]])
    display = displays.ConfusionDisplay(counts, ("a", "b", "c"))
    displays.show(display, name="confusion", caption="c")
    data = published[0][1]["wastelib"]["data"]
    assert [row[:3] for row in data["rows"]] == [
        *(["a", "a", "8"], ["a", "b", "2"], ["b", "b", "9"], ["b", "c", "1"], ["c", "c", "5"])
    ]
    across, down = np.array(data["places"]).T
    assert across[0] < across[1] == across[2] < across[3] == across[4] < 1
    assert 0 < down[0] == down[1] < down[2] == down[3] < down[4]


def test_what_is_not_finite_has_no_place_and_what_is_off_scale_lies_at_the_border(published):
    table = history(val_accuracy=(0.3, np.nan, 0.5), val_loss=(1.9, 1.4, 1e9))
    display = displays.LearningCurvesDisplay.from_histories({"one": table})
    displays.show(display, name="curves", caption="c")
    data = published[0][1]["wastelib"]["data"]
    (first, gap, last), losses = data["places"][:3], data["places"][3:]
    assert gap is None
    assert first[0] < last[0] < losses[0][0]
    assert 0 < losses[2][1] < losses[1][1]


def test_photographs_are_published_as_png_at_twice_the_screen_size(published):
    displays.show(DISPLAYS["samples"](), name="samples", caption="c", alt="Nine samples.")
    data, metadata = published[0]
    assert data["image/png"].startswith(b"\x89PNG")
    width = int.from_bytes(data["image/png"][16:20], "big")
    assert width == 2 * metadata["image/png"]["width"] == 1248
    assert metadata["wastelib"]["alt"] == "Nine samples."


@pytest.mark.parametrize("name", DISPLAYS)
def test_the_same_figure_gives_the_same_bytes(name, published):
    for display in (DISPLAYS[name](), DISPLAYS[name]()):
        displays.show(display, name=name, caption="c")
    assert published[0] == published[1]


def test_figures_of_one_page_have_ids_of_their_own(published):
    for name in ("one", "two"):
        displays.show(DISPLAYS["curves"](), name=name, caption="c")
    roots = [
        re.search(r'<svg[^>]* id="([^"]+)"', data["image/svg+xml"])[1] for data, _ in published
    ]
    assert roots == ["figure-one", "figure-two"]


def test_a_bare_figure_needs_an_alternative_text(published):
    figure = Figure()
    figure.subplots().plot([1, 2])
    with pytest.raises(ValueError, match="alt="):
        displays.show(figure, name="line", caption="c")
    displays.show(figure, name="line", caption="c", alt="A line.")
    assert len(published) == 1


def test_a_figure_of_pyplot_is_closed_after_showing(published):
    from matplotlib import pyplot

    with matplotlib.rc_context({"backend": "agg"}):
        figure, _ = pyplot.subplots()
        displays.show(figure, name="line", caption="c", alt="Empty axes.")
        assert not pyplot.fignum_exists(figure.number)


@pytest.mark.parametrize("name", ["", "Two words", "a/b", "../up", "a--b"])
def test_names_that_are_no_file_names_are_refused(name, published):
    with pytest.raises(ValueError, match="joined by hyphens"):
        displays.show(DISPLAYS["curves"](), name=name, caption="c")


def test_a_table_is_published_formatted_aligned_and_escaped(published):
    frame = pd.DataFrame(
        {
            "class": ["<b>Glass</b>", "a & b", None],
            "images": [1200, 30, 4],
            "share": [0.1234, np.nan, 0.5],
            "found": [True, False, True],
        }
    )
    displays.table(frame, name="classes", caption="Classes.", formats={"share": "{:.1%}"})
    data, metadata = published[0]
    about = metadata["wastelib"]
    dash = "\N{EN DASH}"
    assert about["rows"] == [
        ["<b>Glass</b>", "1,200", "12.3%", "True"],
        ["a & b", "30", dash, "False"],
        [dash, "4", "50.0%", "True"],
    ]
    assert [column["align"] for column in about["columns"]] == ["left", "right", "right", "left"]
    assert (about["kind"], about["name"], about["caption"]) == ("table", "classes", "Classes.")
    assert "&lt;b&gt;Glass&lt;/b&gt;" in data["text/html"]
    assert "<b>" not in data["text/html"]
    assert "1,200" in data["text/plain"]


def test_a_format_for_an_unknown_column_is_refused(published):
    with pytest.raises(ValueError, match="shares"):
        displays.table(pd.DataFrame({"share": [1]}), name="t", caption="c", formats={"shares": ""})


def test_an_empty_table_is_published(published):
    displays.table(pd.DataFrame({"file": [], "reason": []}), name="skipped", caption="None.")
    assert published[0][1]["wastelib"]["rows"] == []


def test_prose_is_published_as_markdown(published):
    displays.say("**62%** of *Glass*")
    assert published[0][0]["text/markdown"] == "**62%** of *Glass*"


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_escaped_text_reads_as_itself_in_markdown(text):
    escaped = displays.escape_markdown(f"x{text}x")
    paragraph = mistune.html(escaped).strip().removeprefix("<p>").removesuffix("</p>")
    assert html.unescape(paragraph) == one_line(f"x{text}x")


def test_drawing_leaves_the_readers_settings_alone(published):
    before = matplotlib.rcParams.copy()
    displays.show(DISPLAYS["confusion"](), name="confusion", caption="c")
    assert matplotlib.rcParams.copy() == before
