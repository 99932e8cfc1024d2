"""Figures of calibration, ranking, leak and folds show the numbers they were given."""

import re

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from tests.predicted import random_table, right_or_wrong
from wastelib import displays
from wastelib.displays import publish
from wastelib.evaluation.calibration import (
    accuracy_against_kept,
    at_temperature,
    expected_calibration_error,
    reliability,
)
from wastelib.evaluation.folds import summarise_folds
from wastelib.evaluation.leak import leak_scores, leak_table
from wastelib.evaluation.ranking import rank

NAMES = ["Glass", "$5_$x$", "_hidden", "<script>alert(1)</script>", "a\nb", "x" * 90]
TABLE = random_table(0, images=200, groups=60)


def models(count):
    draw = np.random.default_rng(0)
    names = [*NAMES, *(f"model {n}" for n in range(20))][:count]
    return {
        name: right_or_wrong(draw.random(120) < 0.5 + 0.4 * i / count)
        for i, name in enumerate(names)
    }


def leak(names=NAMES, seeds=5):
    draw = np.random.default_rng(1)
    scores = leak_scores(
        {
            name: {
                (method, seed): right_or_wrong(draw.random(80) < share)
                for seed in range(seeds)
                for method, share in (("random", 0.9), ("group", 0.6))
            }
            for name in names
        }
    )
    return scores, leak_table(scores)


def folds():
    fold = TABLE["group"] % 5
    return summarise_folds([TABLE[fold == number] for number in range(5)])


DISPLAYS = {
    "reliability": lambda: displays.ReliabilityDisplay.from_tables(
        {name: reliability(TABLE) for name in NAMES[:2]}
    ),
    "one-reliability": lambda: displays.ReliabilityDisplay.from_tables(
        {"x" * 90: reliability(TABLE.iloc[:1])}
    ),
    "abstention": lambda: displays.AbstentionDisplay.from_curves(
        dict.fromkeys(NAMES, accuracy_against_kept(TABLE))
    ),
    "ranking": lambda: displays.RankingDisplay.from_ranking(rank(models(6), samples=100)),
    "long-ranking": lambda: displays.RankingDisplay.from_ranking(rank(models(10), samples=50)),
    "one-pair": lambda: displays.RankingDisplay.from_ranking(rank(models(2), samples=50)),
    "leak": lambda: displays.LeakDisplay.from_leak(*leak()),
    "one-leak": lambda: displays.LeakDisplay.from_leak(*leak(["cnn"], 2), score="macro_f1"),
    "folds": lambda: displays.FoldsDisplay.from_summary(folds()),
}


def texts(figure):
    """Every visible text of a figure."""
    found = figure.findobj(matplotlib.text.Text)
    return [text.get_text() for text in found if text.get_text() and text.get_visible()]


def test_reliability_dots_are_the_table_and_say_the_calibration_error():
    tempered = at_temperature(TABLE, 2.0)
    display = displays.ReliabilityDisplay.from_tables(
        {"as trained": reliability(TABLE), "at temperature 2": reliability(tempered)}
    ).plot()
    for panel, predictions in zip(display.ax_, (TABLE, tempered), strict=True):
        table = reliability(predictions)
        dots = panel.collections[-1].get_offsets()
        assert np.asarray(dots) == pytest.approx(table[["confidence", "accuracy"]].to_numpy())
        error = expected_calibration_error(predictions)
        assert f"confidence (expected calibration error {error:.1%})" in texts(display.figure_)
        assert f"expected calibration error {error:.1%}" in display.alt


def test_abstention_curve_is_the_table():
    curve = accuracy_against_kept(TABLE)
    display = displays.AbstentionDisplay.from_curves({"cnn": curve}).plot()
    assert display.ax_.lines[0].get_ydata().tolist() == curve["accuracy"].tolist()
    assert f"right on {curve['accuracy'].iloc[-1]:.1%} of all images" in display.alt


def test_ranking_fills_the_markers_of_real_differences_only():
    ranking = rank(models(6), samples=200)
    display = displays.RankingDisplay.from_ranking(ranking).plot()
    markers = [line for line in display.ax_[0].lines if line.get_marker() == "o"]
    assert [m.get_markerfacecolor() != "white" for m in markers] == ranking.pairs["real"].tolist()
    assert [m.get_xdata()[0] for m in markers] == ranking.pairs["difference"].tolist()
    assert ranking.pairs["real"].any()
    assert not ranking.pairs["real"].all()
    assert "real in accuracy after correction: " in display.alt


def test_ranking_of_too_many_pairs_says_how_many_it_shows():
    display = DISPLAYS["long-ranking"]().plot()
    assert "points (95% interval)\nthe 40 largest of 45 differences" in texts(display.figure_)


def test_ranking_of_one_model_is_refused():
    with pytest.raises(ValueError, match="one model"):
        displays.RankingDisplay.from_ranking(rank(models(1)))


def test_leak_shows_the_mean_difference_and_its_interval():
    scores, table = leak(["cnn"])
    display = displays.LeakDisplay.from_leak(scores, table).plot()
    row = table[table["score"] == "accuracy"].iloc[0]
    interval, mean, _ = display.ax_[1].lines[-3:]  # the last is at no difference
    assert list(interval.get_xdata()) == [row["low"], row["high"]]
    assert mean.get_xdata()[0] == row["difference"]
    assert f"a difference of {100 * row['difference']:.1f} points" in display.alt
    assert "5 split seeds" in display.alt


def test_folds_end_with_all_of_them():
    summary = folds()
    display = displays.FoldsDisplay.from_summary(summary).plot()
    labels = [label.get_text() for label in display.ax_[0].get_yticklabels()]
    assert labels[-1] == "all folds (200)"
    assert len(labels) == 6
    assert f"{summary.pooled.accuracy:.1%}" in display.alt


@pytest.mark.parametrize("name", DISPLAYS)
def test_names_are_drawn_as_they_are_and_nothing_leaves_the_page(name, recwarn):
    display = DISPLAYS[name]().plot()
    with displays.style.our_style():
        display.figure_.draw_without_rendering()
        box = display.figure_.get_tightbbox().transformed(display.figure_.dpi_scale_trans)
        drawn = display.figure_.findobj(matplotlib.text.Text)
        assert not any(text.get_parse_math() for text in drawn)
    page = display.figure_.bbox.padded(1)
    assert page.x0 <= box.x0
    assert box.x1 <= page.x1
    assert page.y0 <= box.y0
    assert box.y1 <= page.y1
    assert not [str(warning.message) for warning in recwarn]


@pytest.mark.parametrize("name", DISPLAYS)
def test_every_display_plots_on_axes_it_is_given_and_has_a_sentence(name):
    display = DISPLAYS[name]()
    ax = display.panels(Figure(layout="constrained"))
    assert display.plot(ax) is display
    assert re.fullmatch(r"[^\n]+\.", display.alt)
    assert "nan" not in display.alt


@pytest.mark.parametrize("name", ["ranking", "leak", "abstention"])
def test_the_same_figure_gives_the_same_bytes(name, monkeypatch):
    outputs = []
    monkeypatch.setattr(publish, "publish_display_data", lambda *output: outputs.append(output))
    for display in (DISPLAYS[name](), DISPLAYS[name]()):
        displays.show(display, name=name, caption="c")
    assert outputs[0] == outputs[1]
