"""Where a training stands, for whoever watches it."""

import json
import os
import sys

from tqdm import tqdm


class Progress:
    """Reports finished epochs: to the file that `WASTELIB_PROGRESS` names, else to a bar.

    The file takes one JSON object a line (name, run, epoch, epochs, val_accuracy, seconds);
    `make report` follows it. The bar is text, drawn once an epoch, and leaves nothing behind.
    """

    def __init__(self, name: str, run: str, epochs: int) -> None:
        self._facts = {"name": name, "run": run, "epochs": epochs}
        self._file = os.environ.get("WASTELIB_PROGRESS")
        self._bar = tqdm(
            total=epochs,
            desc=name,
            unit="epoch",
            leave=False,
            file=sys.stderr,
            disable=bool(self._file),
        )

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_) -> None:
        self._bar.close()

    def epoch(self, epoch: int, val_accuracy: float, seconds: float) -> None:
        """Report that `epoch`, counted from 1, is finished."""
        if self._file:
            facts = {"epoch": epoch, "val_accuracy": val_accuracy, "seconds": seconds}
            with open(self._file, "a", encoding="utf-8") as file:
                file.write(json.dumps(self._facts | facts) + "\n")
        self._bar.set_postfix_str(f"validation accuracy {val_accuracy:.3f}")
        self._bar.update(epoch - self._bar.n)
