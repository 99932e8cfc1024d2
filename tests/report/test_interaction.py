"""What a reader can do with the page, done in a real browser by hand, finger and keyboard."""

import csv
from dataclasses import replace

import pytest
import synthetic
from axe_playwright_python.sync_playwright import Axe

from wastelib.report import html
from wastelib.report.blocks import Data

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
CURVES, CONFUSION = "figure[id$=learning-curves]", "figure[id$=figure-confusion]"
BACKGROUND = "getComputedStyle(document.body).backgroundColor"


@pytest.fixture
def page(synthetic_build, chromium):
    """The page of the synthetic build at a desk; nothing may go wrong or ask for anything."""
    context = chromium.new_context(offline=True, viewport={"width": 1400, "height": 900})
    page, did = context.new_page(), []
    page.on("request", lambda request: did.append(request.url))
    page.on("console", lambda message: did.append(message.text))
    page.on("pageerror", lambda error: did.append(str(error)))
    page.on("dialog", lambda dialog: (did.append(dialog.message), dialog.dismiss()))
    page.goto((synthetic_build / "report.html").as_uri())
    yield page
    context.close()
    assert [words for words in did if not words.startswith(("file:", "data:"))] == []


def cells(counts) -> list[tuple[int, int, int]]:
    """(true, predicted, images) of each cell of a matrix that is not empty."""
    return [(t, p, n) for t, row in enumerate(counts) for p, n in enumerate(row) if n]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1400])
def test_axe_finds_no_violation_of_wcag(build, chromium, scheme, width):
    size = {"width": width, "height": 800}
    page = chromium.new_page(offline=True, color_scheme=scheme, viewport=size)
    page.goto((build / "report.html").as_uri())
    page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true; })")
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
    page.locator(".matrix button").first.click()
    behind = Axe().run(page, context="#behind")
    page.close()
    told = [
        (violation["id"], node["html"][:120])
        for result in (found, behind)
        for violation in result.response["violations"]
        for node in violation["nodes"]
    ]
    assert told == []


def test_values_stand_under_the_pointer(page):
    frame = page.locator(f"{CURVES} .frame")
    frame.scroll_into_view_if_needed()
    box = frame.bounding_box()
    rows = page.locator(f"{CURVES} .behind tbody tr").all()
    places = frame.get_attribute("data-places").split(" ")
    assert len(places) == len(rows)
    for row, place in zip(rows, places, strict=True):
        x, y = map(float, place.split(","))
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        shown = frame.locator(".values dd").all_text_contents()
        assert shown == row.locator("td").all_text_contents()
    page.mouse.move(0, 0)
    assert not frame.locator(".values").is_visible()


def test_arrow_keys_go_through_the_values_and_escape_hides_them(page):
    frame = page.locator(f"{CURVES} .frame")
    frame.locator(".stage").focus()
    epochs = []
    for _ in range(3):
        page.keyboard.press("ArrowRight")
        epochs.append(frame.locator(".values dd").all_text_contents()[1:3])
    assert epochs == [["1", "accuracy"], ["2", "accuracy"], ["3", "accuracy"]]
    page.keyboard.press("End")
    assert frame.locator(".values dd").all_text_contents()[1:3] == ["3", "loss"]
    page.keyboard.press("Escape")
    assert not frame.locator(".values").is_visible()


def test_cells_of_a_confusion_figure_open_the_photographs_behind_them(page):
    frame = page.locator(f"{CONFUSION} .frame")
    frame.scroll_into_view_if_needed()
    box = frame.bounding_box()
    places = frame.get_attribute("data-places").split(" ")
    for place, (true, predicted, images) in zip(places, cells(synthetic.CONFUSION), strict=True):
        x, y = map(float, place.split(","))
        page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
        title = page.locator("#behind-title").inner_text()
        assert _squeezed(synthetic.CLASSES[true]) in _squeezed(title)
        assert f"Custom CNN: {images} photograph" in title
        photographs = page.locator("#behind .cards > li")
        assert photographs.count() == images
        assert set(photographs.evaluate_all("all => all.map(one => one.dataset.label)")) == {
            str(true)
        }
        assert all(
            answers.split()[0] == str(predicted)
            for answers in photographs.evaluate_all("all => all.map(one => one.dataset.answers)")
        )
        page.keyboard.press("Escape")
        assert not page.locator("#behind").is_visible()


def test_an_empty_cell_of_a_confusion_figure_opens_nothing(page):
    frame = page.locator(f"{CONFUSION} .frame")
    frame.scroll_into_view_if_needed()
    box = frame.bounding_box()
    places = [place.split(",") for place in frame.get_attribute("data-places").split(" ")]
    across, down = {}, {}
    for (x, y), (true, predicted, _) in zip(places, cells(synthetic.CONFUSION), strict=True):
        across[predicted], down[true] = float(x) * box["width"], float(y) * box["height"]
    empty = [(t, p) for t in down for p in across if not synthetic.CONFUSION[t][p]]
    assert empty
    for true, predicted in empty:
        page.mouse.click(box["x"] + across[predicted], box["y"] + down[true])
        assert not page.locator("#behind").is_visible()
        assert not page.locator(f"{CONFUSION} .values").is_visible()


def test_escape_hides_the_values_wherever_the_keyboard_is(page):
    frame = page.locator(f"{CONFUSION} .frame")
    frame.scroll_into_view_if_needed()
    box = frame.bounding_box()
    x, y = map(float, frame.get_attribute("data-places").split(" ")[0].split(","))
    page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
    assert page.locator(f"{CONFUSION} .values").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator(f"{CONFUSION} .values").is_visible()


def test_a_keyboard_opens_the_photographs_of_a_figure_and_comes_back(page):
    page.locator(f"{CONFUSION} .stage").focus()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    assert page.locator("#behind .cards > li").count() == synthetic.CONFUSION[0][0]
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert not page.locator("#behind").is_visible()
    assert page.evaluate("document.activeElement.className") == "stage"


def test_cells_of_every_matrix_open_their_photographs(page):
    matrices = page.locator(".matrix")
    assert matrices.count() == 2
    for model, counts in enumerate(synthetic.gallery().confusions):
        matrix = matrices.nth(model)
        matrix.evaluate("matrix => { matrix.open = true; }")
        buttons = matrix.locator("button")
        assert buttons.count() == len(cells(counts))
        for button, (_, _, images) in zip(buttons.all(), cells(counts), strict=True):
            button.click()
            assert page.locator("#behind .cards > li").count() == images
            page.locator("#behind button").click()


@pytest.mark.parametrize(
    ("chosen", "matches"),
    [
        ({}, lambda t, said: any(p != t for p in said)),
        ({"model": "1"}, lambda t, said: said[1] != t),
        ({"model": "0", "label": "2"}, lambda t, said: t == 2 and said[0] != 2),
        ({"predicted": "3"}, lambda t, said: t != 3 and 3 in said),
        ({"kind": "right", "model": "0"}, lambda t, said: said[0] == t),
        ({"kind": ""}, lambda t, said: True),
    ],
)
def test_the_photographs_filter_by_model_class_and_answer(page, chosen, matches):
    for name, value in chosen.items():
        page.locator(f"#filter [name={name}]").select_option(value)
    expected = [
        photograph.name
        for photograph in synthetic.gallery().photographs
        if matches(photograph.label, [predicted for predicted, _ in photograph.answers])
    ]
    visible = page.locator("#cards > li:not([hidden])")
    assert visible.count() == len(expected)
    assert page.locator("#found").inner_text() == f"{len(expected)} of {len(expected)} photographs"
    page.locator("#filter [type=reset]").click()
    page.wait_for_function("document.querySelectorAll('#cards > li:not([hidden])').length === 4")


def test_the_numbers_behind_a_figure_are_downloaded_without_a_request(page, tmp_path):
    with page.expect_download() as download:
        page.locator(f"{CONFUSION} a.csv").click()
    assert download.value.suggested_filename == "02_custom_cnn-figure-confusion.csv"
    download.value.save_as(tmp_path / "table.csv")
    with (tmp_path / "table.csv").open(encoding="utf-8", newline="") as file:
        heads, *rows = csv.reader(file)
    assert heads[:3] == ["true", "predicted", "images"]
    names = synthetic.CLASSES
    expected = [[names[t], names[p], str(n)] for t, p, n in cells(synthetic.CONFUSION)]
    assert [row[:3] for row in rows] == expected


@pytest.mark.parametrize("cell", ["=1+1", "@SUM(A1)", "-1+cmd|' /C calc'!A0", "+HYPERLINK(1)"])
def test_a_name_that_a_spreadsheet_would_run_is_made_text(cell):
    assert html._inert(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["-0.5", "+1.2e-05", "-1.8 (-3.6 to +0.1)", "Glass", "a=b", ""])
def test_numbers_and_other_names_stay_as_they_are(cell):
    assert html._inert(cell) == cell


def test_a_link_to_a_cell_opens_its_code(page):
    link = page.locator(f"{CURVES} .origin a").nth(1)
    code = page.locator(f"[id='{link.get_attribute('href')[1:]}']")
    assert not code.evaluate("code => code.open")
    link.click()
    page.wait_for_function("code => code.open", arg=code.element_handle())
    assert 0 <= code.bounding_box()["y"] < 900


def test_the_reader_chooses_dark_or_light_and_the_page_remembers(page):
    light = page.evaluate(BACKGROUND)
    page.locator("#theme").click()
    dark = page.evaluate(BACKGROUND)
    assert dark != light
    page.reload()
    assert page.evaluate(BACKGROUND) == dark
    page.locator("#theme").click()
    assert page.evaluate(BACKGROUND) == light


def test_the_page_can_be_read_without_javascript(synthetic_build, chromium):
    context = chromium.new_context(offline=True, java_script_enabled=False)
    page = context.new_page()
    page.goto((synthetic_build / "report.html").as_uri())
    gallery = synthetic.gallery()
    assert page.locator("#cards > li:visible").count() == len(gallery.photographs)
    assert page.locator("button:visible").count() == 0
    page.locator(f"{CONFUSION} .behind summary").click()
    assert page.locator(f"{CONFUSION} .behind table").is_visible()
    context.close()


def test_the_matrix_of_a_figure_is_known_by_all_its_cells():
    gallery = synthetic.gallery()
    names = gallery.classes
    rows = [[names[t], names[p], str(n)] for t, p, n in cells(gallery.confusions[1])]
    columns = ["true", "predicted", "images"]
    assert gallery.model_of(Data(columns, rows)) == 1
    assert gallery.model_of(Data(columns, rows[1:])) is None
    assert gallery.model_of(Data(["class", "images"], [["Glass", "5"]])) is None
    assert gallery.model_of(None) is None
    equals = replace(gallery, confusions=[gallery.confusions[1]] * 2)
    assert equals.model_of(Data(columns, rows)) is None


def _squeezed(text: str) -> str:
    return "".join(text.split())
