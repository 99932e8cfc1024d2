"""The page on which a photograph is dropped, in a real browser."""

import base64
import re

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from tests.served import running


def picture(brightness: int) -> bytes:
    return cv2.imencode(".jpg", np.full((60, 90, 3), brightness, np.uint8))[1].tobytes()


@pytest.fixture(scope="module")
def demo(chromium):
    """The open page; `asked` are the addresses of all its requests, `said` its messages."""
    with running() as server:
        page = chromium.new_page()
        page.asked, page.said = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.goto(server.address)
        expect(page.locator("#model")).to_contain_text("stand-in")
        yield page
        own = (server.address, "data:", "blob:")
        assert [url for url in page.asked if not url.startswith(own)] == []
        page.close()


def answered(page):
    # Not wait_for_function, which evaluates text in the page: the page's own policy forbids that.
    expect(page.locator("#status")).not_to_have_text(re.compile("^Looking"))


def choose(page, content: bytes, name: str = "photo.jpg"):
    files = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    page.locator("#file").set_input_files(files)
    answered(page)


def drop(page, content: bytes, name: str = "photo.jpg"):
    page.evaluate(
        """([content, name]) => {
            const bytes = Uint8Array.from(atob(content), letter => letter.charCodeAt(0));
            const carried = new DataTransfer();
            carried.items.add(new File([bytes], name));
            const event = new DragEvent("drop", {dataTransfer: carried, bubbles: true,
                cancelable: true});
            document.getElementById("drop").dispatchEvent(event);
        }""",
        [base64.b64encode(content).decode(), name],
    )
    answered(page)


@pytest.mark.parametrize("send", [choose, drop])
def test_a_photograph_is_answered(demo, send):
    send(demo, picture(250))
    assert demo.locator("#answer").inner_text() == "Glass"
    assert demo.locator("#shares tr").count() == 2
    for name in ("photograph", "heat"):
        shown = demo.locator(f"#{name}")
        assert shown.evaluate("image => image.complete && image.naturalWidth") == 90
        assert shown.get_attribute("alt")
    assert demo.evaluate("document.activeElement.id") == "answer"


def test_names_of_classes_are_shown_as_they_are(demo):
    choose(demo, picture(5))
    assert demo.locator("#answer").inner_text() == "<b>Metal</b> & co"
    assert demo.locator("main b, main i").count() == 0
    assert "<i>tests</i>" in demo.locator("#data").inner_text()


def test_what_it_does_not_know_it_says(demo):
    choose(demo, picture(150))
    assert demo.locator("#answer").inner_text() == "I don\N{RIGHT SINGLE QUOTATION MARK}t know"
    assert "Glass" in demo.locator("#why").inner_text()


@pytest.mark.parametrize("content", [b"", b"just words", picture(9)[:300]])
def test_no_photograph_no_answer_but_a_message(demo, content):
    choose(demo, picture(250))
    drop(demo, content, "<img src=x>.txt")
    assert "no photograph" in demo.locator("#status").inner_text()
    assert not demo.locator("#result").is_visible()
    choose(demo, picture(250))
    assert demo.locator("#result").is_visible()


@pytest.mark.parametrize("width", [320, 1280])
def test_it_fits_every_screen(demo, width):
    demo.set_viewport_size({"width": width, "height": 800})
    choose(demo, picture(250))
    assert demo.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_browser_has_nothing_to_complain_of_but_the_refusals(demo):
    choose(demo, picture(250))
    assert [words for words in demo.said if "422" not in words] == []
