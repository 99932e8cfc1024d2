"""Figures of exported files and of another dataset show the numbers they were given."""

import re

import numpy as np
import pandas as pd
import pytest

from tests.sample_displays import NAMES, texts
from wastelib import displays
from wastelib.displays.style import GREY
from wastelib.evaluation.exports import on_front

FORMATS = ("litert-float32", "litert-int8")


def files(names=NAMES, formats=FORMATS):
    rows = [
        {
            "name": name,
            "kind": "pretrained" if number % 2 else "custom",
            "format": form,
            "size_bytes": (number + 1) * (1000 if "int8" in form else 4000),
            "one_core_milliseconds": (number + 1) * (1 if "int8" in form else 2),
            "accuracy": 0.5 + 0.05 * number,
            "accuracy_low": 0.45 + 0.05 * number,
            "accuracy_high": 0.55 + 0.05 * number,
            "validation_accuracy": 0.5 + 0.05 * number,
        }
        for number, name in enumerate(names)
        for form in formats
    ]
    table = pd.DataFrame(rows)
    return table.assign(
        size_front=on_front(table["size_bytes"], table["validation_accuracy"]),
        time_front=on_front(table["one_core_milliseconds"], table["validation_accuracy"]),
    )


def drops(names=NAMES):
    rows = [
        {"name": name, "here": 0.9, "here_low": 0.85, "here_high": 0.95}
        | {"elsewhere": 0.5, "elsewhere_low": 0.4, "elsewhere_high": 0.6}
        | {"difference": -0.4, "low": -0.51, "high": -0.29}
        for name in names
    ]
    return pd.DataFrame(rows)


DISPLAYS = {
    "front": lambda: displays.FrontDisplay.from_table(files(), 5, 3),
    "one-file": lambda: displays.FrontDisplay.from_table(files(["a"], FORMATS[:1]), 1000, 10),
    "many": lambda: displays.FrontDisplay.from_table(files([f"m {n}" for n in range(20)]), 9, 9),
    "drop": lambda: displays.DropDisplay.from_table(drops()),
    "one-drop": lambda: displays.DropDisplay.from_table(drops(["a"])),
}


def test_every_file_is_a_marker_at_its_cost_and_int8_is_filled():
    display = displays.FrontDisplay.from_table(files(["a", "b"]), 5, 3).plot()
    for ax, unit, cost in zip(
        display.ax_, (1e3, 1), ("size_bytes", "one_core_milliseconds"), strict=True
    ):
        dots = [line for line in ax.lines if line.get_linestyle() == "None"]
        found = sorted((float(d.get_xdata()[0]), float(d.get_ydata()[0])) for d in dots)
        expected = zip(files(["a", "b"])[cost] / unit, files(["a", "b"])["accuracy"], strict=True)
        assert found == sorted(expected)
        filled = [d for d in dots if d.get_markerfacecolor() != "white"]
        assert len(filled) == len(dots) / 2


def test_the_front_joins_the_files_on_it():
    table = files(["a", "b", "c"])
    display = displays.FrontDisplay.from_table(table, 5, 3).plot()
    (line,) = [line for line in display.ax_[0].lines if line.get_color() == GREY]
    on = table[table["size_front"]]
    assert line.get_xdata().tolist() == (on["size_bytes"] / 1e3).tolist()
    assert "a as litert-int8" in display.alt


def test_both_accuracies_of_a_model_are_drawn():
    display = displays.DropDisplay.from_table(drops(["a"])).plot()
    marks = [line.get_xdata()[0] for line in display.ax_.lines if line.get_marker() in "os"]
    assert marks == [0.9, 0.5]
    assert "a 90.0% here and 50.0% elsewhere" in display.alt


@pytest.mark.parametrize("make", DISPLAYS.values(), ids=DISPLAYS)
def test_any_name_and_number_is_drawn_on_one_page(make):
    display = make().plot()
    figure = display.figure_
    figure.draw_without_rendering()
    assert np.isfinite(figure.get_size_inches()).all()
    assert figure.get_size_inches()[1] < 9
    assert not re.search(r"[\n\t]", display.alt)
    assert all(len(text) < 60 for text in texts(figure))
