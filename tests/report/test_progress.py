"""Whoever waits for a build sees how far it is, on a terminal and in a log."""

import io
import json
import time

import pytest

from wastelib.report import progress as module
from wastelib.report.progress import NotebookProgress, Progress

EPOCH = {
    "run": "3f2a",
    "name": "published CNN",
    "epoch": 3,
    "epochs": 20,
    "val_accuracy": 0.4125,
    "seconds": 100.0,
}


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch):
    monkeypatch.setattr(module, "REFRESH_SECONDS", 0.01)
    monkeypatch.setattr(module, "PLAIN_SECONDS", 0.0)


def watched(stream: io.StringIO, path, *lines: str, expected: float | None = None) -> str:
    """What is shown of a notebook whose training writes these lines."""
    with Progress(["01_first", "02_second"], stream) as progress:
        notebook = progress.begin("02_second", path, expected)
        notebook.count_cells(7)
        notebook.next_cell(3)
        for line in lines:
            with path.open("a") as file:
                file.write(line)
            time.sleep(0.1)
        notebook._started = time.monotonic() - 65.0
        progress.end(notebook)
    return stream.getvalue()


def written(*reports: dict) -> str:
    return "".join(json.dumps(report) + "\n" for report in reports)


def test_a_terminal_shows_notebook_cell_model_and_epoch_on_one_line(tmp_path):
    shown = watched(Terminal(), tmp_path / "p.jsonl", written(EPOCH))
    assert "[2/2] 02_second · cell 1/7 · published CNN · epoch 3/20 · validation" in shown
    assert shown.count("\n") == 1
    assert shown.split(module.CLEAR)[-2] == "[2/2] 02_second  done in 1:05\n"


def test_a_terminal_has_a_line_for_each_notebook_that_runs(tmp_path):
    stream = Terminal()
    with Progress(["01_first", "02_second"], stream) as progress:
        first = progress.begin("01_first", tmp_path / "1.jsonl")
        progress.begin("02_second", tmp_path / "2.jsonl")
        (tmp_path / "2.jsonl").write_text(written(EPOCH))
        time.sleep(0.2)
        progress.end(first)
        time.sleep(0.2)
    drawn = stream.getvalue().split(module.CLEAR)
    assert any("01_first · " in text and "\n[2/2] 02_second · publ" in text for text in drawn)
    done = next(text for text in drawn if "done in" in text)
    assert done == module.CLEAR_ABOVE + "[1/2] 01_first  done in 0:00\n"
    assert drawn[-2].startswith("[2/2] 02_second · published CNN")


def test_the_line_never_wraps(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "30")
    long = EPOCH | {"name": "a model with a very long name, longer than any terminal is wide"}
    shown = watched(Terminal(), tmp_path / "p.jsonl", written(long))
    assert max(map(len, shown.split(module.CLEAR))) <= 30


def test_a_log_has_plain_lines_and_none_twice(tmp_path):
    first, line, last = watched(io.StringIO(), tmp_path / "p.jsonl", written(EPOCH)).splitlines()
    assert first == "[2/2] 02_second"
    assert "published CNN · epoch 3/20 · validation accuracy 41.2%" in line
    assert last == "[2/2] 02_second  done in 1:05"


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


def left(tmp_path, *reports: dict, expected: float | None = None) -> str:
    """The end of the line when trainings have written these reports."""
    path = tmp_path / "p.jsonl"
    notebook = NotebookProgress("[1/1] 01_only", path, expected)
    notebook.next_cell(3)
    path.write_text(written(*reports))
    notebook.read()
    return notebook.line().rpartition("0:00")[2]


def test_what_is_left_of_a_training_follows_from_its_finished_epochs(tmp_path):
    epochs = [EPOCH | {"epoch": n, "seconds": s} for n, s in enumerate([300.0, 100.0, 100.0], 1)]
    assert left(tmp_path, *epochs) == " · about 28 min left of this training"


def test_of_trainings_side_by_side_the_longest_counts(tmp_path):
    other = {"run": "9", "epoch": 1, "epochs": 2, "seconds": 60.0}
    assert left(tmp_path, EPOCH, EPOCH | other) == " · about 28 min left of this training"


def test_what_is_left_of_a_notebook_follows_from_its_last_execution(tmp_path):
    assert left(tmp_path, expected=40.0) == " · less than a minute left"
    assert left(tmp_path, expected=150 * 60.0) == " · about 2.5 h left"
    assert left(tmp_path, EPOCH, expected=120.0) == " · about 28 min left"


def test_nothing_is_predicted_without_a_basis(tmp_path):
    assert left(tmp_path) == ""
    assert left(tmp_path, EPOCH | {"epoch": 20}) == ""


def test_a_training_that_fell_silent_has_ended_early(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "SILENT_EPOCHS", 0)
    assert left(tmp_path, EPOCH) == ""


def test_cells_and_runs_that_trained_are_known(tmp_path):
    path = tmp_path / "p.jsonl"
    notebook = NotebookProgress("", path)
    notebook.next_cell(4)
    path.write_text(written(EPOCH, EPOCH | {"run": "9"}))
    notebook.next_cell(5)
    assert notebook.training_cells() == {4}
    assert notebook.trained_runs() == {"3f2a", "9"}
