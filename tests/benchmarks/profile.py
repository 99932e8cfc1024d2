"""Where the time goes in what misses its target, as tables for the record.

`python -m tests.benchmarks.profile [--data …] [--weights …] [--record FOLDER]`. Four parts:
the kernels of one training step of the published CNN, what an epoch does outside its steps,
what a training on stored features does besides computing, and what four learning rates do.
"""

import argparse
import cProfile
import json
import os
import pstats
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import pandas as pd
import tensorflow as tf

from tests.benchmarks.parts import BACKBONE, BACKBONE_SIZE, CNN_SIZE, PRECISIONS, Bench, OurCnn
from tests.benchmarks.protocol import RATE_EPOCHS, RATES, rate_trials
from tests.benchmarks.speed import bench_of
from wastelib.training.fit import fit
from wastelib.training.train import train_all

STEPS = 4
KERNELS = 8  # of a step are listed; the rest is summed up
# The functions whose time is told, by module and name: the parts of a training.
PARTS = {
    ("fit.py", "_build"): "building the network and reading its weights",
    ("fit.py", "_epochs"): "epochs, checkpoints included",
    ("checkpoints.py", "save"): "of which checkpoints",
    ("fit.py", "_predictions"): "predictions of validation and test images",
    ("testing.py", "image_milliseconds"): "timing one image",
    ("fit.py", "_fit_into"): "the whole training",
}


def main() -> None:
    """Measure, print, and write where `--record` says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="demo")
    parser.add_argument("--weights", default="")
    parser.add_argument("--images", type=int, default=960)
    parser.add_argument("--record", type=Path)
    options = parser.parse_args()
    options.rounds = 1
    with bench_of(options, options.images) as bench, TemporaryDirectory() as folder:
        tables = {}
        for precision in PRECISIONS:
            cnn = OurCnn(bench, precision, Path(folder))
            cnn.epoch()  # compiles
            tables[f"One step of the published CNN at {CNN_SIZE} px, {precision}"] = kernels(cnn)
            tables[f"One epoch of it, {bench.photos.images} images, {precision}"] = epoch(cnn)
        name = f"A second seed of a head on {BACKBONE}'s stored features, {BACKBONE_SIZE} px"
        tables[name] = second_head(bench)
        name = f"{len(RATES)} learning rates over {RATE_EPOCHS} epochs at {CNN_SIZE} px"
        for precision in PRECISIONS:
            tables[f"{name}, {precision}"] = four_rates(bench, precision)
    text = "\n".join(
        f"{name}:\n\n| part | seconds |\n| --- | ---: |\n"
        + "".join(f"| {part} | {seconds:.3f} |\n" for part, seconds in table.items())
        for name, table in tables.items()
    )
    print(text)
    if options.record:
        (options.record / "profile.json").write_text(json.dumps(tables, indent=2) + "\n", "utf-8")
        (options.record / "profile.md").write_text(text, "utf-8")


def kernels(cnn: OurCnn) -> dict[str, float]:
    """Seconds of a step by kind of kernel, the longest first.

    They are summed over the threads, which work side by side: together more than the clock's.
    """
    data = iter(tf.data.Dataset.from_tensors(cnn.batches[0]).repeat())
    with TemporaryDirectory() as folder:
        tf.profiler.experimental.start(folder)
        began = time.perf_counter()
        for _ in range(STEPS):
            cnn.net.train_function(data)
        clock = (time.perf_counter() - began) / STEPS
        tf.profiler.experimental.stop()
        (trace,) = Path(folder).rglob("*.xplane.pb")
        seconds = _seconds_by_kernel(trace.read_bytes())
    shown = dict(seconds.most_common(KERNELS))
    rest = sum(seconds.values()) - sum(shown.values())
    return {**shown, "all other kernels": rest, "by the clock, while traced": clock}


def _seconds_by_kernel(trace: bytes) -> Counter:
    from tensorflow.tsl.profiler.protobuf import xplane_pb2

    space = xplane_pb2.XSpace()
    space.ParseFromString(trace)
    seconds: Counter = Counter()
    for plane in space.planes:
        for line in plane.lines:
            for event in line.events:
                # TensorFlow names a kernel's event "name:Kind"; other events enclose these.
                kind = plane.event_metadata[event.metadata_id].name.rpartition(":")[2]
                if hasattr(tf.raw_ops, kind.lstrip("_")) or kind.startswith("_"):
                    seconds[kind] += event.duration_ps / 1e12 / STEPS
    return seconds


def epoch(cnn: OurCnn) -> dict[str, float]:
    """Seconds of an epoch by what is done."""
    parts = {}

    def timed(name: str, work: Callable[[], object]) -> None:
        began = time.perf_counter()
        work()
        parts[name] = time.perf_counter() - began

    history = pd.DataFrame({"epoch": range(cnn.epochs + 1)})  # one more epoch than is stored
    timed("steps on one batch in memory", cnn.steps)
    timed("reading its batches", lambda: [cnn.batches[i] for i in range(len(cnn.batches))])
    timed(
        "storing the checkpoint",
        lambda: cnn.checkpoints.save(cnn.net, cnn.averages, history, best=True),
    )
    return parts


def second_head(bench: Bench) -> dict[str, float]:
    """Seconds of the parts of a training whose features another seed has stored."""
    seeds = [bench.trial(bench.pretrained, BACKBONE_SIZE, seed=seed) for seed in (1, 2)]
    profiler = cProfile.Profile()
    for trial in seeds:
        profiler.clear()
        with profiler:
            fit(trial, bench.dataset, weights=bench.weights, on_epoch=lambda history: None)
    stats = pstats.Stats(profiler).stats
    cumulative = {(Path(file).name, name): times[3] for (file, _, name), times in stats.items()}
    return {part: cumulative[place] for place, part in PARTS.items()}


def four_rates(bench: Bench, precision: str) -> dict[str, float]:
    """Seconds of a list of trainings by what is done; its epochs are those that `fit` times."""
    began = time.perf_counter()
    runs = train_all(rate_trials(bench, precision), bench.dataset).values()
    whole = time.perf_counter() - began
    epochs = sum(run.history["seconds"].sum() for run in runs)
    first = sum(run.history["seconds"].iloc[0] for run in runs)
    usual = sum(run.history["seconds"].iloc[1:].median() for run in runs)
    return {
        "epochs": epochs - (first - usual),
        "compiling, in the first epoch of each": first - usual,
        "processes, imports, checkpoints, predictions, models": whole - epochs,
        "the whole list": whole,
    }


if __name__ == "__main__":
    main()
