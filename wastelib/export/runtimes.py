"""Run an exported file: pixels in, probabilities out, without TensorFlow.

The process that measures a file imports this module, and so it imports next to nothing.
"""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wastelib.errors import WasteError


@dataclass(frozen=True)
class Model:
    """An opened file. `ask` takes one image (1, size, size, 3) and returns (classes,).

    `pixels` is the shape and the type of what it takes, `outputs` the number of figures that it
    returns.
    """

    pixels: tuple[tuple[int, ...], str]
    outputs: int
    ask: Callable[[np.ndarray], np.ndarray]


def open_litert(file: Path, threads: int) -> Model:
    """A LiteRT file, computed by so many threads."""
    from ai_edge_litert.interpreter import Interpreter

    with _silent_stderr(), _named(file, "LiteRT"):
        interpreter = Interpreter(str(file), num_threads=threads)
        interpreter.allocate_tensors()
        (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
    if taken["quantization"] not in ((0.0, 0), (1.0, 0)):
        raise WasteError(
            "this LiteRT file does not take pixels 0..255 as they are",
            where=file,
            remedy="export it again with `wastelib export`",
        )

    def ask(image: np.ndarray) -> np.ndarray:
        interpreter.set_tensor(taken["index"], image)
        interpreter.invoke()
        return _dequantized(interpreter.get_tensor(given["index"])[0], given["quantization"])

    pixels = tuple(map(int, taken["shape"])), np.dtype(taken["dtype"]).name
    return Model(pixels, int(given["shape"][-1]), ask)


def open_onnx(file: Path, threads: int) -> Model:
    """An ONNX file, computed by so many threads."""
    try:
        import onnxruntime
    except ImportError as error:
        raise missing_packages("running an ONNX file", "onnxruntime") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4  # what goes wrong is raised; nothing else is news
    with _named(file, "ONNX"):
        session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        (taken,), (given,) = session.get_inputs(), session.get_outputs()

    def ask(image: np.ndarray) -> np.ndarray:
        return session.run([given.name], {taken.name: image})[0][0]

    pixels = tuple(taken.shape), taken.type.removeprefix("tensor(").removesuffix(")")
    return Model(pixels, given.shape[-1], ask)


OPENERS: dict[str, Callable[[Path, int], Model]] = {".tflite": open_litert, ".onnx": open_onnx}


def missing_packages(purpose: str, *packages: str) -> WasteError:
    """What to say where optional packages are not installed."""
    return WasteError(
        f"{purpose} needs packages that are not installed: {', '.join(packages)}",
        remedy=f"pip install {' '.join(packages)}, or choose a LiteRT format, which needs none",
    )


def _dequantized(outputs: np.ndarray, quantization: tuple[float, int]) -> np.ndarray:
    """Probabilities; those of 8 bits that are 0 share half a step, since they are only small."""
    scale, zero = quantization
    if not scale:
        return outputs
    steps = outputs.astype(np.float32) - zero
    none = steps <= 0
    steps[none] = 0.5 / max(none.sum(), 1)
    return scale * steps


@contextlib.contextmanager
def _named(file: Path, kind: str) -> Iterator[None]:
    """What a runtime says of a file that it cannot open or use, as something to mend."""
    try:
        yield
    except Exception as error:  # their own types, and ValueError and RuntimeError
        raise WasteError(
            f"this file cannot be opened as {kind}: {str(error).strip()}",
            where=file,
            remedy="export it again with `wastelib export`",
        ) from error


@contextlib.contextmanager
def _silent_stderr() -> Iterator[None]:
    """LiteRT tells standard error which kernels it has; what goes wrong is raised as well."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
