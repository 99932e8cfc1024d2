"""The process that trains, seen from the process that asks for it."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import ClassVar

from wastelib.errors import WasteError

# Starting a process and importing TensorFlow takes seconds, so trainings that follow each other
# share one. A process does not give back what it holds: idle ones hold less than this together.
KEPT_BELOW_BYTES = 1_500_000_000

OnReport = Callable[[dict], None]


class ProcessDiedError(Exception):
    """The process ended without a word, or for want of memory; the message says how."""


class TrainingProcess:
    """One `wastelib.training.worker`, with so many threads for TensorFlow.

    Orders and reports are lines of JSON, described there. The process ends when this one does,
    since its standard input then closes. The number of threads is fixed at its start: sums are
    formed in another order with another number, and the last bits of an outcome differ.
    """

    _idle: ClassVar[list["TrainingProcess"]] = []

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.held_bytes = 0
        names = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "wastelib.training.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # TensorFlow's words; errors come as reports
            text=True,
            encoding="utf-8",
            env=os.environ | dict.fromkeys(names, str(threads)),
        )

    @classmethod
    def take(cls, threads: int) -> "TrainingProcess":
        """An idle process with so many threads, or a new one.

        Those with another number then end: what they hold would count against the new one, which
        could not be kept for the next training.
        """
        fit = [process for process in cls._idle if process.threads == threads]
        if not fit:
            cls.end_idle()
            return cls(threads)
        cls._idle.remove(fit[0])
        return fit[0]

    @classmethod
    def end_idle(cls) -> None:
        """End all that wait for the next training."""
        while cls._idle:
            cls._idle.pop().end()

    def carry_out(self, order: dict, on_report: OnReport = lambda report: None) -> dict:
        """Have `order` carried out; return the last report, and hand on those before it.

        Afterwards the process is idle, or has ended if it holds too much or anything failed.
        Raises `WasteError` for what a user can mend, `RuntimeError` with the traceback for a
        mistake, and `ProcessDiedError`.
        """
        try:
            report = self._last_report(order, on_report)
        except WasteError:
            self._give_back()
            raise
        except BaseException:
            self.end()
            raise
        self.held_bytes = report["done"]
        self._give_back()
        return report

    def _last_report(self, order: dict, on_report: OnReport) -> dict:
        with contextlib.suppress(BrokenPipeError):  # it is dead: the missing report says so
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
        for line in self._process.stdout:
            report = json.loads(line)
            if "epoch" in report:
                on_report(report)
            elif "done" in report:
                return report
            elif "died" in report:
                raise ProcessDiedError(report["died"])
            elif "what" in report:
                raise WasteError(report["what"], where=report["where"], remedy=report["remedy"])
            else:
                raise RuntimeError(report["traceback"])
        status = self._process.wait()
        raise ProcessDiedError(f"ended with status {status}, most likely for want of memory")

    def _give_back(self) -> None:
        held = self.held_bytes + sum(process.held_bytes for process in self._idle)
        if held < KEPT_BELOW_BYTES:
            self._idle.append(self)
        else:
            self.end()

    def kill(self) -> None:
        """Kill it; whoever waits for its report is told that it died."""
        self._process.kill()

    def end(self) -> None:
        """Kill it, and wait until it is gone."""
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        with contextlib.suppress(BrokenPipeError):  # of an order that it no longer took
            self._process.stdin.close()
