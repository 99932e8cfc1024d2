"""The process that trains, seen from the process that asks for it."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import ClassVar

from wastelib.errors import WasteError

# Starting a process and importing TensorFlow takes seconds, so small trainings share one. A
# process that holds more than this afterwards is ended: it would not give it back.
KEPT_BELOW_BYTES = 1_500_000_000


class ProcessDiedError(Exception):
    """The process ended without a word; the message says how."""


class TrainingProcess:
    """One `wastelib.training.worker`, kept for the next training while it is small.

    Orders and reports are lines of JSON, described there. The process ends when this one does,
    since its standard input then closes.
    """

    _kept: ClassVar["TrainingProcess | None"] = None

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "wastelib.training.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # TensorFlow's words; errors come as reports
            text=True,
            encoding="utf-8",
        )

    @classmethod
    def reports(cls, order: dict) -> Iterator[dict]:
        """Have `order` carried out; yield a report after each epoch.

        Raises `WasteError` for what a user can mend, `RuntimeError` with the traceback for a
        mistake, and `ProcessDiedError`. Whatever stops the caller, Ctrl-C too, ends the process.
        """
        process, cls._kept = cls._kept or cls(), None
        try:
            held = yield from process._carry_out(order)
        except WasteError:
            cls._kept = process
            raise
        except BaseException:
            process._end()
            raise
        if held < KEPT_BELOW_BYTES:
            cls._kept = process
        else:
            process._end()

    def _carry_out(self, order: dict) -> Iterator[dict]:
        """Yield the reports of epochs; return the bytes that the process holds at the end."""
        with contextlib.suppress(BrokenPipeError):  # it is dead: the missing report says so
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
        for line in self._process.stdout:
            report = json.loads(line)
            if "epoch" in report:
                yield report
            elif "done" in report:
                return report["done"]
            elif "what" in report:
                raise WasteError(report["what"], where=report["where"], remedy=report["remedy"])
            else:
                raise RuntimeError(report["traceback"])
        raise ProcessDiedError(f"ended with status {self._process.wait()}")

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        with contextlib.suppress(BrokenPipeError):  # of an order that it no longer took
            self._process.stdin.close()
