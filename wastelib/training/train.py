"""Trial -> Run, for one trial or many: `train` and `train_all`."""

from collections.abc import Mapping
from functools import partial

from wastelib.data.dataset import Dataset
from wastelib.errors import WasteError
from wastelib.training.budget import Budget, Job, threads_for
from wastelib.training.earlier import refuse_what_cannot_begin
from wastelib.training.features import features_file, stored
from wastelib.training.pool import carry_out
from wastelib.training.progress import Progress
from wastelib.training.run import Run, open_run
from wastelib.training.trial import Trial

Failures = dict[str, BaseException]


def train(
    trial: Trial, dataset: Dataset, *, weights: str = "demo", name: str = "", scheduler: str = ""
) -> Run:
    """Train `trial` on `dataset` and return its run: `train_all` for a list of one.

    `name` is for the progress display. What goes wrong is raised as it is.
    """
    name = name or trial.hash
    return train_all({name: trial}, dataset, weights=weights, scheduler=scheduler)[name]


def train_all(
    trials: Mapping[str, Trial], dataset: Dataset, *, weights: str = "demo", scheduler: str = ""
) -> dict[str, Run]:
    """Train all `trials` on `dataset`; return their runs by the same names, in the same order.

    Runs are in `dataset.build_folder/runs`. One that exists is returned as it is, a training
    that was interrupted goes on after its last finished epoch, and equal trials are trained
    once. `weights` says where backbones' weights are (see `find_weights`) and must be those
    that the trials name; the names are for the progress display.

    Trainings have processes of their own: the memory is free again afterwards, which
    TensorFlow alone does not manage, and if the system kills one for want of memory, the
    caller lives to say so. As many run side by side as cores and memory allow, on this machine
    or, if `scheduler` is the address of a Dask scheduler ("tcp://host:8786"), on its workers.

    Raises `WasteError` at once if a trial is of another dataset, or starts from or is taught by a
    run that is not finished or does not fit, or the scheduler cannot be used. A training that
    fails (other weights, a full disk, a process that was killed) stops no other: when all have
    ended, one `WasteError` names those that failed, and why.
    """
    for trial in trials.values():
        refuse_what_cannot_begin(trial, dataset)
    _train_missing(
        {name: trial.trained for name, trial in trials.items()}, dataset, weights, scheduler
    )
    # What is only tested in another way is so here: it takes seconds, and another dataset's files.
    _train_missing(trials, dataset, weights, scheduler="")
    return {name: open_run(_folder(dataset, trial.hash)) for name, trial in trials.items()}


def _train_missing(
    trials: Mapping[str, Trial], dataset: Dataset, weights: str, scheduler: str
) -> None:
    names = {trial.hash: name for name, trial in reversed(trials.items())}
    distinct = {trial.hash: trial for trial in trials.values()}
    todo = {h: t for h, t in distinct.items() if not _folder(dataset, h).exists()}
    if not todo:
        return
    with Progress({run: (names[run], trial.epochs) for run, trial in todo.items()}) as progress:
        if scheduler:
            from wastelib.training.cluster import carry_out_on

            failures = carry_out_on(scheduler, todo, dataset, weights, progress)
        else:
            failures = _carry_out_here(todo, len(names), dataset, weights, progress)
    if failures:
        raise _failed({names[run]: reason for run, reason in failures.items()}, len(names))


def _folder(dataset: Dataset, run: str):
    return dataset.build_folder / "runs" / run


def _carry_out_here(
    todo: dict[str, Trial], trials: int, dataset: Dataset, weights: str, progress: Progress
) -> Failures:
    """Train on this machine: first the features that several trials may read, by all cores."""
    budget = Budget.of_this_machine()
    failures: Failures = {}

    def on_end(run: str, reason: BaseException | None) -> None:
        progress.end(run)
        if reason is not None:
            failures[run] = reason

    job = partial(Job.of, dataset=dataset, weights=weights)
    passes = {
        str(file): job("features", trial, key=run, threads=budget.cores)
        for run, trial in todo.items()
        if trial.reads_features and not stored(file := features_file(dataset, trial))
    }
    # A pass that fails is no end: the training that wants the features fails for that reason.
    carry_out(passes.values(), budget, on_epoch=progress.epoch, on_end=lambda *_: None)
    threads = threads_for(trials, budget.cores)
    trainings = [job("train", trial, key=run, threads=threads) for run, trial in todo.items()]
    carry_out(trainings, budget, on_epoch=lambda run, r: progress.epoch(run, **r), on_end=on_end)
    return failures


def _failed(failures: Failures, trials: int) -> BaseException:
    """The reason itself if there was one trial; else one error that names all that failed."""
    if trials == 1:
        return next(iter(failures.values()))
    reasons = "".join(f"\n  {name}: {_last_line(reason)}" for name, reason in failures.items())
    remedies = {r.remedy for r in failures.values() if isinstance(r, WasteError) and r.remedy}
    error = WasteError(
        f"{len(failures)} of {trials} trainings failed, the others are finished and kept{reasons}",
        remedy="; ".join(sorted(remedies)) or None,
    )
    error.__cause__ = next(iter(failures.values()))
    return error


def _last_line(reason: BaseException) -> str:
    """What a `WasteError` says; of a traceback, the last line."""
    if isinstance(reason, WasteError):
        where = "" if reason.where is None else f" ({reason.where})"
        return f"{reason.what}{where}"
    return (str(reason).strip() or type(reason).__name__).splitlines()[-1]
