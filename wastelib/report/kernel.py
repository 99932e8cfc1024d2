"""The process that runs a notebook's cells: this Python, undisturbed, and gone afterwards."""

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync

QUIET = {
    "TF_CPP_MIN_LOG_LEVEL": "3",  # TensorFlow's start-up chatter would land in the outputs
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # so would the debugger's
    "KERAS_BACKEND": "tensorflow",  # a user's own choice for other projects
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
}


class Kernel(AsyncKernelManager):
    """A kernel of the running interpreter.

    Kernels are normally looked up by name among the user's registered ones, and `python3`
    may be missing there or belong to another environment.
    """

    @property
    def kernel_spec(self) -> KernelSpec:
        """The command that starts it; no registered kernel is consulted."""
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        command += ["--IPKernelApp.log_level=CRITICAL"]  # its words would break the progress line
        # What TensorFlow's C++ says at its start cannot be silenced; it belongs in no output.
        command += ["--IPKernelApp.capture_fd_output=False"]
        return KernelSpec(argv=command, display_name="Python 3", language="python")


@contextlib.contextmanager
def running_kernel(folder: Path, private: Path, **environment: str) -> Iterator[Kernel]:
    """Yield a started kernel that works in `folder`; on leaving, it and its children are gone.

    `private` holds its IPython settings, so that a user's start-up files play no part;
    `environment` is added to this process's. An interrupted cell gets a few seconds to
    tidy up before the whole process group is killed.
    """
    kernel = Kernel(kernel_name="python3")
    variables = {**os.environ, **QUIET, "IPYTHONDIR": str(private / "ipython"), **environment}
    try:
        with (private / "kernel.log").open("ab") as log:
            run_sync(kernel.start_kernel)(cwd=str(folder), env=variables, stderr=log)
        yield kernel
    finally:
        group = _group(kernel)
        try:
            if run_sync(kernel.is_alive)():
                run_sync(kernel.shutdown_kernel)()  # interrupts, asks, terminates, kills
            else:
                kernel.cleanup_connection_file()
        finally:
            _signal(group, signal.SIGKILL)


def signal_group(kernel: Kernel, number: signal.Signals) -> None:
    """Send a signal to a kernel and its children, if they are still there."""
    _signal(_group(kernel), number)


def _group(kernel: Kernel) -> int | None:
    return kernel.provisioner.pgid if kernel.provisioner else None


def _signal(group: int | None, number: signal.Signals) -> None:
    if group is not None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)


def cause_of_death(kernel: Kernel) -> str:
    """Say how a dead kernel ended, in words: by which signal, or with which exit status."""
    process = kernel.provisioner.process if kernel.provisioner else None
    status = process.poll() if process else None
    if status is None:
        return "its process is gone"
    if status < 0:
        return f"it was killed by {signal.Signals(-status).name}"
    return f"it exited with status {status}"
