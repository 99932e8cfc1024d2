"""What is each ingredient of the recipe worth? The recipe, and without one of them at a time.

`python -m tests.benchmarks.ablation --data … --image-size … --epochs … --record FOLDER`. On
validation images, by group: nothing is chosen here that could be paid for with the test. With
`--build FOLDER` the runs are kept, and one that was stopped goes on.
"""

import argparse
import json
import os
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from tests.benchmarks.speed import prepared
from wastelib.data.dataset import Dataset
from wastelib.data.sources import locate
from wastelib.displays import difference, estimate
from wastelib.evaluation.spread import across_seeds
from wastelib.training.environment import environment
from wastelib.training.run import Run
from wastelib.training.train import train_all
from wastelib.training.trial import CustomModel, Trial

RECIPE = {
    "optimizer": "adamw",
    "learning_rate": 3e-3,
    "weight_decay": 0.05,
    "schedule": "cosine",
    "warmup_epochs": 2,
    "label_smoothing": 0.1,
    "augmentation": "strong",
    "averaging": 0.99,
}

# What takes each ingredient's place.
WITHOUT = {
    "AdamW (Adam)": {"optimizer": "adam", "weight_decay": 0.0},
    "schedule (constant rate)": {"schedule": "constant", "warmup_epochs": 0},
    "label smoothing": {"label_smoothing": 0.0},
    "augmentation": {"augmentation": "none"},
    "averaging": {"averaging": 0.0},
}

COMPLETE = "complete"
ARMS = {COMPLETE: {}} | {f"without {name}": changes for name, changes in WITHOUT.items()}


def main() -> None:
    """Train, compare, and write ablation.json and ablation.md where `--record` says."""
    options = _options()
    source = locate(options.data, demo_images=1200, seed=42)
    with _build_folder(options.build) as build:
        dataset = prepared(source.root, build)
        runs = train_all(trials_of(dataset, options), dataset)
    results = {
        "data": f"{source.name}, {len(dataset.catalogue)} images, validation images by group",
        "model": f"{options.network}, {options.image_size} px, {options.epochs} epochs, best epoch",
        "seeds": options.seeds,
        "arms": {
            arm: _scores([runs[_name(arm, seed)] for seed in range(options.seeds)]) for arm in ARMS
        },
        "environment": environment(),
    }
    options.record.mkdir(parents=True, exist_ok=True)
    text = json.dumps(results, indent=2) + "\n"
    (options.record / "ablation.json").write_text(text, "utf-8")
    (options.record / "ablation.md").write_text(in_words(results), "utf-8")
    print(in_words(results))


def trials_of(dataset: Dataset, options: argparse.Namespace) -> dict[str, Trial]:
    """All arms of one seed, then of the next: what is stopped early has whole pairs."""
    common = {
        "dataset": dataset.fingerprint,
        "split": dataset.splits["group"].fingerprint,
        "model": CustomModel(network=options.network),
        "image_size": options.image_size,
        "epochs": options.epochs,
        "restore_best": True,
    }
    return {
        _name(arm, seed): Trial(**common | RECIPE | changes, seed=seed)
        for seed in range(options.seeds)
        for arm, changes in ARMS.items()
    }


def in_words(results: dict) -> str:
    """A table: each arm's mean over seeds, and what it loses against the complete recipe."""
    arms = results["arms"]
    complete = arms[COMPLETE]["validation_accuracy"]
    rows = []
    for arm, scores in arms.items():
        found = across_seeds(scores["validation_accuracy"], within=(0, 1))
        lost = across_seeds(
            one - other for one, other in zip(scores["validation_accuracy"], complete, strict=True)
        )
        against = "" if arm == COMPLETE else difference(lost.mean, lost.interval)
        rows.append(
            f"| {arm} | {estimate(found.mean, found.interval)} | {against} | "
            f"{scores['validation_loss']:.3f} | {scores['epoch_seconds']:.1f} s |\n"
        )
    return (
        f"{results['data']}; {results['model']}, {results['seeds']} seeds. Brackets hold 95 % "
        "t intervals over seeds; differences, in points, are paired by seed:\n\n"
        "| Recipe | Mean accuracy | Minus the complete one | Mean loss | Epoch |\n"
        f"| --- | ---: | ---: | ---: | ---: |\n{''.join(rows)}"
    )


def _scores(runs: list[Run]) -> dict:
    kept = [run.kept_epoch for run in runs]
    return {
        "validation_accuracy": [round(float(epoch["val_accuracy"]), 4) for epoch in kept],
        "validation_loss": round(statistics.mean(float(epoch["val_loss"]) for epoch in kept), 4),
        "kept_epoch": [int(epoch["epoch"]) for epoch in kept],
        "epoch_seconds": round(
            statistics.median(run.history["seconds"].median() for run in runs), 2
        ),
    }


def _name(arm: str, seed: int) -> str:
    return f"{arm}, seed {seed}"


@contextmanager
def _build_folder(kept: str) -> Iterator[str]:
    if kept:
        yield kept
        return
    with TemporaryDirectory() as temporary:
        yield temporary


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="demo", help="demo, realwaste, a zip or a folder")
    parser.add_argument("--network", default="residual_m", help="a key of models.custom.CUSTOM")
    parser.add_argument("--image-size", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--build", default="", help="a folder that keeps the runs")
    parser.add_argument("--record", type=Path, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
