"""Trainings and feature passes on a Dask cluster. A task is one trial, or a shard of images."""

import contextlib
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from distributed import Client

from wastelib.data.arrays import new_array
from wastelib.data.batches import decoded, decoded_file
from wastelib.data.dataset import Dataset
from wastelib.data.lock import one_at_a_time
from wastelib.errors import WasteError
from wastelib.files import whole_folder
from wastelib.models.backbones import Weights, find_weights
from wastelib.training import remote
from wastelib.training.dask_client import Task, carried_out, connected
from wastelib.training.earlier import earlier_runs
from wastelib.training.features import PASS, features_file, stored, write_seconds
from wastelib.training.parcel import pack, run_files, weights_folder
from wastelib.training.process import TrainingProcess
from wastelib.training.progress import Progress
from wastelib.training.run import FILES, open_run
from wastelib.training.trial import Trial

SHARD_BYTES = 8_000_000  # of pixels: they lie in the scheduler's memory until they are done

Failures = dict[str, BaseException]


def carry_out_on(
    scheduler: str, todo: dict[str, Trial], dataset: Dataset, weights: str, progress: Progress
) -> Failures:
    """Train all trials of `todo` (run -> trial) on a cluster; return why those failed that did.

    Runs and features are written into the build folder here, as if they were made here.
    """
    with connected(scheduler) as client:
        job = _Jobs(client, dataset, weights, todo)
        job.compute_features()
        job.train(progress)
        client.run(TrainingProcess.end_idle, on_error="ignore")
        return job.failures


class _Jobs:
    """The trials of one call, and what became of them."""

    def __init__(
        self, client: Client, dataset: Dataset, weights: str, todo: dict[str, Trial]
    ) -> None:
        self.client, self.dataset, self.todo = client, dataset, dict(todo)
        self.failures: Failures = {}
        self.found: dict[str, Weights] = {}
        for run, trial in todo.items():
            if trial.model.kind == "pretrained":
                with self._failing([run]):
                    model = trial.model
                    self.found[run] = find_weights(weights, model.backbone, trial.image_size)

    @contextlib.contextmanager
    def _failing(self, runs: Iterable[str]) -> Iterator[None]:
        """What goes wrong inside is why these runs failed; they are not tried further."""
        try:
            yield
        except Exception as error:
            for run in runs:
                self.failures[run] = error
                self.todo.pop(run)

    def compute_features(self) -> None:
        """Make the features that trials want and that are not stored, shard by shard."""
        readers: dict[Path, list[str]] = {}
        for run in (run for run in self.found if self.todo[run].reads_features):
            readers.setdefault(features_file(self.dataset, self.todo[run]), []).append(run)
        for file, runs in readers.items():
            with self._failing(runs), one_at_a_time(file):
                if not stored(file):
                    self._compute(file, runs[0])

    def _compute(self, file: Path, run: str) -> None:
        trial = self.todo[run]
        pixels = decoded(self.dataset, trial.image_size, trial.view)
        images = max(1, SHARD_BYTES // (PASS * pixels[0].nbytes)) * PASS
        order = self._order(run, "shard")
        tasks = (
            Task(str(start), remote.shard_here, (order, np.asarray(pixels[start : start + images])))
            for start in range(0, len(pixels), images)
        )
        sent = pack(self.dataset, weights=[self.found[run]])
        at_once = 2 * max(1, len(self.client.scheduler_info()["workers"]))
        results = carried_out(self.client, tasks, sent, at_once=at_once)
        seconds = 0.0
        with contextlib.ExitStack() as stack, contextlib.closing(results):
            features = None
            for start, result in results:
                if isinstance(result, BaseException):
                    raise result
                (count, *shape), content, took = result
                if features is None:
                    purpose = "the cache of features"
                    whole = new_array(file, (len(pixels), *shape), np.float32, purpose)
                    features = stack.enter_context(whole)
                figures = np.frombuffer(content, np.float32).reshape(count, *shape)
                features[int(start) : int(start) + count] = figures
                seconds += took
        write_seconds(file, seconds, len(pixels))

    def train(self, progress: Progress) -> None:
        """Train all trials that are left; write their runs here as they come."""
        folder = self.dataset.build_folder
        more = set()
        for trial in self.todo.values():
            if (split := self.dataset.split_file(trial.split)) is not None:
                more.add(split)
            if trial.reads_features:
                file = features_file(self.dataset, trial)
                more |= {file, file.with_suffix(".json")}
            else:
                decoded(self.dataset, trial.image_size, trial.view)
                more.add(decoded_file(self.dataset, trial.image_size, trial.view))
            for earlier in earlier_runs(trial):
                more |= set(run_files(folder / "runs" / earlier))
        found = [self.found[run] for run in self.todo if run in self.found]
        sent = pack(self.dataset, more=sorted(more), weights=found)
        tasks = [Task(run, remote.train_here, (self._order(run, "train"),)) for run in self.todo]

        def on_report(report: dict) -> None:
            progress.epoch(**{key: v for key, v in report.items() if key != "worker"})

        results = carried_out(self.client, tasks, sent, at_once=len(tasks), on_report=on_report)
        with contextlib.closing(results):
            for run, result in results:
                progress.end(run)
                with self._failing([run]):
                    if isinstance(result, BaseException):
                        raise result
                    store(folder / "runs" / run, result)

    def _order(self, run: str, task: str) -> dict:
        found = self.found.get(run)
        is_sent = found is not None and found.file is not None
        return {
            "task": task,
            "trial": self.todo[run].model_dump(mode="json"),
            "weights": weights_folder(found.identity) if is_sent else "imagenet",
        }


def store(folder: Path, files: dict[str, bytes]) -> None:
    """Write a run that came from elsewhere, whole, and check that it is what it should be."""
    if set(files) != set(FILES):
        raise WasteError(f"a run came back with other files: {sorted(files)}", where=folder)
    with one_at_a_time(folder):
        if not folder.exists():
            with whole_folder(folder) as unfinished:
                for name, content in files.items():
                    (unfinished / name).write_bytes(content)
    try:
        open_run(folder)
    except Exception:
        shutil.rmtree(folder)
        raise
