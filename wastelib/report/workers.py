"""Threads that run notebooks side by side, and the end of all of them when one has to end."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from wastelib.report.kernel import Kernel, running_kernel, signal_group

TIDY_SECONDS = 8.0  # that a cell has when the build ends before it does


class Workers:
    """At most `jobs` notebooks at a time; leave the context, and no kernel of them is left.

    Threads are enough, since the work is done in the kernels' processes, and safe: nbclient
    drives each kernel by an event loop of the thread that it is in. Signals reach the main
    thread only, which never does more here than wait.
    """

    def __init__(self, jobs: int):
        self.stopped = threading.Event()
        self._jobs = jobs
        self._pool = ThreadPoolExecutor(jobs)
        self._kernels: list[Kernel] = []
        self._running: dict[Future, str] = {}

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *exception) -> None:
        try:
            self._stop()
        finally:  # also at a second Ctrl-C
            self._signal(signal.SIGKILL)
            self._pool.shutdown()

    @property
    def running(self) -> list[str]:
        """The names of what runs."""
        return [*self._running.values()]

    @property
    def free(self) -> bool:
        """Whether one more may run."""
        return len(self._running) < self._jobs

    def start(self, name: str, work: Callable, *arguments: object) -> None:
        """Do `work(*arguments)` in a thread."""
        self._running[self._pool.submit(work, *arguments)] = name

    def finished(self) -> set[str]:
        """Wait until something is done, and name it; raises what the work raised."""
        done, _ = wait(self._running, return_when=FIRST_COMPLETED)
        for future in done:
            future.result()
        return {self._running.pop(future) for future in done}

    @contextlib.contextmanager
    def kernel(self, folder: Path, private: Path, **environment: str) -> Iterator[Kernel]:
        """A `running_kernel` that is ended with all others."""
        with running_kernel(folder, private, **environment) as kernel:
            self._kernels.append(kernel)
            try:
                yield kernel
            finally:
                self._kernels.remove(kernel)

    def _stop(self) -> None:
        """Interrupt what runs, and wait a little for it to tidy up."""
        self.stopped.set()
        self._signal(signal.SIGINT)
        wait(self._running, timeout=TIDY_SECONDS)

    def _signal(self, number: signal.Signals) -> None:
        for kernel in list(self._kernels):
            signal_group(kernel, number)
