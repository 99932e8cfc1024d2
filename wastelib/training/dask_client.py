"""The client's side of Dask: connect, have tasks carried out, send what a machine lacks.

Dask pickles calls and their results, so whoever runs the scheduler or a worker can run code
here: connect to your own only. Results are bytes and numbers, and become files of known names.
"""

import contextlib
import itertools
import queue
import sys
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from distributed import Client, Future, KilledWorker

from wastelib.errors import WasteError
from wastelib.training import parcel, remote
from wastelib.training.parcel import Parcel
from wastelib.training.remote import versions as our_versions

CONNECT_SECONDS = 10
ATTEMPTS = 8  # times that a task may find its files missing: once for each new machine


@contextlib.contextmanager
def connected(scheduler: str) -> Iterator[Client]:
    """A client of the scheduler at that address, whose workers are fit for our tasks."""
    try:
        client = Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False, name="wastelib")
    except (OSError, ValueError, ImportError) as error:  # TimeoutError is an OSError
        raise WasteError(
            f"no Dask scheduler answers: {str(error).splitlines()[0]}",
            where=scheduler,
            remedy="start one with `dask scheduler` and pass the address that it prints, "
            "such as tcp://127.0.0.1:8786; leave SCHEDULER empty to use this machine only",
        ) from error
    with client:
        _announce(client.dashboard_link)
        if not client.scheduler_info()["workers"]:
            print("No Dask worker has joined yet; waiting for the first", file=sys.stderr)
        _refuse_unfit_workers(client, scheduler)
        client.register_plugin(remote.OneAtATime())
        yield client


@cache  # once, however many lists are trained
def _announce(dashboard: str) -> None:
    print(f"Dask dashboard: {dashboard}", file=sys.stderr)


def _refuse_unfit_workers(client: Client, scheduler: str) -> None:
    try:
        answers = {scheduler: client.run_on_scheduler(remote.versions)}
    except Exception as error:  # whatever the other side has raised
        answers = {scheduler: error}
    answers |= client.run(remote.versions, on_error="return")
    for address, answer in answers.items():
        if isinstance(answer, Exception):
            raise WasteError(
                f"the cluster cannot run wastelib {our_versions()['wastelib']}: {answer}",
                where=address,
                remedy="install this project there, in the same version, for scheduler and workers",
            ) from answer
        remote.refuse_other_versions(answer, our_versions(), address)


@dataclass(frozen=True)
class Task:
    """One call on a worker: a function of `remote`, and its first arguments."""

    name: str
    function: Callable
    arguments: tuple


def carried_out(
    client: Client,
    tasks: Iterable[Task],
    sent: Parcel,
    *,
    at_once: int,
    on_report: Callable[[dict], None] = lambda report: None,
) -> Iterator[tuple[str, object]]:
    """Yield each task's name with its result, or the exception it ended with, as they end.

    Dask runs a lost worker's task again elsewhere. A machine that lacks files of `sent` gets
    them. `on_report` is called in this thread with what tasks tell meanwhile. At most
    `at_once` tasks are handed to Dask at a time. Closing the iterator gives up the rest.
    """
    calls = _Calls(client, sent)
    waiting = iter(tasks)
    try:
        for task in itertools.islice(waiting, at_once):
            calls.submit(task)
        while calls.futures:
            name, event = calls.events.get()
            if name is None:
                on_report(event)
                continue
            result = _outcome(event)
            if isinstance(result, remote.MissingFiles):
                result = calls.send_to(name, result.worker)
                if result is None:
                    continue
            calls.futures.pop(name)
            yield name, result
            if task := next(waiting, None):
                calls.submit(task)
    finally:
        calls.give_up()


class _Calls:
    """Tasks that are with Dask, and all that is heard of them, in the order it came."""

    def __init__(self, client: Client, sent: Parcel) -> None:
        self.client, self.sent = client, sent
        self.facts = (sent.key, sent.sizes(), our_versions())
        self.topic = f"wastelib-{uuid.uuid4().hex}"
        self.events: queue.SimpleQueue = queue.SimpleQueue()
        self.futures: dict[str, tuple[Task, Future]] = {}
        self.attempts: Counter[str] = Counter()
        client.subscribe_topic(self.topic, lambda event: self.events.put((None, event[1])))

    def submit(self, task: Task, near: str | None = None) -> None:
        """Hand a task to Dask, which prefers the worker `near` if that is still there."""
        self.attempts[task.name] += 1
        future = self.client.submit(
            task.function,
            *task.arguments,
            *self.facts,
            self.topic,
            key=f"{self.topic}-{task.name}-{self.attempts[task.name]}",
            pure=False,
            resources={remote.SLOT: 1},
            workers=None if near is None else [near],
            allow_other_workers=near is not None,
        )
        self.futures[task.name] = task, future
        future.add_done_callback(lambda done: self.events.put((task.name, done)))

    def send_to(self, name: str, worker: str) -> WasteError | None:
        """Send the parcel to a worker's machine and submit the task again, or say why not."""
        task, _ = self.futures[name]
        if self.attempts[name] > ATTEMPTS:
            return WasteError(
                f"the files of the training did not arrive in {ATTEMPTS} attempts",
                where=worker,
                remedy="look at the log of that worker, and at the room on its disk",
            )
        try:
            send(self.client, self.sent, worker)
        except WasteError as error:
            return error
        except (OSError, ValueError):
            pass  # that worker was lost meanwhile: the next one says what it lacks
        self.submit(task, near=worker)
        return None

    def give_up(self) -> None:
        """Release everything; trainings that run for it are ended."""
        self.client.unsubscribe_topic(self.topic)
        self.client.cancel([future for _, future in self.futures.values()], force=True)


def _outcome(future: Future) -> object:
    """A result, or the exception in its place, in words where Dask's own say little."""
    if future.status == "finished":
        return future.result()
    if future.status != "error":
        return WasteError(
            f"the Dask scheduler has {future.status} the task",
            remedy="look at its log; what is finished is kept, start again to go on",
        )
    error = future.exception()
    if isinstance(error, KilledWorker):
        return WasteError(
            f"{error.allowed_failures + 1} workers died one after the other while they had it",
            remedy="most often memory ran out there: try a smaller batch_size or image_size",
        )
    return error


def send(client: Client, sent: Parcel, worker: str) -> None:
    """Bring the parcel to the machine of a worker, without what is there already."""
    sizes, token = sent.sizes(), uuid.uuid4().hex[:8]
    (names,) = client.run(parcel.lacking, sent.key, sizes, workers=[worker]).values()
    for name in names:
        left = sizes[name]
        for piece in sent.pieces(name):
            left -= len(piece)
            facts = (sent.key, name, sizes[name], token, piece, left == 0)
            client.run(parcel.receive, *facts, workers=[worker])
