"""Where trainings stand, for whoever watches them."""

import json
import os
import sys
from collections.abc import Mapping

from tqdm import tqdm


class Progress:
    """Reports finished epochs: to the file that `WASTELIB_PROGRESS` names, else to bars.

    The file takes one JSON object a line (name, run, epoch, epochs, val_accuracy, seconds);
    `make report` follows it. Bars are text, drawn once an epoch, and leave nothing behind:
    on a terminal each training that is at work has one; elsewhere, as in a notebook, where
    text cannot go up a line, one bar counts the epochs of all.
    """

    def __init__(self, trainings: Mapping[str, tuple[str, int]]) -> None:
        """`trainings`: a run's hash -> the name to show, and the epochs to come at most."""
        self._trainings = trainings
        self._done = dict.fromkeys(trainings, 0)
        self._file = os.environ.get("WASTELIB_PROGRESS")
        self._bars: dict[str, tqdm] = {}
        self._shared = None
        if len(trainings) > 1 and not sys.stderr.isatty():
            total = sum(epochs for _, epochs in trainings.values())
            self._shared = self._bar(f"{len(trainings)} trainings", total)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_) -> None:
        for run in list(self._bars):
            self.end(run)
        if self._shared is not None:
            self._shared.close()

    def epoch(self, run: str, epoch: int, val_accuracy: float, seconds: float) -> None:
        """Report that `epoch`, counted from 1, of a run is finished."""
        name, epochs = self._trainings[run]
        if self._file:
            facts = {"name": name, "run": run, "epoch": epoch, "epochs": epochs}
            facts |= {"val_accuracy": val_accuracy, "seconds": seconds}
            with open(self._file, "a", encoding="utf-8") as file:
                file.write(json.dumps(facts) + "\n")
        bar, text = self._shared, f"{name}: validation accuracy {val_accuracy:.3f}"
        if bar is None:
            bar = self._bars.setdefault(run, None) or self._bar(name, epochs)
            self._bars[run], text = bar, text.removeprefix(f"{name}: ")
        bar.set_postfix_str(text)
        bar.update(max(0, epoch - self._done[run]))
        self._done[run] = max(epoch, self._done[run])

    def end(self, run: str) -> None:
        """No more is to come of a run: it is finished, or it failed."""
        if bar := self._bars.pop(run, None):
            bar.close()

    def _bar(self, name: str, epochs: int) -> tqdm:
        return tqdm(
            total=epochs,
            desc=name,
            unit="epoch",
            leave=False,
            file=sys.stderr,
            disable=bool(self._file),
        )
