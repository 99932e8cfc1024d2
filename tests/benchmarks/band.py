"""How far apart the same trial ends on machines of another kind, stood for by settings here.

`python -m tests.benchmarks.band --record FOLDER` trains the published CNN under each setting,
with the same seeds: another number of threads adds in another order, a processor without AVX512
or a TensorFlow without oneDNN computes with other kernels. The first setting is trained twice.
"""

import argparse
import json
import os
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from tests.benchmarks.speed import prepared
from wastelib.data.sources import locate
from wastelib.evaluation.metrics import evaluate
from wastelib.training.environment import environment
from wastelib.training.process import TrainingProcess
from wastelib.training.run import Run, declare, open_run
from wastelib.training.trial import CustomModel, Trial

REFERENCE = "two threads"
# Name -> threads, and what the process is told by its environment.
SETTINGS = {
    REFERENCE: (2, {}),
    "the same again": (2, {}),
    "one thread": (1, {}),
    "four threads": (4, {}),
    "no AVX512": (2, {"ONEDNN_MAX_CPU_ISA": "AVX2"}),
    "no oneDNN": (2, {"TF_ENABLE_ONEDNN_OPTS": "0"}),
}


def main() -> None:
    """Train, compare with the first setting, and write band.json and band.md."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="demo")
    parser.add_argument("--image-size", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--record", type=Path, required=True)
    options = parser.parse_args()
    source = locate(options.data, demo_images=1200, seed=42)
    with TemporaryDirectory() as work:
        tests = {name: _tests(name, source.root, Path(work), options) for name in SETTINGS}
    results = {
        "data": f"{source.name}, split by group, {len(tests[REFERENCE][0]['labels'])} test images",
        "model": f"published CNN, {options.image_size} px, {options.epochs} epochs, best epoch",
        "seeds": options.seeds,
        "accuracy": {name: [t["accuracy"] for t in found] for name, found in tests.items()},
        "difference": {
            name: _difference(found, tests[REFERENCE])
            for name, found in tests.items()
            if name != REFERENCE
        },
        "environment": environment(),
    }
    options.record.mkdir(parents=True, exist_ok=True)
    (options.record / "band.json").write_text(json.dumps(results, indent=2) + "\n", "utf-8")
    (options.record / "band.md").write_text(in_words(results), "utf-8")
    print(in_words(results))


def in_words(results: dict) -> str:
    """The band in sentences."""
    others = dict(results["difference"])
    again = others.pop("the same again")
    equal = "equal bit for bit" if again["probability"] == 0 else "not equal"
    accuracies = results["accuracy"][REFERENCE]
    apart = [
        100 * abs(accuracy - reference)
        for name in others
        for accuracy, reference in zip(results["accuracy"][name], accuracies, strict=True)
    ]
    return (
        f"{results['model']}, {results['seeds']} seeds, on {results['data']}: trained again under "
        f"the same setting, test probabilities are {equal}. Under settings that stand for other "
        f"machines ({', '.join(others)}) the test accuracy of the same trial differs by a median "
        f"of {np.median(apart):.1f} points and by at most {max(apart):.1f}, and up to "
        f"{max(o['other_class'] for o in others.values()):.0%} of the images are given another "
        f"class. Between the seeds, under one setting, it differs by up to "
        f"{100 * (max(accuracies) - min(accuracies)):.1f} points.\n"
    )


def _tests(name: str, photos: Path, work: Path, options: argparse.Namespace) -> list[dict]:
    """Accuracy, probabilities and predicted classes of each seed's run on the test images."""
    dataset = prepared(photos, str(work / name))
    found = []
    for seed in range(options.seeds):
        trial = Trial(
            dataset=dataset.fingerprint,
            split=dataset.splits["group"].fingerprint,
            model=CustomModel(),
            image_size=options.image_size,
            learning_rate=1e-3,
            batch_size=16,
            epochs=options.epochs,
            restore_best=True,
            seed=seed,
        )
        run = _trained(trial, dataset.build_folder, *SETTINGS[name])
        declare(dataset.build_folder, "band", {"band": {str(seed): run}})
        table = run.open_test()
        found.append(
            {
                "accuracy": evaluate(table, samples=1).accuracy,
                "probabilities": table[[f"p_{c}" for c in run.classes]].to_numpy(),
                "labels": table["label"].tolist(),
            }
        )
        print(f"{name}, seed {seed}: {found[-1]['accuracy']:.4f}", flush=True)
    return found


def _trained(trial: Trial, build: Path, threads: int, told: dict[str, str]) -> Run:
    """The run of a trial that a process with this environment has made."""
    with _environment(told):
        process = TrainingProcess(threads)
    order = {"task": "train", "trial": trial.model_dump(mode="json"), "weights": "demo"}
    process.carry_out(order | {"build_folder": str(build.resolve())})
    TrainingProcess.end_idle()
    return open_run(build / "runs" / trial.hash)


@contextmanager
def _environment(told: dict[str, str]):
    before = dict(os.environ)
    os.environ.update(told)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _difference(tests: list[dict], reference: list[dict]) -> dict[str, float]:
    """The largest over all seeds: of accuracies, of probabilities, and images of another class."""
    pairs = list(zip(tests, reference, strict=True))
    apart = [abs(a["accuracy"] - b["accuracy"]) for a, b in pairs]
    classes = [
        float(np.mean(a["probabilities"].argmax(axis=1) != b["probabilities"].argmax(axis=1)))
        for a, b in pairs
    ]
    return {
        "accuracy": max(apart),
        "probability": float(
            max(np.abs(a["probabilities"] - b["probabilities"]).max() for a, b in pairs)
        ),
        "other_class": max(classes),
    }


if __name__ == "__main__":
    main()
