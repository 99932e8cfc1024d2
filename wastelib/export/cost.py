"""The process that is measured: `python -m wastelib.export.cost`.

Its standard input is `{"file", "threads", "times"}`. It opens the file, asks it for single
images, and prints what `measure.file_cost` returns. It imports nothing that running the file
does not need.
"""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np

from wastelib.export.runtimes import OPENERS

WARM_UP = 5


def main() -> None:
    """Carry out the one order."""
    order = json.load(sys.stdin)
    file, threads = Path(order["file"]), order["threads"]
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    if file.suffix == ".onnx":
        import onnxruntime  # noqa: F401  the runtime's own memory is no part of the file's
    else:
        import ai_edge_litert.interpreter  # noqa: F401
    runtime = memory("VmRSS")
    model = OPENERS[file.suffix](file, threads)
    image = np.random.default_rng(0).integers(0, 256, model.pixels[0], np.uint8)
    taken = []
    for _ in range(WARM_UP + order["times"]):
        began = time.perf_counter()
        model.ask(image)
        taken.append(time.perf_counter() - began)
    cost = {
        "milliseconds": float(np.median(taken[WARM_UP:]) * 1000),
        "peak_bytes": memory("VmHWM"),
        "runtime_bytes": runtime,
    }
    print(json.dumps(cost))


def memory(name: str) -> int | None:
    """Bytes that Linux notes of this process; None elsewhere.

    Not `getrusage`: its peak begins with that of the process that started this one.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    (line,) = [x for x in status.read_text("ascii").splitlines() if x.startswith(f"{name}:")]
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    main()
