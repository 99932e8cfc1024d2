"""Four learning rates on a Dask cluster of two workers here, one of them killed on the way.

`python -m tests.benchmarks.cluster DATA` trains notebook 03's sweep twice, on this machine
without Dask and on the cluster, compares the runs, and writes what happened to
report/recorded/cluster/. What is trained already, after a stop too, is not trained again
without Dask; the cluster begins anew each time.
"""

import argparse
import json
import os
import shutil
import signal
import threading
import time
from pathlib import Path

import numpy as np
from distributed import LocalCluster

from wastelib.data.dataset import Dataset, prepare
from wastelib.data.groups import GroupRule
from wastelib.files import write_json
from wastelib.training.environment import environment
from wastelib.training.machine import cores
from wastelib.training.train import train_all
from wastelib.training.trial import CustomModel, Trial

ROOT = Path(__file__).parents[2]
WORK = ROOT / "report" / "build" / "cluster"
RECORD = ROOT / "report" / "recorded" / "cluster"
KILL_AT_EPOCH = 3


def main() -> None:
    """Prepare the photographs, train twice, compare, record."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("data", help="a zip or folder of photographs")
    arguments.add_argument("--image-size", type=int, default=128)
    arguments.add_argument("--epochs", type=int, default=5)
    asked = arguments.parse_args()
    data = str(Path(asked.data).resolve())

    here = _prepared(data, WORK / "here")
    trials = _trials(here, asked.image_size, asked.epochs)
    began = time.monotonic()
    expected = train_all(trials, here)
    seconds_here = time.monotonic() - began

    shutil.rmtree(WORK / "there", ignore_errors=True)
    shutil.rmtree(WORK / "machine", ignore_errors=True)
    there = _prepared(data, WORK / "there")
    os.environ["WASTELIB_CACHE"] = str(WORK / "machine")  # what the workers' machine keeps
    options = {"n_workers": 2, "threads_per_worker": cores(), "dashboard_address": "127.0.0.1:0"}
    with LocalCluster(**options, local_directory=WORK / "machine" / "dask") as cluster:
        witness = Witness(cluster, WORK / "machine" / "progress.jsonl")
        began = time.monotonic()
        runs = train_all(trials, there, scheduler=cluster.scheduler_address)
        seconds_there = time.monotonic() - began
        witness.finished.set()
        witness.join()
    if witness.killed is None:
        raise SystemExit(f"nothing was killed: no training came to epoch {KILL_AT_EPOCH}")

    table = [
        {
            "trial": name,
            "run": runs[name].hash,
            "workers": witness.workers[runs[name].hash],
            "epochs_trained": witness.epochs[runs[name].hash],
            "train_seconds": round(runs[name].manifest["train_seconds"], 1),
            "validation_accuracy": float(runs[name].kept_epoch["val_accuracy"]),
            "predictions_equal": runs[name].predictions.equals(expected[name].predictions),
            "weights_equal": _weights_equal(runs[name], expected[name]),
        }
        for name in trials
    ]
    facts = {
        "data": Path(data).name,
        "images": len(here.catalogue),
        "image_size": asked.image_size,
        "epochs": asked.epochs,
        "threads": {run.manifest["threads"] for run in runs.values()}.pop(),
        "seconds_without_dask": round(seconds_here, 1),
        "seconds_on_cluster": round(seconds_there, 1),
        "killed": witness.killed,
        "trials": table,
        "environment": environment(),
    }
    write_json(RECORD / "cluster.json", facts)
    print(json.dumps(facts, indent=2))


def _prepared(data: str, build: Path) -> Dataset:
    return prepare(
        data,
        build,
        seed=42,
        dataset_name="",
        demo_images=1200,
        unreadable_limit=0.05,
        rule=GroupRule(similarity=0.85),
        train_share=0.6,
        validation_share=0.2,
    )


def _trials(dataset: Dataset, image_size: int, epochs: int) -> dict[str, Trial]:
    """Notebook 03's sweep, as the profile realwaste5 declares it."""
    return {
        f"Adam {rate:g}": Trial(
            dataset=dataset.fingerprint,
            split=dataset.splits["group"].fingerprint,
            model=CustomModel(network="published_cnn"),
            image_size=image_size,
            learning_rate=rate,
            batch_size=32,
            epochs=epochs,
            restore_best=True,
            seed=42,
        )
        for rate in (1e-4, 1e-3, 1e-2, 1e-1)
    }


def _weights_equal(run, other) -> bool:
    pairs = zip(run.load_model().get_weights(), other.load_model().get_weights(), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


class Witness(threading.Thread):
    """Follows the epochs, notes who trains what, and kills one worker at its third epoch."""

    def __init__(self, cluster: LocalCluster, file: Path) -> None:
        super().__init__(daemon=True)
        self.cluster, self.file = cluster, file
        self.workers: dict[str, list[str]] = {}
        self.epochs: dict[str, list[int]] = {}
        self.killed: dict | None = None
        self.finished = threading.Event()
        self.began = time.monotonic()
        os.environ["WASTELIB_PROGRESS"] = str(file)
        file.touch()
        self.start()

    def run(self) -> None:
        """Read each line of the progress file as it comes."""
        with self.file.open() as lines:
            while not self.finished.wait(0.05):
                for line in lines:
                    self._note(json.loads(line))

    def _note(self, told: dict) -> None:
        run, epoch = told["run"], told["epoch"]
        state = next(
            (
                state
                for state in self.cluster.scheduler.workers.values()
                if any(run in task.key for task in state.processing)
            ),
            None,
        )
        self.epochs.setdefault(run, []).append(epoch)
        if state is None:  # its last epoch: the run is on its way back
            return
        workers = self.workers.setdefault(run, [])
        if state.address not in workers:
            workers.append(state.address)
        if epoch == KILL_AT_EPOCH and self.killed is None:
            nannies = self.cluster.workers.values()
            pid = next(n.pid for n in nannies if n.worker_address == state.address)
            os.kill(pid, signal.SIGKILL)
            self.killed = {
                "worker": state.address,
                "signal": "SIGKILL",
                "after_seconds": round(time.monotonic() - self.began, 1),
                "while_training": told["name"],
                "after_epoch": epoch,
            }


if __name__ == "__main__":
    main()
