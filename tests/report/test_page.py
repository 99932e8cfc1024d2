"""The built page, opened in a real browser with the network off."""

from types import SimpleNamespace

import pypdf
import pytest

from wastelib.report import numbers

WIDTHS = {"phone": 360, "desk": 1400}


@pytest.fixture(scope="module", params=WIDTHS)
def opened(request, build, chromium):
    """The page in a window, with everything that it did while it was opened."""
    did = SimpleNamespace(requests=[], errors=[], dialogs=[])
    size = {"width": WIDTHS[request.param], "height": 800}
    context = chromium.new_context(offline=True, viewport=size)
    page = context.new_page()
    page.on("request", lambda request: did.requests.append(request.url))
    page.on("console", lambda message: did.errors.append(message.text))
    page.on("pageerror", lambda error: did.errors.append(str(error)))
    page.on("dialog", lambda dialog: (did.dialogs.append(dialog.message), dialog.dismiss()))
    page.goto((build / "report.html").as_uri())
    for code in page.locator("details.code, details.error").all():
        code.evaluate("details => { details.open = true; }")
    yield page, did
    context.close()


def test_the_page_asks_for_nothing_and_runs_nothing_but_its_own_script(opened):
    page, did = opened
    others = [url for url in did.requests if not url.startswith(("file:", "data:"))]
    assert (others, did.errors, did.dialogs) == ([], [], [])
    assert page.locator("script").count() == 1


def test_every_figure_is_there_with_its_number_caption_and_alternative_text(opened, published):
    page, _ = opened
    figures = [about for about in published if about["kind"] == "figure"]
    texts = page.locator("figure.picture figcaption").all_inner_texts()
    for about in figures:
        assert any(_squeezed(about["caption"]) in _squeezed(text) for text in texts)
        shown = page.locator("figure.picture img").evaluate_all(
            "(images, alt) => images.some(image => image.alt === alt)", about["alt"]
        )
        assert shown, about["name"]
    assert all(text.startswith("Figure ") for text in texts)
    images = page.locator(".picture img").evaluate_all(
        "images => images.map(image => [image.alt, image.naturalWidth, image.clientWidth])"
    )
    assert len(images) >= len(figures)
    assert all(alt and natural > 0 and drawn > 0 for alt, natural, drawn in images)


def test_every_figure_has_the_numbers_behind_it_and_a_link_to_its_cell(opened, published):
    page, _ = opened
    shown = page.locator("figure.picture").evaluate_all(
        """figures => figures.map(figure => ({
            alt: figure.querySelector("img").alt,
            rows: [...figure.querySelectorAll(".behind tbody tr")].map(
                row => [...row.cells].map(cell => cell.textContent)),
            origin: figure.querySelector(".origin > span").textContent,
            code: figure.querySelector(".origin > span > a").hash,
        }))"""
    )
    by_alt = {figure["alt"]: figure for figure in shown}
    for about in published:
        if about["kind"] == "figure" and "data" in about:
            assert by_alt[about["alt"]]["rows"] == about["data"]["rows"], about["name"]
    assert all("commit" in figure["origin"] and figure["code"] for figure in shown)


def test_the_page_is_no_heavier_than_fifteen_megabytes(build):
    assert (build / "report.html").stat().st_size <= 15e6


def test_every_table_is_there_with_rows_and_caption(opened, published):
    page, _ = opened
    tables = page.locator("figure.table").evaluate_all(
        """tables => tables.map(table => ({
            caption: table.querySelector("figcaption").innerText,
            named: table.querySelector("table").getAttribute("aria-labelledby")
                === table.querySelector("figcaption").id,
            rows: [...table.querySelectorAll("tbody tr")].map(
                row => [...row.cells].map(cell => cell.textContent)),
        }))"""
    )
    assert all(table["caption"] and table["named"] and table["rows"] for table in tables)
    shown = [table["rows"] for table in tables]
    for about in published:
        if about["kind"] == "table":
            assert about["rows"] in shown, about["name"]


def test_the_headline_table_holds_the_results(opened, results):
    page, _ = opened
    headline = page.locator("#headline").inner_text()
    for model in results.models:
        assert _squeezed(model.name) in _squeezed(headline)
        assert f"{model.test_accuracy:.1%}" in headline
        assert numbers.count(model.parameters) in headline


def test_every_link_inside_leads_somewhere(opened):
    page, _ = opened
    dangling = page.evaluate(
        """() => [...document.querySelectorAll('a[href^="#"]')].map(link => link.hash.slice(1))
            .filter(id => document.getElementById(decodeURIComponent(id)) === null)"""
    )
    assert dangling == []
    twice = page.evaluate(
        """() => [...document.querySelectorAll("[id]")].map(element => element.id)
            .filter((id, index, all) => all.indexOf(id) !== index)"""
    )
    assert twice == []


def test_the_contents_lead_to_every_chapter(opened, titles):
    page, _ = opened
    page.locator("#contents").evaluate("contents => { contents.open = true; }")
    shown = page.locator("nav").inner_text()
    for title in [*titles, "Reproducibility"]:
        assert title in shown
        page.locator("#contents > ol > li > a", has_text=title).first.click()
        heading = page.locator("h2", has_text=title).first
        assert 0 <= heading.bounding_box()["y"] < 300
        page.locator("#contents").evaluate("contents => { contents.open = true; }")


def test_nothing_makes_the_page_scroll_sideways(opened):
    page, _ = opened
    wide = page.evaluate(
        """() => [...document.querySelectorAll("body *")]
            .filter(element => !element.closest(".scroll, pre, .highlight, math, .skip"))
            .filter(element => element.getBoundingClientRect().right > innerWidth + 1)
            .map(element => element.outerHTML.slice(0, 80))"""
    )
    assert wide == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_every_screenful_names_the_data(opened, results):
    page, _ = opened
    height = page.evaluate("document.documentElement.scrollHeight")
    name = "Demo data" if results.dataset.kind == "demo" else results.dataset.name[:50]
    for top in range(0, height, 800):
        page.evaluate("top => scrollTo(0, top)", top)
        text = page.evaluate("document.elementFromPoint(innerWidth / 2, 12).innerText")
        assert name in text


def test_the_contents_follow_the_reader(opened):
    page, _ = opened
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_selector("nav a[href='#top'][aria-current]", state="attached")
    last = page.locator("#contents > ol > li > a").last.get_attribute("href")
    page.locator(last).evaluate("heading => heading.scrollIntoView()")
    page.wait_for_selector(f"nav li:has(a[aria-current]) > a[href='{last}']", state="attached")


def test_a_keyboard_reaches_the_content_first_and_opens_code(build, chromium):
    page = chromium.new_page(offline=True, viewport={"width": 360, "height": 800})
    page.goto((build / "report.html").as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.hash") == "#content"
    assert not page.locator("#contents").evaluate("contents => contents.open")
    page.locator("#contents summary").press("Enter")
    assert page.locator("#contents").evaluate("contents => contents.open")
    page.keyboard.press("Escape")
    assert not page.locator("#contents").evaluate("contents => contents.open")
    code = page.locator("details.code").first
    code.locator("summary").press("Enter")
    assert code.evaluate("details => details.open")
    page.close()


def test_every_printed_page_names_the_data(build, results, chromium, tmp_path):
    page = chromium.new_page(offline=True, color_scheme="dark")
    page.goto((build / "report.html").as_uri())
    page.pdf(path=tmp_path / "printed.pdf", format="A4", prefer_css_page_size=True)
    page.close()
    name = "Demo data" if results.dataset.kind == "demo" else results.dataset.name[:50]
    texts = [sheet.extract_text() for sheet in pypdf.PdfReader(tmp_path / "printed.pdf").pages]
    assert [text for text in texts if name not in text] == []


def _squeezed(text: str) -> str:
    return "".join(text.split())
