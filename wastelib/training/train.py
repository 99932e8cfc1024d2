"""The one training function: `train(trial, …) -> Run`."""

import json
import subprocess
import sys

from wastelib.data.dataset import Dataset
from wastelib.errors import WasteError
from wastelib.training.progress import Progress
from wastelib.training.run import Run, open_run
from wastelib.training.trial import Trial


def train(trial: Trial, dataset: Dataset, *, weights: str = "demo", name: str = "") -> Run:
    """Train `trial` on `dataset` and return its run, in `dataset.build_folder/runs`.

    A run that exists is returned as it is. A training that was interrupted goes on after its
    last finished epoch. `weights` says where a backbone's weights are (see `find_weights`)
    and must be those that the trial names; `name` is for the progress display.

    The training has a process of its own: its memory is free again afterwards, which
    TensorFlow alone does not manage, and if the system kills it for want of memory, the
    caller lives to say so.

    Raises `WasteError` if dataset or weights are not the trial's, the disk is full, or the
    process was killed.
    """
    folder = dataset.build_folder / "runs" / trial.hash
    if folder.exists():
        return open_run(folder)
    if trial.dataset != dataset.fingerprint:
        raise WasteError(
            "the trial was declared for another dataset",
            where=dataset.root,
            remedy="declare it with the fingerprint of this dataset",
        )
    order = {
        "trial": trial.model_dump(mode="json"),
        "build_folder": str(dataset.build_folder),
        "weights": weights,
    }
    with Progress(name or trial.hash, trial.hash, trial.epochs) as progress:
        _in_a_process(order, progress, trial)
    return open_run(folder)


def _in_a_process(order: dict, progress: Progress, trial: Trial) -> None:
    """Run `wastelib.training.worker` on `order` and follow what it reports, line by line."""
    process = subprocess.Popen(
        [sys.executable, "-m", "wastelib.training.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # TensorFlow's words; errors come as reports
        text=True,
        encoding="utf-8",
    )
    failure = None
    try:
        json.dump(order, process.stdin)
        process.stdin.close()
        for line in process.stdout:
            report = json.loads(line)
            if "epoch" in report:
                progress.epoch(**report)
            else:
                failure = report
    except BaseException:  # whatever stops this process, Ctrl-C too, stops that one
        process.kill()
        raise
    finally:
        status = process.wait()
        process.stdout.close()
    if failure is not None and "what" in failure:
        raise WasteError(failure["what"], where=failure["where"], remedy=failure["remedy"])
    if failure is not None:
        raise RuntimeError(failure["traceback"])
    if status != 0:
        raise _killed(status, trial)


def _killed(status: int, trial: Trial) -> WasteError:
    smaller = max(trial.batch_size // 2, 1)
    return WasteError(
        f"the training process was ended from outside (status {status}), most likely for want "
        "of memory",
        where=f"trial {trial.hash}, {trial.image_size} px, batch_size {trial.batch_size}",
        remedy=f"close other programs, or try batch_size {smaller} or smaller images; finished "
        "epochs are kept",
    )
