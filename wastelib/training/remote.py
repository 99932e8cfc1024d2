"""What a Dask worker does: carry out one task at a time, in a training process of its own.

These functions are called by Dask, on a machine that has this very package but may share no
files with the one that asks. What is too large for a message comes as a parcel beforehand.
"""

import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from distributed import Worker, WorkerPlugin, get_worker

import wastelib
from wastelib.errors import WasteError
from wastelib.training import parcel
from wastelib.training.pool import want_of_memory
from wastelib.training.process import OnReport, ProcessDiedError, TrainingProcess
from wastelib.training.run import FILES
from wastelib.training.trial import Trial

SLOT = "wastelib-training"  # each worker has one; a task takes it

_running: dict[str, TrainingProcess] = {}  # by the key of Dask's task


@dataclass(frozen=True)
class MissingFiles:
    """The answer of a worker on whose machine files of the parcel are missing."""

    worker: str


class OneAtATime(WorkerPlugin):
    """Gives a worker its one slot, and ends a training that nobody waits for any more."""

    name = "wastelib-one-at-a-time"
    idempotent = True

    async def setup(self, worker: Worker) -> None:
        """A worker joins, or was there already."""
        await worker.set_resources(**{SLOT: 1})

    def transition(self, key: str, start: str, finish: str, **_) -> None:
        """Dask gives up a task when its client is stopped, but cannot interrupt it."""
        if finish in ("cancelled", "released") and key in _running:
            _running[key].kill()

    def teardown(self, worker: Worker) -> None:
        """The worker closes."""
        for process in list(_running.values()):
            process.kill()


def versions() -> dict[str, str]:
    """Versions that must be the same here and there."""
    names = ("tensorflow", "keras", "numpy")
    return {"wastelib": wastelib.__version__} | {name: version(name) for name in names}


def refuse_other_versions(theirs: dict[str, str], ours: dict[str, str], where: str) -> None:
    """Raise `WasteError` if the two sides have not the same packages."""
    if different := [name for name in ours if theirs.get(name) != ours[name]]:
        told = ", ".join(f"{name} {theirs.get(name)} instead of {ours[name]}" for name in different)
        raise WasteError(
            f"the cluster has other versions: {told}",
            where=where,
            remedy="install this project there from the same requirements.lock",
        )


def train_here(
    order: dict, key: str, sizes: dict[str, int], asked: dict[str, str], topic: str
) -> dict[str, bytes] | MissingFiles:
    """Train a trial; return the files of its run. Each epoch is told under `topic`."""
    worker, run = get_worker(), Trial.model_validate(order["trial"]).hash
    refuse_other_versions(versions(), asked, worker.address)
    if parcel.lacking(key, sizes):
        return MissingFiles(worker.address)
    folder = parcel.folder_here(key)
    told = {"run": run, "worker": worker.address}
    _carry_out(worker, order, folder, lambda report: worker.log_event(topic, told | report))
    return {name: (folder / "runs" / run / name).read_bytes() for name in FILES}


def shard_here(
    order: dict,
    pixels: np.ndarray,
    key: str,
    sizes: dict[str, int],
    asked: dict[str, str],
    topic: str,
) -> tuple[tuple[int, ...], bytes, float] | MissingFiles:
    """Features of some images: their shape, their float32 figures, and the seconds they took."""
    worker = get_worker()
    refuse_other_versions(versions(), asked, worker.address)
    if parcel.lacking(key, sizes):
        return MissingFiles(worker.address)
    folder = parcel.folder_here(key)
    with tempfile.TemporaryDirectory(dir=worker.local_directory) as private:
        source, into = Path(private) / "pixels.npy", Path(private) / "features.npy"
        np.save(source, pixels)
        files = {"pixels": str(source), "into": str(into)}
        report = _carry_out(worker, order | files, folder)
        features = np.load(into)
    return features.shape, features.tobytes(), report["seconds"]


def _carry_out(
    worker: Worker, order: dict, folder: Path, on_report: OnReport = lambda report: None
) -> dict:
    """Carry out an order in `folder`, with as many threads as Dask gave this worker."""
    task = worker.get_current_task()
    process = _running[task] = TrainingProcess.take(worker.state.nthreads)
    weights = folder / order["weights"]  # a folder of the parcel, or else a word
    order |= {"build_folder": str(folder)}
    if weights.is_dir():
        order |= {"weights": str(weights)}
    try:
        return process.carry_out(order, on_report)
    except ProcessDiedError as error:
        raise want_of_memory(order, worker.state.nthreads, error) from error
    finally:
        del _running[task]
