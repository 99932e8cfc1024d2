"""What this machine can do at most, measured in the same run as everything else."""

from pathlib import Path

import cv2
import numpy as np
import tensorflow as tf

from tests.benchmarks.rounds import Spread, in_turns

SIDE = 2048  # of the square matrices
COPIED_BYTES = 256 * 2**20


def limits(jpegs: list[Path], rounds: int) -> dict[str, tuple[Spread, str]]:
    """Name -> (spread over rounds, unit): matrix products, memory copy, JPEG decoding."""
    products = {name: _product(name) for name in ("float32", "bfloat16")}
    source = np.ones(COPIED_BYTES, np.uint8)
    target = np.empty_like(source)
    ways = {
        **products,
        "copy": lambda: np.copyto(target, source),
        "jpeg": lambda: [cv2.imread(str(file)) for file in jpegs],
    }
    taken = in_turns(ways, rounds)
    work = {
        "float32": (2 * SIDE**3 / 1e9, "GFLOP/s", "matrix product, float32"),
        "bfloat16": (2 * SIDE**3 / 1e9, "GFLOP/s", "matrix product, bfloat16"),
        "copy": (COPIED_BYTES / 1e9, "GB/s", "memory copy, one core"),
        "jpeg": (len(jpegs), "images/s", "JPEG decoding at 524 px, one core"),
    }
    return {
        title: (Spread.of([amount / seconds for seconds in taken[name]]), unit)
        for name, (amount, unit, title) in work.items()
    }


def _product(dtype: str):
    matrix = tf.cast(tf.random.stateless_normal([SIDE, SIDE], seed=[0, 0]), dtype)
    multiply = tf.function(lambda: tf.reduce_sum(matrix @ matrix))
    return lambda: multiply().numpy()
