"""Does bfloat16 move the accuracy? Several seeds of the published CNN in both precisions.

`python -m tests.benchmarks.precision --data … --record FOLDER`. On validation images: nothing
is chosen here that could be paid for with the test.
"""

import argparse
import json
import os
import statistics
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from tests.benchmarks.speed import prepared
from wastelib.data.sources import locate
from wastelib.displays import difference
from wastelib.evaluation.spread import across_seeds
from wastelib.training.environment import environment
from wastelib.training.train import train_all
from wastelib.training.trial import CustomModel, Trial

PRECISIONS = ("float32", "bfloat16")


def main() -> None:
    """Train, compare, and write precision.json where `--record` says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="demo")
    parser.add_argument("--image-size", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--record", type=Path, required=True)
    options = parser.parse_args()
    source = locate(options.data, demo_images=1200, seed=42)
    with TemporaryDirectory() as build:
        dataset = prepared(source.root, build)
        split = dataset.splits["group"]
        trials = {
            f"{precision} seed {seed}": Trial(
                dataset=dataset.fingerprint,
                split=split.fingerprint,
                model=CustomModel(),
                image_size=options.image_size,
                learning_rate=1e-3,
                epochs=options.epochs,
                restore_best=True,
                precision=precision,
                seed=seed,
            )
            for seed in range(options.seeds)
            for precision in PRECISIONS
        }
        runs = train_all(trials, dataset)
        results = {
            "data": f"{source.name}, {len(dataset.catalogue)} images, validation images by group",
            "model": f"published CNN, {options.image_size} px, {options.epochs} epochs, best epoch",
            **{
                p: _scores([runs[f"{p} seed {s}"] for s in range(options.seeds)])
                for p in PRECISIONS
            },
            "environment": environment(),
        }
    options.record.mkdir(parents=True, exist_ok=True)
    text = json.dumps(results, indent=2) + "\n"
    (options.record / "precision.json").write_text(text, "utf-8")
    (options.record / "precision.md").write_text(in_words(results), "utf-8")
    print(in_words(results))


def in_words(results: dict) -> str:
    """The comparison as a table, with the difference beside the spread of the seeds."""
    rows = "".join(
        f"| {name} | {scores['mean']:.1%} | {scores['standard_deviation']:.1%} | "
        f"{min(scores['validation_accuracy']):.1%} to {max(scores['validation_accuracy']):.1%} | "
        f"{scores['epoch_seconds']:.1f} s |\n"
        for name, scores in ((precision, results[precision]) for precision in PRECISIONS)
    )
    seeds = len(results["float32"]["validation_accuracy"])
    moved = across_seeds(
        b - a for a, b in zip(*(results[p]["validation_accuracy"] for p in PRECISIONS), strict=True)
    )
    return (
        f"{results['data']}; {results['model']}, {seeds} seeds:\n\n"
        "| Precision | Mean accuracy | Standard deviation | Range | Epoch |\n"
        f"| --- | ---: | ---: | ---: | ---: |\n{rows}\n"
        "bfloat16 minus float32, paired by seed: "
        f"{difference(moved.mean, moved.interval)} points (95 % t interval over seeds).\n"
    )


def _scores(runs: list) -> dict:
    accuracies = [float(run.kept_epoch["val_accuracy"]) for run in runs]
    return {
        "validation_accuracy": [round(accuracy, 4) for accuracy in accuracies],
        "mean": round(statistics.mean(accuracies), 4),
        "standard_deviation": round(statistics.stdev(accuracies), 4),
        "epoch_seconds": round(
            statistics.median(run.history["seconds"].median() for run in runs), 2
        ),
    }


if __name__ == "__main__":
    main()
