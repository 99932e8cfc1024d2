"""The process that trains: orders come in as lines of JSON, reports go out.

An order is `{"task", "trial", "build_folder", "weights"}`. The task "train" makes the trial's
run, "features" the stored features that it reads, "range_test" its learning-rate range test at
the `rates`, and "shard" the features of some images: the pixels in the file `pixels`, into the
file `into`. Reports are `{"epoch", "val_accuracy", "seconds"}` after each epoch, and one last:
`{"done"}` with the bytes of memory that the process still holds and, of a shard, the `seconds`
it took, `{"what", "where", "remedy"}` for what a user can mend, `{"died"}` for want of memory,
or `{"traceback"}` for a mistake. The task "memory" only says how many bytes the training is
estimated to take, as `needed_bytes`.

The process ends with its standard input, in the middle of a task too: nobody would hear of its
end.
"""

import json
import os
import queue
import sys
import threading
import traceback

import psutil

from wastelib.errors import WasteError

# Python's own, and TensorFlow's, which is not imported before the first order.
WANT_OF_MEMORY = ("MemoryError", "ResourceExhaustedError")


def main() -> None:
    """Carry out orders until there are no more."""
    # Libraries may print; nothing but reports may reach the reader.
    reports, sys.stdout = sys.stdout, sys.stderr
    orders: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_read_orders, args=[orders], daemon=True).start()

    def report(**facts: object) -> None:
        print(json.dumps(facts), file=reports, flush=True)

    while True:
        try:
            facts = _carry_out(json.loads(orders.get()), report)
            report(done=psutil.Process().memory_info().rss, **facts)
        except WasteError as error:
            where = None if error.where is None else str(error.where)
            report(what=error.what, where=where, remedy=error.remedy)
        except Exception as error:
            if type(error).__name__ in WANT_OF_MEMORY:
                report(died="was refused the memory that it asked for")
                continue
            report(traceback=traceback.format_exc())


def _read_orders(orders: queue.SimpleQueue) -> None:
    for line in sys.stdin:
        orders.put(line)
    os._exit(0)


def _carry_out(order: dict, report) -> dict:
    from wastelib.data.dataset import open_dataset
    from wastelib.training import features, fit, range_test
    from wastelib.training.budget import memory_needed
    from wastelib.training.earlier import teacher_trial
    from wastelib.training.trial import Trial

    def on_epoch(history) -> None:
        last = history.iloc[-1]
        report(
            epoch=int(last["epoch"]),
            val_accuracy=float(last["val_accuracy"]),
            seconds=float(last["seconds"]),
        )

    trial, weights = Trial.model_validate(order["trial"]), order["weights"]
    dataset = open_dataset(order["build_folder"])
    if order["task"] == "memory":
        teacher = teacher_trial(trial, dataset.build_folder)
        return {"needed_bytes": memory_needed(trial, len(dataset.classes), teacher)}
    if order["task"] == "train":
        fit.fit(trial, dataset, weights=weights, on_epoch=on_epoch)
        return {}
    if order["task"] == "range_test":
        range_test.store_range_test(trial, dataset, order["rates"], weights=weights)
        return {}
    trunk = fit.trunk_of(trial, len(dataset.classes), weights)
    if order["task"] == "features":
        features.compute_features(trunk, dataset, trial)
        return {}
    return {"seconds": features.compute_shard(trunk, order["pixels"], order["into"])}


if __name__ == "__main__":
    main()
