"""What `make report` shows while it works: which notebooks, which cells, models and epochs."""

import json
import shutil
import statistics
import sys
import threading
import time
from pathlib import Path
from typing import TextIO

REFRESH_SECONDS = 0.3
PLAIN_SECONDS = 15.0  # without a terminal, at most one line of a notebook in this time
SILENT_EPOCHS = 3  # a training that is heard nothing of for so many has ended early

CLEAR = "\r\x1b[K"  # to the line's start, and wipe it
CLEAR_ABOVE = "\x1b[A\x1b[K"  # the same, one line higher


class NotebookProgress:
    """How far one notebook is. `path` is the JSON-lines file that its trainings append to.

    A line is one epoch: `{"run", "name", "epoch", "epochs", "val_accuracy", "seconds"}`, and
    those of several trainings may alternate. `expected_seconds` is how long the notebook will
    take, where anything is known of it.
    """

    def __init__(self, place: str, path: Path, expected_seconds: float | None = None):
        self.place, self.path = place, path
        self.training: dict = {}  # the newest line of this cell
        self.told: dict = {}  # the line of it that a log has
        self.printed = self._started = time.monotonic()
        self._expected = expected_seconds
        self._index, self._cell, self._cells = 0, 0, 0
        self._offset = 0
        self._trainings: dict[str, _Training] = {}
        self._training_cells: set[int] = set()
        self._reading = threading.Lock()

    def count_cells(self, total: int) -> None:
        """The notebook has this many code cells."""
        self._cells = total

    def next_cell(self, index: int) -> None:
        """A code cell starts, the notebook's cell number `index`."""
        self.read()
        self._index = index
        self._cell += 1
        self.training = {}

    def training_cells(self) -> set[int]:
        """The cells in which an epoch ended."""
        self.read()
        return self._training_cells

    def trained_runs(self) -> set[str]:
        """The runs of which an epoch ended."""
        self.read()
        return set(self._trainings)

    def seconds(self) -> float:
        """Since the notebook's start."""
        return time.monotonic() - self._started

    def line(self) -> str:
        """The present state on one line."""
        parts = [self.place]
        if self._cells:
            parts.append(f"cell {self._cell}/{self._cells}")
        return " · ".join([*parts, *self.described(), _duration(self.seconds()), *self._left()])

    def described(self) -> list[str]:
        """The newest line: ["published CNN", "epoch 3/20", "validation accuracy 41.2%"]."""
        parts = []
        if name := self.training.get("name"):
            parts.append(str(name))
        if epoch := self.training.get("epoch"):
            parts.append(f"epoch {epoch}/{self.training.get('epochs', '?')}")
        accuracy = self.training.get("val_accuracy")
        if isinstance(accuracy, int | float):
            parts.append(f"validation accuracy {accuracy:.1%}")
        return parts

    def read(self) -> None:
        """Take the complete lines that trainings have written since the last look."""
        with self._reading:
            try:
                with self.path.open("rb") as file:
                    file.seek(self._offset)
                    new = file.read()
            except FileNotFoundError:
                return
            whole, newline, _ = new.rpartition(b"\n")
            self._offset += len(whole) + len(newline)
            for line in whole.splitlines():
                try:
                    self._take(json.loads(line))
                except (ValueError, TypeError, KeyError):
                    continue  # it is only for show, and no reason to stop a build

    def _take(self, report: dict) -> None:
        training = self._trainings.get(report["run"]) or _Training()
        training.take(int(report["epoch"]), int(report["epochs"]), float(report["seconds"]))
        self._trainings[report["run"]] = training
        self._training_cells.add(self._index)
        self.training = report

    def _left(self) -> list[str]:
        """A prediction, if there is something to base it on.

        That is the notebook's last execution, or the epochs of the training that is at work.
        """
        trainings = [t.left() for t in self._trainings.values()] if self.training else []
        training = max(trainings, default=0.0)
        notebook = (self._expected or 0.0) - self.seconds()
        if notebook > 0:
            return [f"{_about(max(notebook, training))} left"]
        return [f"{_about(training)} left of this training"] if training else []


class _Training:
    """The epochs of one training, as far as they were reported."""

    def __init__(self) -> None:
        self._missing, self._seconds, self._heard = 0, [], 0.0

    def take(self, epoch: int, epochs: int, seconds: float) -> None:
        self._missing, self._heard = epochs - epoch, time.monotonic()
        self._seconds.append(seconds)

    def left(self) -> float:
        """Seconds that its missing epochs will take; 0 if it has ended, as far as one can see."""
        epoch = statistics.median(self._seconds)
        silent = time.monotonic() - self._heard
        return 0.0 if silent > SILENT_EPOCHS * epoch else max(self._missing * epoch - silent, 0.0)


class Progress:
    """On a terminal a line for each running notebook, kept up to date; elsewhere a log.

    Use it as a context manager: a thread of its own looks at the notebooks' trainings.
    """

    def __init__(self, notebooks: list[str], stream: TextIO | None = None):
        self.notebooks = notebooks
        self.stream = stream or sys.stderr
        self.live = self.stream.isatty()
        self._running: list[NotebookProgress] = []
        self._drawn = 0  # lines on the terminal that are to be wiped
        self._writing = threading.RLock()
        self._finished = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Progress":
        self._thread.start()
        return self

    def __exit__(self, *exception) -> None:
        self._finished.set()
        self._thread.join()
        self._write("")

    def begin(self, name: str, path: Path, expected_seconds: float | None = None):
        """A notebook starts; tell the returned `NotebookProgress` how far it is."""
        notebook = NotebookProgress(self._place(name), path, expected_seconds)
        if not self.live:
            self._write(f"{notebook.place}\n")
        self._running.append(notebook)
        return notebook

    def end(self, notebook: NotebookProgress) -> None:
        """A notebook is done."""
        self._running.remove(notebook)
        self._write(f"{notebook.place}  done in {_duration(notebook.seconds())}\n")

    def keep(self, name: str) -> None:
        """A notebook need not be run."""
        self._write(f"{self._place(name)}  is as it was\n")

    def _place(self, name: str) -> str:
        return f"[{self.notebooks.index(name) + 1}/{len(self.notebooks)}] {name}"

    def _watch(self) -> None:
        while not self._finished.wait(REFRESH_SECONDS):
            running = list(self._running)
            for notebook in running:
                notebook.read()
            if self.live:
                self._draw(running)
            else:
                for notebook in running:
                    self._report_now_and_then(notebook)

    def _draw(self, running: list[NotebookProgress]) -> None:
        width = shutil.get_terminal_size().columns - 1
        with self._writing:
            self._write("\n".join(notebook.line()[:width] for notebook in running))
            self._drawn = len(running)

    def _report_now_and_then(self, notebook: NotebookProgress) -> None:
        due = time.monotonic() - notebook.printed >= PLAIN_SECONDS
        if due and notebook.training and notebook.training is not notebook.told:
            notebook.printed, notebook.told = time.monotonic(), notebook.training
            self._write(notebook.line() + "\n")

    def _write(self, text: str) -> None:
        """Write in place of the lines that were drawn last."""
        with self._writing:
            wiped = CLEAR + CLEAR_ABOVE * (self._drawn - 1) if self.live else ""
            self._drawn = 0
            self.stream.write(wiped + text)
            self.stream.flush()


def _about(seconds: float) -> str:
    """A prediction is not exact, and does not look so."""
    if seconds < 60:
        return "less than a minute"
    if seconds < 90 * 60:
        return f"about {round(seconds / 60)} min"
    return f"about {seconds / 3600:.1f} h"


def _duration(seconds: float) -> str:
    """Seconds as m:ss."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
