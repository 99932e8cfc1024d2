"""Whoever waits for a build sees how far it is, on a terminal and in a log."""

import io
import json
import time

import pytest

from wastelib.report import progress as module
from wastelib.report.progress import Progress

EPOCH = {"run": "3f2a", "name": "published CNN", "epoch": 3, "epochs": 20, "val_accuracy": 0.4125}


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch):
    monkeypatch.setattr(module, "REFRESH_SECONDS", 0.01)
    monkeypatch.setattr(module, "PLAIN_SECONDS", 0.0)


def watched(stream: io.StringIO, path, *lines: str) -> str:
    """What is shown of a notebook whose training writes these lines."""
    with Progress(["01_first", "02_second"], path, stream) as progress:
        progress.begin("02_second")
        progress.count_cells(7)
        progress.next_cell()
        for line in lines:
            with path.open("a") as file:
                file.write(line)
            time.sleep(0.1)
        progress.end(65.2)
    return stream.getvalue()


def test_a_terminal_shows_notebook_cell_model_and_epoch_on_one_line(tmp_path):
    shown = watched(Terminal(), tmp_path / "p.jsonl", json.dumps(EPOCH) + "\n")
    assert "[2/2] 02_second · cell 1/7 · published CNN · epoch 3/20 · validation" in shown
    assert shown.count("\n") == 1
    assert shown.split(module.CLEAR)[-2] == "[2/2] 02_second  done in 1:05\n"


def test_the_line_never_wraps(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "30")
    long = EPOCH | {"name": "a model with a very long name, longer than any terminal is wide"}
    shown = watched(Terminal(), tmp_path / "p.jsonl", json.dumps(long) + "\n")
    assert max(map(len, shown.split(module.CLEAR))) <= 30


def test_a_log_has_plain_lines_and_none_twice(tmp_path):
    shown = watched(io.StringIO(), tmp_path / "p.jsonl", json.dumps(EPOCH) + "\n")
    assert shown == (
        "[2/2] 02_second\n"
        "      published CNN · epoch 3/20 · validation accuracy 41.2%\n"
        "[2/2] 02_second  done in 1:05\n"
    )


def test_a_log_is_not_flooded(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PLAIN_SECONDS", 60.0)
    lines = [json.dumps(EPOCH | {"epoch": epoch}) + "\n" for epoch in range(3)]
    assert watched(io.StringIO(), tmp_path / "p.jsonl", *lines).count("\n") == 2


@pytest.mark.parametrize(
    "broken", ["nonsense\n", "[1, 2]\n", "3\n", '{"epoch": "x"}\n', "\n", "\x00\n"]
)
def test_a_line_that_makes_no_sense_stops_nothing(tmp_path, broken):
    shown = watched(io.StringIO(), tmp_path / "p.jsonl", broken, json.dumps(EPOCH) + "\n")
    assert "epoch 3/20" in shown


def test_half_a_line_is_read_when_it_is_whole(tmp_path):
    line = json.dumps(EPOCH) + "\n"
    shown = watched(io.StringIO(), tmp_path / "p.jsonl", line[:20], line[20:])
    assert shown.count("epoch 3/20") == 1
