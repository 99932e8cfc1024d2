"""The one training function: `train(trial, …) -> Run`."""

from wastelib.data.dataset import Dataset
from wastelib.errors import WasteError
from wastelib.training.process import ProcessDiedError, TrainingProcess
from wastelib.training.progress import Progress
from wastelib.training.run import Run, open_run
from wastelib.training.trial import Trial


def train(trial: Trial, dataset: Dataset, *, weights: str = "demo", name: str = "") -> Run:
    """Train `trial` on `dataset` and return its run, in `dataset.build_folder/runs`.

    A run that exists is returned as it is. A training that was interrupted goes on after its
    last finished epoch. `weights` says where a backbone's weights are (see `find_weights`)
    and must be those that the trial names; `name` is for the progress display.

    Trainings have a process of their own: its memory is free again afterwards, which
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
        "build_folder": str(dataset.build_folder.resolve()),
        "weights": weights,
    }
    with Progress(name or trial.hash, trial.hash, trial.epochs) as progress:
        try:
            for report in TrainingProcess.reports(order):
                progress.epoch(**report)
        except ProcessDiedError as error:
            raise WasteError(
                f"the training process {error}, most likely for want of memory",
                where=f"trial {trial.hash}, {trial.image_size} px, batch_size {trial.batch_size}",
                remedy=f"close other programs, or try batch_size {max(trial.batch_size // 2, 1)} "
                "or smaller images; finished epochs are kept",
            ) from error
    return open_run(folder)
