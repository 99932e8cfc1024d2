"""The one reading of the notebooks: what is kept, numbered, linked and refused."""

import pytest
import synthetic
from nbformat.v4 import new_markdown_cell, new_output

from wastelib.errors import WasteError
from wastelib.report import document, prose


@pytest.fixture
def read(tmp_path):
    """Reads one notebook made of the given cells, as one chapter."""

    def read_cells(*cells):
        contents = synthetic.one_notebook(*cells)
        return document.read(synthetic.write_notebooks(tmp_path, contents))[0]

    return read_cells


@pytest.fixture(scope="module")
def chapters(tmp_path_factory):
    return document.read(synthetic.write_notebooks(tmp_path_factory.mktemp("notebooks")))


def kinds(chapter):
    return [block.kind for block in chapter.blocks]


def test_a_chapter_is_named_by_the_notebooks_first_heading(chapters):
    assert [part.title for part in chapters] == [
        "Preparing the data",
        "A custom CNN & its <b>layers</b>",
        "Comparing the models",
    ]
    assert [title for _, title in chapters[0].sections] == ["The images of each class", "Samples"]


def test_a_notebook_without_heading_is_named_by_its_file(tmp_path):
    contents = {"03_learning_rate_comparison": synthetic.one_notebook()["01_only"]}
    contents["03_learning_rate_comparison"].cells = []
    part = document.read(synthetic.write_notebooks(tmp_path, contents))[0]
    assert part.title == "Learning rate comparison"


def test_figures_and_tables_are_numbered_within_their_chapter(chapters):
    numbered = [b for part in chapters for b in part.blocks if b.kind in ("figure", "table")]
    assert [f"{block.kind} {block.number}" for block in numbered] == [
        *("figure 1.1", "figure 1.2", "figure 1.3", "table 2.1", "figure 2.1", "figure 2.2"),
        *("table 3.1", "figure 3.1"),
    ]
    anchors = [block.anchor for block in numbered]
    assert len(set(anchors)) == len(anchors)


def test_removed_cells_and_hidden_code_stay_out(read):
    part = read(
        synthetic.code("removed", new_output("stream", text="x"), tags=("remove-cell",)),
        synthetic.code("hidden", new_output("stream", text="kept"), tags=("hide-input",)),
    )
    assert part.blocks[-1] == document.Text("kept")
    assert "code" not in kinds(part)


def test_the_parameters_of_the_build_are_told_from_the_code(read):
    part = read(
        synthetic.code("seed = 42", tags=("parameters",)),
        synthetic.code("# Parameters\nseed = 7", tags=("injected-parameters",)),
    )
    assert [block.injected for block in part.blocks if block.kind == "code"] == [False, True]


def test_html_of_outputs_is_never_taken_over(read):
    data = {"text/html": "<script>alert(1)</script>", "text/plain": "plain"}
    part = read(synthetic.code("x", new_output("display_data", data=data)))
    assert part.blocks[-1] == document.Text("plain")


def test_progress_that_overwrites_itself_leaves_its_last_line(read):
    outputs = [new_output("stream", text=text) for text in ("\r10%", "\r50%", "\r100%\ndone\n")]
    assert read(synthetic.code("x", *outputs)).blocks[-1] == document.Text("100%\ndone")


def test_colours_and_control_characters_leave_no_trace(read):
    output = new_output("stream", text="\x1b[31mred\x1b[0m \x00\x07bell\n")
    assert read(synthetic.code("x", output)).blocks[-1] == document.Text("red bell")


def test_messages_of_libraries_are_told_from_what_a_cell_prints(read):
    outputs = [new_output("stream", name=name, text="x") for name in ("stdout", "stderr")]
    part = read(synthetic.code("x", *outputs))
    assert [block.aside for block in part.blocks if block.kind == "text"] == [False, True]


def test_endless_output_loses_its_middle(read):
    output = new_output("stream", text="\n".join(f"line {n}" for n in range(1000)))
    lines = read(synthetic.code("x", output)).blocks[-1].text.split("\n")
    assert len(lines) == document.LONGEST_TEXT + 1
    assert (lines[0], lines[-1]) == ("line 0", "line 999")
    assert "940 lines left out" in "\n".join(lines)


def test_an_unclosed_fence_does_not_swallow_the_next_cell(read):
    part = read(new_markdown_cell("```python\nopen"), new_markdown_cell("## Next"))
    assert kinds(part) == ["prose"] * 3
    assert [title for _, title in part.sections] == ["Next"]


def test_raw_html_in_prose_becomes_the_text_it_was_typed_as(read):
    part = read(new_markdown_cell("a <script>alert(1)</script>\n\n<div onclick=x>\nb\n</div>"))
    [*_, filled] = document.rendered([part], "html5")[0].blocks
    assert "<script" not in filled.markup
    assert "<div" not in filled.markup
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in filled.markup


@pytest.mark.parametrize("target", ["javascript:alert(1)", "data:text/html,x", "file:///etc"])
def test_links_that_are_no_web_addresses_become_text(read, target):
    part = read(new_markdown_cell(f"[words]({target})"))
    assert "<a" not in document.rendered([part], "html5")[0].blocks[-1].markup
    assert prose.text(part.blocks[-1].tree) == "words"


def test_links_between_and_within_notebooks_arrive(tmp_path):
    contents = synthetic.notebooks()
    contents["05_model_comparison"].cells.append(
        new_markdown_cell("[a](02_custom_cnn.ipynb#Training) [b](#Which-model-is-better?)")
    )
    part = document.read(synthetic.write_notebooks(tmp_path, contents))[-1]
    links = [node["c"][2][0] for node in prose.walk(part.blocks[-1].tree) if node["t"] == "Link"]
    assert links == ["#02_custom_cnn-training", "#05_model_comparison-which-model-is-better"]


def test_a_link_to_nowhere_is_refused_with_its_chapter(read):
    with pytest.raises(WasteError, match=r"nowhere(.|\n)*The only chapter"):
        read(new_markdown_cell("[gone](#nowhere)"))


def test_a_picture_in_prose_is_refused_with_its_chapter(read):
    with pytest.raises(WasteError, match=r"https://example.org/x.png(.|\n)*The only chapter"):
        read(new_markdown_cell("![alt](https://example.org/x.png)"))


@pytest.mark.parametrize("picture", ["bm90IGEgcG5n", "not base64!", "iVBORw0KGgo="])
def test_a_broken_picture_is_refused_with_its_notebook_and_cell(read, picture):
    figure = synthetic.figure("broken", {"image/png": picture}, "caption", "alt")
    with pytest.raises(WasteError, match=r"cell 2 (.|\n)*01_only.ipynb"):
        read(synthetic.code("x", figure))


@pytest.mark.parametrize("size", [f"{'9' * 400} 5", "5 " + "9" * 400])
def test_a_chart_of_absurd_size_is_drawn_at_the_usual_one(size):
    content = f'<svg viewBox="0 0 {size}"></svg>'.encode()
    assert document.figure(content, "svg", {"name": "x"}).size == document.CHART_SIZE


def test_a_chart_without_end_is_read_at_once():
    content = b"<svg " * 1_000_000
    assert document.figure(content, "svg", {"name": "x"}).size == document.CHART_SIZE


def test_photographs_have_two_pixels_for_each_of_the_screens(chapters):
    sizes = {b.name: b.size for part in chapters for b in part.blocks if b.kind == "figure"}
    assert sizes["samples"] == (1248 * 72 / 192, 500 * 72 / 192)
    assert sizes["class-counts"] == (6.5 * 72, 3 * 72)


def test_a_figure_has_the_table_behind_it_and_the_cell_that_made_it(read):
    data = {"columns": ["a\x00"], "rows": [["1"], ["2"]], "places": [[0.25, 1], None]}
    figure = synthetic.figure("f", {"image/svg+xml": synthetic.chart()}, "caption", "alt", data)
    table = synthetic.table("t", "caption", {"a": "left"}, [["1"]])
    shown = synthetic.code("draw()", figure, table)
    hidden = synthetic.code("hidden()", figure, tags=("hide-input",))
    shown.execution_count, hidden.execution_count = 4, 5
    code, first, second, third = read(shown, hidden).blocks[-4:]
    assert first.data == document.Data(["a "], [["1"], ["2"]], [(0.25, 1.0), None])
    assert [(block.cell, block.code) for block in (first, second, third)] == [
        *((4, code.anchor), (4, code.anchor), (5, ""))
    ]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"columns": ["a"], "rows": [["1", "2"]]},
        {"columns": ["a"], "rows": [["1"]], "places": [[0.5, 0.5], None]},
        {"columns": ["a"], "rows": [["1"]], "places": [[0.5, float("nan")]]},
        {"columns": ["a"], "rows": 7},
    ],
)
def test_a_table_behind_a_figure_that_is_none_is_refused_with_its_cell(read, data):
    figure = synthetic.figure("f", {"image/svg+xml": synthetic.chart()}, "caption", "alt", data)
    with pytest.raises(WasteError, match=r"cell 2 (.|\n)*01_only.ipynb"):
        read(synthetic.code("x", figure))


def test_every_figure_becomes_a_file(chapters, tmp_path):
    paths = document.write_figures(chapters, tmp_path / "figures")
    assert sorted(path.name for path in (tmp_path / "figures").iterdir()) == [
        "01_data_preparation-class-counts.svg",
        "01_data_preparation-samples.png",
        "01_data_preparation-tall-sheet.png",
        "02_custom_cnn-confusion.svg",
        "02_custom_cnn-learning-curves.svg",
        "05_model_comparison-cell-2.png",
    ]
    assert all(path.stat().st_size > 500 for path in paths)


def test_two_figures_of_one_name_become_two_files(read, tmp_path):
    chart = "<svg viewBox='0 0 4 3'>{}</svg>".format
    figures = [
        synthetic.figure("twice", {"image/svg+xml": chart(number)}, "caption", "alt")
        for number in (1, 2)
    ]
    paths = document.write_figures([read(synthetic.code("x", *figures))], tmp_path)
    assert [path.read_text("utf-8") for path in paths] == [chart(1), chart(2)]
