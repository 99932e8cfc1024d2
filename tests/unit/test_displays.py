"""Figures show the numbers they were given, whatever the names, and stay on their page."""

import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from tests.sample_displays import (
    AGREEMENT,
    DISPLAYS,
    LAYERS,
    MODELS,
    NAMES,
    RATES,
    answers,
    assigned,
    catalogue,
    compared,
    curve,
    draw_inside_the_page,
    evaluation,
    heat,
    history,
    photograph,
    seed_curves,
    texts,
)
from wastelib import displays
from wastelib.displays.style import Display, shortened, spread

# ---- what is drawn ----------------------------------------------------------------------


def test_class_counts_are_the_bars_largest_first():
    display = displays.ClassCountsDisplay.from_catalogue(catalogue({"b": 3, "a": 6, "c": 1}))
    ax = display.plot().ax_
    assert [bar.get_width() for bar in ax.patches] == [6, 3, 1]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b", "c"]
    assert {"6  (60.0%)", "3  (30.0%)", "1  (10.0%)"} <= set(texts(ax.figure))
    assert "a has most (6), c fewest (1)" in display.alt


def test_many_classes_are_counted_to_the_last():
    display = displays.ClassCountsDisplay.from_catalogue(
        catalogue({f"class {number}": number for number in range(1, 101)})
    )
    ax = display.plot().ax_
    shown = sum(bar.get_width() for bar in ax.patches)
    assert len(ax.patches) == 40
    assert ax.get_xlabel() == f"images; 60 smaller classes have {5050 - shown:,.0f} more"


def test_split_shows_counts_and_torn_groups():
    table = catalogue({"a": 40, "b": 20}, per_group=2)
    torn = assigned(table, ("train", "validation"))
    whole = assigned(table, ("train", "train", "test", "test"))
    display = displays.SplitDisplay.from_splits({"random": torn, "group": whole}).plot()
    assert display.torn_groups == {"random": 30, "group": 0}
    assert "30 of 30 groups\non more than one side" in texts(display.figure_)
    assert {"20", "10"} <= set(texts(display.figure_))
    assert "by group gives 30 train, 30 test, with 0 of 30 groups" in display.alt


def test_sample_sheet_shows_one_photograph_per_group():
    seen = []

    def reader(path):
        seen.append(path.as_posix())
        return photograph(path)

    table = catalogue({"a": 12, "b": 4}, per_group=4)
    display = displays.SampleSheetDisplay.from_dataset(table, "root", 6, seed=1, reader=reader)
    assert [len(photographs) for _, photographs in display.rows] == [3, 1]
    assert len(seen) == 4
    assert all(path.startswith(("root/a/", "root/b/")) for path in seen)
    again = displays.SampleSheetDisplay.from_dataset(table, "root", 6, seed=1, reader=reader)
    assert seen[:4] == seen[4:]
    assert again.plot().ax_.images[0].get_array().shape[2] == 3


def test_photographs_keep_their_proportions():
    display = displays.SampleSheetDisplay.from_dataset(catalogue({"a": 1}), "", reader=photograph)
    height, width = display.rows[0][1][0].shape[:2]
    assert (height, width) == (144, 192)


def test_sheet_of_too_many_classes_says_which_it_shows():
    table = catalogue({f"class {n:03}": 1 + n % 7 for n in range(100)})
    display = displays.SampleSheetDisplay.from_dataset(table, "", reader=photograph).plot()
    assert len(display.rows) == 10
    assert display.ax_.get_xlabel() == "the 10 largest of 100 classes"


def test_group_sheet_shows_re_shots_only():
    table = pd.concat([catalogue({"a": 3}, per_group=1), catalogue({"b": 6}, per_group=3)])
    display = displays.GroupSheetDisplay.from_dataset(table, "", reader=photograph)
    assert [label for label, _ in display.rows] == ["b\n(3 shots)", "b\n(3 shots)"]
    with pytest.raises(ValueError, match="more than one photograph"):
        displays.GroupSheetDisplay.from_dataset(catalogue({"a": 3}, 1), "", reader=photograph)


def test_a_photograph_stands_beside_its_answer_its_label_and_their_probabilities():
    table = answers(["a", "b", "c", "d"]).head(1).assign(p_a=0.02, p_b=0.9, p_c=0.05, p_d=0.03)
    display = displays.AnswerSheetDisplay.from_answers(table, "root", photograph).plot()
    assert texts(display.figure_)[:7] == [
        *("0 & a.jpg", "answer: b", "90.0%", "c", "5.0%"),
        *("label: a", "2.0%"),  # the label is named, though another class is likelier
    ]
    bars = [bar.get_width() for bar in display.ax_.patches]
    assert bars[1::2] == pytest.approx([0.9 * bars[0], 0.05 * bars[0], 0.02 * bars[0]])
    assert len(display.ax_.images) == 1
    assert display.alt == "1 photograph with probabilities: a taken for b (90%)."


def test_a_sheet_of_answers_ends_with_the_page():
    display = displays.AnswerSheetDisplay.from_answers(answers(NAMES * 5), "", photograph)
    assert len(display.photographs) == len(display.answers) == 12


def test_heat_is_laid_over_the_photograph_where_it_is_hot():
    display = displays.HeatSheetDisplay.from_answers(
        answers(["a", "b"]), "", heat(2), np.zeros((2, 4, 4)), photograph
    ).plot()
    _, (plain, hot, cold) = display.rows[0]
    assert plain.shape == hot.shape == (144, 192, 3)
    assert hot[0, 0].tolist() != plain[0, 0].tolist()
    assert (hot[-1] == plain[-1]).all()
    assert (cold == plain).all()  # the photograph is grey
    assert {"photograph", "for the answer", "for the label"} <= set(texts(display.figure_))
    small = displays.HeatSheetDisplay.from_answers(
        answers(["a", "b"]), "", heat(2), heat(2), lambda path: np.zeros((30, 20, 3), np.uint8)
    )
    assert small.rows[0][1][0].shape == small.rows[0][1][1].shape == (192, 128, 3)
    assert "answer b 50.0% label a 50.0%; answer a 50.0% label b 50.0%" in display.alt


def test_likeness_is_the_mean_over_pairs_of_one_class_above_chance():
    """The first of a class has none before it, whatever its row says."""
    likenesses = np.array([[9, 9], [0.75, 9], [0.5, 0.5], [9, 9], [0.25, 9]], np.float32)
    chance = pd.Series({"b": 0.25, "a": 0.5})
    display = displays.LikenessDisplay.from_likenesses(pd.Series(list("aaabb")), likenesses, chance)
    expected = pd.DataFrame({1: [0.125, 0], 2: [0, np.nan]}, index=["a", "b"])
    pd.testing.assert_frame_equal(display.gain, expected, check_dtype=False)
    assert "neighbours are more alike by 0.00 (b) to 0.12 (a)" in display.alt
    assert texts(display.plot().figure_)[-3:] == ["a", "b", "at random"]


def test_no_pair_of_one_class_is_said():
    nothing = pd.Series(dtype=float)
    labels = pd.Series(["a", "b"])
    display = displays.LikenessDisplay.from_likenesses(labels, np.ones((2, 3)), nothing)
    assert "no class has two photographs" in display.plot().alt


def test_likeness_of_many_classes_says_which_it_shows():
    labels = pd.Series([f"class {n % 30}" for n in range(90)])
    chance = pd.Series(0.3, index=labels.unique())
    display = displays.LikenessDisplay.from_likenesses(labels, np.ones((90, 3)), chance).plot()
    assert len(display.ax_.lines) == 11
    assert display.ax_.get_xlabel().endswith("the 10 largest of 30 classes")


def test_agreement_is_said_at_the_chosen_threshold():
    display = displays.AgreementDisplay(AGREEMENT, 0.61).plot()
    assert "near the chosen 0.61 precision is 80.0% and recall 90.0%" in display.alt
    assert {"precision", "recall", "chosen"} <= set(texts(display.figure_))


def test_curves_are_the_history_and_mark_the_best_epoch():
    display = displays.LearningCurvesDisplay.from_histories({"run": history()}).plot()
    accuracy, loss = display.ax_
    assert accuracy.lines[0].get_ydata().tolist() == pytest.approx([0.2, 0.5, 0.8])
    assert accuracy.lines[1].get_ydata().tolist() == [0.3, 0.6, 0.5]
    assert loss.lines[1].get_ydata().tolist() == [1.9, 1.4, 1.5]
    assert accuracy.lines[2].get_xydata().tolist() == [[2, 0.6]]
    assert "best epoch 2 of 3 with validation accuracy 60.0% and loss 1.40" in display.alt
    by_loss = displays.LearningCurvesDisplay.from_histories(
        {"run": history(val_loss=(1.9, 1.8, 1.7))}, monitor="val_loss"
    )
    assert by_loss.best == {"run": 2}


def test_a_band_goes_from_the_lowest_to_the_highest_seed():
    display = seed_curves()
    assert display.histories["one"]["val_accuracy"].tolist() == pytest.approx([0.25, 0.55, 0.5])
    assert display.lowest["val_accuracy"].tolist() == [0.2, 0.5, 0.5]
    assert display.highest["val_accuracy"].tolist() == [0.3, 0.6, 0.5]
    assert "2 seeds" in display.alt
    assert "from 50.0% to 60.0%" in display.alt
    accuracy, _ = display.plot().ax_
    band = accuracy.collections[1].get_paths()[0].get_extents()
    assert (band.ymin, band.ymax) == pytest.approx((0.2, 0.6))


def test_diverged_runs_are_said_and_do_not_flatten_the_others():
    nan, inf = float("nan"), float("inf")
    runs = {
        "good": history(),
        "huge": history(val_loss=(5e4, 3e300, 40.0)),
        "broken": history(loss=(2.2, nan, nan), val_loss=(2.3, inf, nan)),
        "dead": history(loss=(nan,) * 3, val_loss=(nan,) * 3, val_accuracy=(nan,) * 3),
    }
    display = displays.LearningCurvesDisplay.from_histories(runs).plot()
    loss = display.ax_[1]
    assert loss.get_ylim()[1] < 3
    assert "huge: up to 3e+300, off this scale" in loss.get_xlabel()
    assert "broken: not finite from epoch 2" in loss.get_xlabel()
    assert "dead: no finite validation result" in display.alt
    assert "good" not in loss.get_xlabel()


def test_rates_mark_the_choice_and_what_diverged():
    display = displays.RateChoiceDisplay.from_rates(RATES).plot()
    found = texts(display.figure_)
    assert "chosen: Adam, 0.001 (56.0%)" in found
    assert found.count("diverged") == 1
    assert "SGD, momentum 0.9" in found
    assert "Adam at 0.001 with 56.0%" in display.alt


def test_confusion_cells_are_the_counts_and_shares():
    counts = np.array([[8, 2], [0, 10]])
    display = displays.ConfusionDisplay(counts, ("a", "b")).plot()
    cells = [text.get_text() for text in display.ax_.texts]
    assert cells == ["8\n80%", "2\n20%", "", "10\n100%"]
    assert [label.get_text() for label in display.ax_.get_yticklabels()] == ["a (10)", "b (10)"]
    assert "a taken for b (2)" in display.alt


def test_confusion_of_many_classes_loses_no_image():
    counts = np.random.default_rng(0).integers(0, 9, size=(100, 100))
    display = displays.ConfusionDisplay(counts, tuple(f"class {n}" for n in range(100)))
    shown, names = display._shown()
    assert shown.sum() == counts.sum()
    assert np.trace(shown[:-1, :-1]) == sum(
        counts[i, i] for i in range(100) if f"class {i}" in names
    )
    assert names[-1] == "71 other classes"


def test_confusion_of_many_classes_shows_those_that_are_most_confused():
    counts = 50 * np.eye(100, dtype=int)
    counts[7, 93], counts[40, 41] = 9, 5
    _, names = displays.ConfusionDisplay(counts, tuple(f"class {n}" for n in range(100)))._shown()
    assert {"class 7", "class 93", "class 40", "class 41"} <= set(names)


def test_perfect_and_empty_confusions_are_drawn():
    for counts in (np.diag([3, 4]), np.array([[0, 0], [1, 3]])):
        displays.ConfusionDisplay(counts, ("a", "b")).plot()
    assert "mistake" not in displays.ConfusionDisplay(np.diag([3, 4]), ("a", "b")).alt


def test_per_class_dots_are_the_f1():
    found = evaluation(["a", "b", "c"])
    display = displays.PerClassDisplay.from_evaluations({"model": found}).plot()
    order = found.per_class["f1"].sort_values(ascending=False, kind="stable")
    assert display.ax_.lines[0].get_xdata().tolist() == order.tolist()
    labels = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert labels == [f"{name} (5)" for name in order.index]


def test_cost_draws_every_model_in_every_panel():
    display = displays.CostDisplay.from_models(MODELS).plot()
    assert [ax.get_xlabel() for ax in display.ax_] == ["parameters", "training (seconds)"]
    points = [line.get_xydata()[0].tolist() for line in display.ax_[1].lines[:9:3]]
    assert points == [[300, 0.62], [900, 0.861], [500, 0.862]]
    assert {"Custom CNN", "VGG16", "$x_1$"} <= set(texts(display.figure_))
    assert "$x_1$ is most accurate (86.2%)" in display.alt


def test_arms_are_drawn_with_their_intervals_and_filled_where_beyond_chance():
    table = compared(["none", "flips", "mixup"], real=["mixup"])
    display = displays.ArmsDisplay.from_arms(table).plot()
    values, differences = display.ax_
    assert [label.get_text() for label in values.get_yticklabels()] == ["none", "flips", "mixup"]
    assert values.lines[4].get_xdata().tolist() == pytest.approx([0.64, 0.73])
    faces = [line.get_markerfacecolor() for line in differences.lines if line.get_marker() == "o"]
    assert faces[0] == "white"
    assert faces[1] != "white"
    assert {"+10.0", "+20.0"} <= set(texts(display.figure_))
    assert "mixup 70.0% (+20.0, +14.0 to +23.0)" in display.alt


def test_the_data_curve_marks_its_crossing_or_says_that_there_is_none():
    display = displays.DataCurveDisplay.from_curve(curve()).plot()
    assert "crossing: 2,500 (bar: 95% interval)" in texts(display.figure_)
    assert "as fitted, they cross at 2,500" in display.alt
    assert display.ax_.get_xlim()[1] == 20_000
    none = displays.DataCurveDisplay.from_curve(curve(np.inf, np.inf)).plot()
    assert "no lasting crossing in this range" in texts(none.figure_)
    assert "they do not cross for good below 20,000" in none.alt


def test_architecture_has_a_box_per_layer_with_its_parameters():
    display = displays.ArchitectureDisplay.from_layers(LAYERS).plot()
    assert [box.title for box in display.boxes] == ["Conv2D", "MaxPooling2D", "Flatten", "Dense"]
    assert {"896", "294,921", "64×64\n×32", "Max\nPooling2D"} <= set(texts(display.figure_))  # noqa: RUF001
    assert len(display.ax_.patches) == 3 * 4
    assert "4 layers and 295,817 parameters" in display.alt


def test_deep_networks_are_drawn_in_stages_that_add_up():
    deep = [
        {"name": f"c{n}", "type": kind, "output_shape": (side, side, 8 * n), "parameters": n}
        for n, (kind, side) in enumerate(
            [("Rescaling", 96)]
            + [("ZeroPadding2D", 97)]
            + [("Conv2D", 48)] * 30
            + [("ZeroPadding2D", 49)]
            + [("Conv2D", 24), ("Conv2D", 48), ("Concatenate", 24)] * 20,
            start=1,
        )
    ]
    display = displays.ArchitectureDisplay.from_layers(deep + LAYERS[2:])
    titles = [box.title for box in display.boxes]
    assert titles == ["2 layers", "31 layers", "60 layers", "Flatten", "Dense"]
    assert [box.shape[0] for box in display.boxes[:3]] == [96, 48, 24]
    assert display.parameters == sum(row["parameters"] for row in deep + LAYERS[2:])


# ---- any name, any number of classes ---------------------------------------------------


@pytest.mark.parametrize("name", DISPLAYS)
def test_names_are_drawn_as_they_are_and_nothing_leaves_the_page(name, recwarn):
    """Dollar signs are no formula, a leading underscore hides nothing, and all is inside."""
    draw_inside_the_page(DISPLAYS[name]().plot())
    assert not [str(warning.message) for warning in recwarn]


@pytest.mark.parametrize("name", ["runs", "scores", "likeness"])
def test_series_with_a_leading_underscore_are_in_the_legend(name):
    assert "_hidden" in texts(DISPLAYS[name]().plot().figure_)


@pytest.mark.parametrize("name", DISPLAYS)
def test_every_display_plots_on_axes_it_is_given(name):
    display = DISPLAYS[name]()
    ax = display.panels(Figure(layout="constrained"))
    assert display.plot(ax) is display
    assert display.ax_ is ax
    assert re.fullmatch(r"[^\n]+\.", display.alt)
    assert "nan" not in display.alt


@given(st.text(max_size=60), st.integers(12, 40))
def test_shortened_names_fit_and_stay_on_one_line(name, width):
    short = shortened(name, width)
    assert 0 < len(short) <= max(width, len("(no name)"))
    assert len(short.splitlines()) == 1


@given(st.lists(st.floats(0, 10), min_size=1, max_size=12))
def test_labels_are_moved_apart_and_keep_their_order(wanted):
    middles = spread(np.array(wanted), np.full(len(wanted), 0.5), 0, 10)
    assert (np.diff(np.sort(middles)) > 0.5 - 1e-9).all()
    assert (middles[np.argsort(wanted, kind="stable")] == np.sort(middles)).all()
    assert middles.min() >= 0.25 - 1e-9
    assert middles.max() <= 9.75 + 1e-9


# ---- what importing does -----------------------------------------------------------------


def test_importing_displays_does_nothing_but_define_them():
    code = """
import matplotlib, sys
before = matplotlib.rcParams.copy()
import wastelib.displays
assert matplotlib.rcParams.copy() == before
assert "matplotlib.pyplot" not in sys.modules
assert matplotlib.get_backend(auto_select=False) is None
for heavy in ("tensorflow", "keras", "sklearn", "seaborn"):
    assert heavy not in sys.modules, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": "."})


def test_a_display_says_what_it_lacks():
    with pytest.raises(NotImplementedError):
        Display().draw(None)
