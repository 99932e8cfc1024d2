"""Figures and chapters leave no page white, on a stand-in for the typesetter."""

import pytest

from wastelib.report.fitting import AROUND, BOTTOM, LEAST_SCALE, TOP, Fit, fitted


def book(blocks):
    """A typesetter of one chapter: ("text", points) flows, ("figure", name, points) does not."""

    def look(fit: Fit) -> list[dict]:
        page, y, marks, waiting = 1, TOP, [], 0.0

        def turn():
            nonlocal page, y, waiting
            page, y, waiting = page + 1, TOP + waiting, 0.0

        tight = 1 - 0.04 * fit.tightness.get("chapter", 0)
        for kind, *name, points in blocks:
            if kind == "text":
                y += points * tight
                while y > BOTTOM:
                    over = y - BOTTOM
                    turn()
                    y += over
                continue
            height = points * tight * fit.scales.get(*name, 1)
            marks.append({"what": "before", "anchor": name[0], "page": page, "y": y})
            here = page
            if y + height + AROUND > BOTTOM:
                if name[0] in fit.floating:
                    waiting, here = height + AROUND, page + 1
                else:
                    turn()
                    here = page
            if not waiting:
                y += height + AROUND
            marks.append({"what": "figure", "anchor": name[0], "page": here, "height": height})
        return [*marks, {"what": "end", "anchor": "chapter", "first": 1, "page": page, "y": y}]

    return look


FULL = BOTTOM - TOP


def test_what_fits_is_left_alone():
    fit = fitted(book([("text", 300), ("figure", "a", 200), ("text", 50)]))
    assert fit == Fit()


def test_a_figure_that_nearly_fits_is_shrunk_to_the_page():
    look = book([("text", FULL - 300), ("figure", "a", 290), ("text", 400)])
    fit = fitted(look)
    assert LEAST_SCALE <= fit.scales["a"] < 1
    assert [mark["page"] for mark in look(fit)][:2] == [1, 1]


def test_one_that_does_not_floats_and_the_text_goes_on():
    fit = fitted(book([("text", FULL - 200), ("figure", "a", 400), ("text", 500)]))
    assert fit.floating == {"a"}
    assert fit.scales == {}


def test_none_floats_behind_one_that_has_not_come_yet():
    blocks = [("text", FULL - 250), ("figure", "a", 400), ("figure", "b", 500), ("text", 500)]
    assert fitted(book(blocks)).floating == {"a"}


def test_the_foot_of_a_page_may_stay_white_for_a_few_lines():
    fit = fitted(book([("text", FULL - 100), ("figure", "a", 400), ("text", 500)]))
    assert fit == Fit()


@pytest.mark.parametrize("over", [10, 60, 110])
def test_a_chapter_does_not_end_with_a_few_lines_on_a_page(over):
    look = book([("text", 2 * FULL + over)])
    assert look(fitted(look))[-1]["page"] == 2


def test_a_chapter_that_nothing_helps_stays_natural():
    def stubborn(fit):
        return [{"what": "end", "anchor": "chapter", "first": 1, "page": 2, "y": TOP + 10}]

    assert fitted(stubborn).tightness == {"chapter": 0}


def test_a_book_that_cannot_be_set_is_left_to_the_compiler():
    assert fitted(lambda fit: []) == Fit()
