"""Figures of calibration, ranking, leak and folds show the numbers they were given."""

import numpy as np
import pytest

from tests.sample_displays import (
    DISPLAYS,
    PREDICTIONS,
    folds,
    ladder,
    leak,
    models,
    steps,
    texts,
)
from wastelib import displays
from wastelib.evaluation.calibration import (
    accuracy_against_kept,
    at_temperature,
    expected_calibration_error,
    reliability,
)
from wastelib.evaluation.ranking import rank


def test_reliability_dots_are_the_table_and_say_the_calibration_error():
    tempered = at_temperature(PREDICTIONS, 2.0)
    display = displays.ReliabilityDisplay.from_tables(
        {"as trained": reliability(PREDICTIONS), "at temperature 2": reliability(tempered)}
    ).plot()
    for panel, predictions in zip(display.ax_, (PREDICTIONS, tempered), strict=True):
        table = reliability(predictions)
        dots = panel.collections[-1].get_offsets()
        assert np.asarray(dots) == pytest.approx(table[["confidence", "accuracy"]].to_numpy())
        error = expected_calibration_error(predictions)
        assert f"confidence (expected calibration error {error:.1%})" in texts(display.figure_)
        assert f"expected calibration error {error:.1%}" in display.alt


def test_abstention_curve_is_the_table():
    curve = accuracy_against_kept(PREDICTIONS)
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


def test_a_ladder_shows_both_kinds_of_split_on_one_scale():
    table = ladder()
    display = displays.LadderDisplay.from_table(table).plot()
    for panel, side in zip(display.ax_, ("group", "random"), strict=True):
        dots = [bars.lines[0] for bars in panel.containers]
        assert [dot.get_ydata()[0] for dot in dots] == table[side].tolist()
        assert [dot.get_xdata()[0] for dot in dots] == table["parameters"].tolist()
    low, high = display.ax_[0].get_ylim()
    assert (low, high) == display.ax_[1].get_ylim()
    assert low < table["group_low"].min()
    assert "60.0% and 66.0%" in display.alt
    assert "5 split seeds" in display.alt


def test_models_of_one_size_do_not_hide_each_other():
    display = displays.LadderDisplay.from_table(ladder().assign(parameters=1000)).plot()
    places = [bars.lines[0].get_xdata()[0] for bars in display.ax_[0].containers]
    assert len(set(places)) == len(places)
    assert np.exp(np.log(places).mean()) == pytest.approx(1000)


def test_steps_fill_the_markers_of_those_that_are_no_chance():
    table = steps()
    display = displays.StepsDisplay.from_steps(table).plot()
    marks = [line for line in display.ax_.lines if line.get_marker() in ("o", "s")]
    assert [mark.get_xdata()[0] for mark in marks] == table["difference"].tolist()
    assert [mark.get_markerfacecolor() != "white" for mark in marks] == table["real"].tolist()
    assert 0 < table["real"].sum() < len(table)
    assert "Glass on grouped splits +0.0 points (-6.0 to +6.0)" in display.alt
