"""The finished runs that a trial needs: the one that it starts from, and its teacher."""

from pathlib import Path

from wastelib.data.dataset import Dataset
from wastelib.errors import WasteError
from wastelib.training.run import Run, open_run
from wastelib.training.trial import Trial

FIRST = "train that one first, in a call of its own"


def earlier_runs(trial: Trial) -> list[str]:
    """Hashes of the runs that must be finished before `trial` is trained."""
    start = trial.model.start if trial.model.kind == "pretrained" else None
    return [run for run in (start, trial.teacher) if run is not None]


def teacher_trial(trial: Trial, build_folder: Path) -> Trial | None:
    """What the trial's teacher was trained by, if it has one."""
    if trial.teacher is None:
        return None
    return open_run(build_folder / "runs" / trial.teacher).trial


def refuse_what_cannot_begin(trial: Trial, dataset: Dataset) -> None:
    """Raise `WasteError` unless `trial` is of `dataset`, and the runs that it needs are there.

    These must fit: be of the same split, and have a model that this one can go on from, or that
    can be shown the same images.
    """
    if trial.dataset != dataset.fingerprint:
        raise WasteError(
            "the trial was declared for another dataset",
            where=dataset.root,
            remedy="declare it with the fingerprint of this dataset",
        )
    if trial.model.kind == "pretrained" and trial.model.start is not None:
        _refuse_as_start(_finished(trial.model.start, "starts from", dataset), trial)
    if trial.teacher is not None:
        _refuse_as_teacher(_finished(trial.teacher, "is taught by", dataset), trial)


def _finished(run: str, relation: str, dataset: Dataset) -> Run:
    folder = dataset.build_folder / "runs" / run
    if not folder.exists():
        raise WasteError(
            f"a trial {relation} the run {run}, which is not finished", where=folder, remedy=FIRST
        )
    return open_run(folder)


def _refuse_as_start(run: Run, trial: Trial) -> None:
    begun = run.trial
    if _taken_over(begun) != _taken_over(trial) or (
        begun.model.unfrozen_layers > trial.model.unfrozen_layers
    ):
        raise WasteError(
            f"a trial starts from the run {run.hash}, whose weights do not fit it",
            where=run.folder,
            remedy="start from a run of the same backbone, weights, head and image size, with no "
            "more layers unfrozen",
        )
    if begun.split != trial.split:
        raise WasteError(
            f"a trial starts from the run {run.hash}, which was trained on another split and may "
            "have seen what this one is tested on",
            where=run.folder,
            remedy="train one on the same split first, and start from that",
        )


def _taken_over(trial: Trial) -> tuple:
    """What must be equal for one trial to go on with the weights of another."""
    model = trial.model
    if model.kind != "pretrained":
        return (model.kind,)
    return model.backbone, model.weights, model.head_units, trial.image_size


def _refuse_as_teacher(run: Run, trial: Trial) -> None:
    """A teacher of another dataset may know other classes, one of another split the test."""
    for name in ("dataset", "split", "image_size", "view"):
        theirs, ours = getattr(run.trial, name), getattr(trial, name)
        if theirs != ours:
            raise WasteError(
                f"a trial is taught by the run {run.hash}, which has another {name}: {theirs}, "
                f"and not {ours}",
                where=run.folder,
                remedy="choose a teacher of the same dataset, split, image_size and view",
            )
