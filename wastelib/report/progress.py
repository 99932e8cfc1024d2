"""What `make report` shows while it works: which notebook, which cell, which model and epoch."""

import json
import shutil
import sys
import threading
import time
from pathlib import Path
from typing import TextIO

REFRESH_SECONDS = 0.3
PLAIN_SECONDS = 15.0  # without a terminal, at most one line in this time

CLEAR = "\r\x1b[K"  # to the line's start, and wipe it


class Progress:
    """One line that updates itself on a terminal; a line now and then anywhere else.

    `path` is the JSON-lines file that training appends to, one object an epoch:
    `{"run", "name", "epoch", "epochs", "val_accuracy", "seconds"}`. Use it as a context
    manager: a thread reads that file while a cell is at work.
    """

    def __init__(self, notebooks: list[str], path: Path, stream: TextIO | None = None):
        self.notebooks, self.path = notebooks, path
        self.stream = stream or sys.stderr
        self.live = self.stream.isatty()
        self.notebook, self.cell, self.cells, self.training = "", 0, 0, {}
        self.started = self.printed = time.monotonic()
        self._last = {}
        self._offset = 0
        self._writing = threading.Lock()
        self._finished = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Progress":
        self._thread.start()
        return self

    def __exit__(self, *exception) -> None:
        self._finished.set()
        self._thread.join()
        if self.live:
            self._write(CLEAR)

    def begin(self, notebook: str) -> None:
        """A notebook starts."""
        self.notebook, self.cell, self.cells, self.training = notebook, 0, 0, {}
        self.started = time.monotonic()
        if not self.live:
            self._print(self._place())

    def count_cells(self, total: int) -> None:
        """The notebook has this many code cells."""
        self.cells = total

    def next_cell(self) -> None:
        """A code cell starts."""
        self.cell += 1
        self.training = {}

    def end(self, seconds: float) -> None:
        """The notebook is done."""
        self._print(f"{self._place()}  done in {_duration(seconds)}")
        self.notebook = ""

    def line(self) -> str:
        """The present state on one line."""
        parts = [self._place()]
        if self.cells:
            parts.append(f"cell {self.cell}/{self.cells}")
        parts += _described(self.training)
        parts.append(_duration(time.monotonic() - self.started))
        return " · ".join(parts)

    def _place(self) -> str:
        number = self.notebooks.index(self.notebook) + 1
        return f"[{number}/{len(self.notebooks)}] {self.notebook}"

    def _watch(self) -> None:
        while not self._finished.wait(REFRESH_SECONDS):
            self._read_training()
            if not self.notebook:
                continue
            if self.live:
                self._redraw()
            else:
                self._report_now_and_then()

    def _read_training(self) -> None:
        """Take the newest complete line that training has written since the last look."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._offset)
                new = file.read()
        except FileNotFoundError:
            return
        whole, newline, _ = new.rpartition(b"\n")
        if not newline:
            return
        self._offset += len(whole) + 1
        try:
            newest = json.loads(whole.splitlines()[-1])
        except (ValueError, IndexError):
            return  # it is only for show, and no reason to stop a build
        if isinstance(newest, dict):
            self.training = newest

    def _redraw(self) -> None:
        width = shutil.get_terminal_size().columns - 1
        self._write(CLEAR + self.line()[:width])

    def _report_now_and_then(self) -> None:
        due = time.monotonic() - self.printed >= PLAIN_SECONDS
        if due and self.training and self.training != self._last:
            self._last = self.training
            self._print("      " + " · ".join(_described(self.training)))

    def _print(self, text: str) -> None:
        self._write(f"{CLEAR if self.live else ''}{text}\n")
        self.printed = time.monotonic()

    def _write(self, text: str) -> None:
        with self._writing:
            self.stream.write(text)
            self.stream.flush()


def _described(training: dict) -> list[str]:
    """`{"name": "published CNN", "epoch": 3, …}` -> ["published CNN", "epoch 3/20", …]."""
    parts = []
    if name := training.get("name"):
        parts.append(str(name))
    if epoch := training.get("epoch"):
        parts.append(f"epoch {epoch}/{training.get('epochs', '?')}")
    accuracy = training.get("val_accuracy")
    if isinstance(accuracy, int | float):
        parts.append(f"validation accuracy {accuracy:.1%}")
    return parts


def _duration(seconds: float) -> str:
    """Seconds as m:ss."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
