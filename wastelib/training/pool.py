"""Training processes side by side on this machine, as many as its cores and memory allow."""

import contextlib
import queue
import threading
from collections.abc import Callable, Iterable

from wastelib.errors import WasteError
from wastelib.training import machine
from wastelib.training.budget import Budget, Job
from wastelib.training.process import ProcessDiedError, TrainingProcess
from wastelib.training.trial import Trial

OnEnd = Callable[[str, BaseException | None], None]


def carry_out(
    jobs: Iterable[Job],
    budget: Budget,
    *,
    on_epoch: Callable[[str, dict], None],
    on_end: OnEnd,
) -> None:
    """Carry out all jobs, begun in their order.

    Both are called in this thread, with a job's key: `on_epoch` with the report of each epoch,
    `on_end` with the reason if the job failed, which stops no other. Whatever stops this
    function, Ctrl-C too, ends the processes; so does the death of this process.
    """
    waiting = list(jobs)
    running: dict[str, tuple[Job, TrainingProcess, threading.Thread]] = {}
    reports: queue.SimpleQueue = queue.SimpleQueue()
    try:
        while waiting or running:
            while waiting and budget.admits(waiting[0], [job for job, *_ in running.values()]):
                job = waiting.pop(0)
                process = TrainingProcess.take(job.threads)
                thread = threading.Thread(target=_wait, args=(job, process, reports), daemon=True)
                running[job.key] = job, process, thread
                thread.start()
            key, report, reason = reports.get()
            if report is not None:
                on_epoch(key, report)
                continue
            running.pop(key)
            on_end(key, reason)
    finally:
        for _, process, _ in running.values():
            process.kill()
        for *_, thread in running.values():
            thread.join()


def _wait(job: Job, process: TrainingProcess, reports: queue.SimpleQueue) -> None:
    """Hand on each report of one process as (key, report, None), and its end with a reason."""
    reason: BaseException | None = None
    try:
        process.carry_out(job.order, lambda report: reports.put((job.key, report, None)))
    except ProcessDiedError as error:
        reason = want_of_memory(job.order, job.threads, error)
    except Exception as error:
        reason = error
    reports.put((job.key, None, reason))


def want_of_memory(order: dict, threads: int, error: ProcessDiedError) -> WasteError:
    """What a user can do about a training that most likely found no memory.

    The process that is asked for figures has so many threads, and serves the next training.
    """
    trial = Trial.model_validate(order["trial"])
    figures = ""
    with contextlib.suppress(Exception):  # the message is worth more than its figures
        process = TrainingProcess.take(threads)
        needed = process.carry_out(order | {"task": "memory"})["needed_bytes"] / 1e9
        free, total = machine.available_memory() / 1e9, machine.total_memory() / 1e9
        figures = f": it takes about {needed:.1f} GB, and of {total:.1f} GB {free:.1f} are free now"
    return WasteError(
        f"the training process {error}{figures}",
        where=f"trial {trial.hash}, {trial.image_size} px, batch_size {trial.batch_size}",
        remedy=f"close other programs, or try batch_size {max(trial.batch_size // 2, 1)} "
        "or smaller images; finished epochs are kept",
    )
