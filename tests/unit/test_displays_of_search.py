"""Figures of a search and of a range test show the numbers they were given."""

import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from tests.sample_displays import draw_inside_the_page
from wastelib import displays
from wastelib.training.range_test import RangeTest

NAMES = ["learning_rate", "$5_$x$", "_hidden", "<script>alert(1)</script>", "a\nb", "x" * 90]
IMPORTANCES = pd.DataFrame(
    {
        "field": NAMES,
        "importance": [0.6, 0.2, 0.1, 0.05, 0.05, 0.0],
        "low": [0.4, 0.1, 0.05, 0.0, 0.0, 0.0],
        "high": [0.8, 0.5, 0.1, 0.1, 0.1, 0.0],
    }
)


def history(*losses):
    losses = pd.Series(losses, dtype=float)
    numbers = range(1, len(losses) + 1)
    best = losses.cummin().ffill()
    return pd.DataFrame({"number": numbers, "validation_loss": losses, "best_so_far": best})


def rising(*losses):
    rates = np.geomspace(1e-5, 1e1, len(losses))
    return RangeTest(pd.DataFrame({"learning_rate": rates, "loss": losses}))


FALLS_THEN_RISES = [2.2, 2.1, 2.0, 1.5, 1.2, 1.0, 1.4, 3.0, 1e20]
DISPLAYS = {
    "history": lambda: displays.SearchHistoryDisplay.from_table(history(2.0, 1.5, 1.8)),
    "off-scale": lambda: displays.SearchHistoryDisplay.from_table(history(None, 1.5, 1e30, 1.8)),
    "one-trial": lambda: displays.SearchHistoryDisplay.from_table(history(1.5)),
    "all-diverged": lambda: displays.SearchHistoryDisplay.from_table(history(None, None)),
    "long": lambda: displays.SearchHistoryDisplay.from_table(history(*np.linspace(2, 1, 200))),
    "importances": lambda: displays.ImportancesDisplay.from_table(IMPORTANCES),
    "one-field": lambda: displays.ImportancesDisplay.from_table(IMPORTANCES.tail(1)),
    "range-test": lambda: displays.RangeTestDisplay.from_test(rising(*FALLS_THEN_RISES)),
    "one-step": lambda: displays.RangeTestDisplay.from_test(rising(2.2)),
    "no-number": lambda: displays.RangeTestDisplay.from_test(rising(np.nan)),
    "overflow": lambda: displays.RangeTestDisplay.from_test(rising(2.2, 2.0, np.inf)),
}


def line(ax, label):
    (found,) = [line for line in ax.lines if line.get_label() == label]
    return found


def test_history_shows_each_trial_and_the_best_so_far():
    display = displays.SearchHistoryDisplay.from_table(history(2.0, 1.5, 1.8, 1.2)).plot()
    assert line(display.ax_, "trial").get_ydata().tolist() == [2.0, 1.5, 1.8, 1.2]
    assert line(display.ax_, "best so far").get_ydata().tolist() == [2.0, 1.5, 1.5, 1.2]
    assert "the lowest is that of trial 4, and 0 diverged" in display.alt


def test_trials_that_diverged_or_are_off_the_scale_stand_at_the_top():
    display = DISPLAYS["off-scale"]().plot()
    ax = display.ax_
    assert line(ax, "trial").get_xdata().tolist() == [2, 4]
    marks = line(ax, "diverged, or off this scale")
    assert marks.get_xdata().tolist() == [1, 3]
    assert ax.get_ylim()[1] < 3
    assert max(marks.get_ydata()) <= ax.get_ylim()[1]
    assert "1 diverged" in display.alt
    assert "none of them finite" in DISPLAYS["all-diverged"]().alt


def test_importances_are_bars_with_their_ranges():
    ax = DISPLAYS["importances"]().plot().ax_
    assert [bar.get_width() for bar in ax.patches] == IMPORTANCES["importance"].tolist()
    (ranges,) = ax.collections
    ends = [path.vertices[:, 0].tolist() for path in ranges.get_paths()]
    assert ends == IMPORTANCES[["low", "high"]].to_numpy().tolist()
    assert ax.get_yticklabels()[0].get_text() == "learning rate"


def test_range_test_marks_the_suggestion():
    test = rising(*FALLS_THEN_RISES)
    display = displays.RangeTestDisplay.from_test(test).plot()
    marked = line(display.ax_, f"suggested: {test.suggestion:.2g}")
    assert marked.get_xdata()[0] == test.suggestion
    assert line(display.ax_, "one batch").get_ydata().tolist()[:8] == FALLS_THEN_RISES[:8]
    assert display.ax_.get_ylim()[1] < 5  # what diverged does not flatten the rest
    assert f"the rate suggested is {test.suggestion:.2g}." in display.alt


@pytest.mark.parametrize("name", DISPLAYS)
def test_names_are_drawn_as_they_are_and_nothing_leaves_the_page(name, recwarn):
    draw_inside_the_page(DISPLAYS[name]().plot())
    assert not [str(warning.message) for warning in recwarn]


@pytest.mark.parametrize("name", DISPLAYS)
def test_every_display_plots_on_axes_it_is_given_and_has_a_sentence(name):
    display = DISPLAYS[name]()
    ax = display.panels(Figure(layout="constrained"))
    assert display.plot(ax) is display
    assert re.fullmatch(r"[^\n]+\.", display.alt)
    assert "nan" not in display.alt
