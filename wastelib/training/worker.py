"""The process that trains: orders come in as lines of JSON, reports go out.

An order is `{"trial", "build_folder", "weights"}`. Reports on it are `{"epoch",
"val_accuracy", "seconds"}` after each epoch, and one last: `{"done"}` with the bytes of
memory that it still holds, `{"what", "where", "remedy"}` for what a user can mend, or
`{"traceback"}` for a mistake. The process ends with its standard input.
"""

import json
import sys
import traceback

import psutil

from wastelib.errors import WasteError


def main() -> None:
    """Carry out orders until there are no more."""
    # Libraries may print; nothing but reports may reach the reader.
    reports, sys.stdout = sys.stdout, sys.stderr

    def report(**facts: object) -> None:
        print(json.dumps(facts), file=reports, flush=True)

    for line in sys.stdin:
        try:
            report(done=_fit(json.loads(line), report))
        except WasteError as error:
            where = None if error.where is None else str(error.where)
            report(what=error.what, where=where, remedy=error.remedy)
        except Exception:
            report(traceback=traceback.format_exc())


def _fit(order: dict, report) -> int:
    from wastelib.data.dataset import open_dataset
    from wastelib.training.fit import fit
    from wastelib.training.trial import Trial

    def on_epoch(history) -> None:
        last = history.iloc[-1]
        report(
            epoch=int(last["epoch"]),
            val_accuracy=float(last["val_accuracy"]),
            seconds=float(last["seconds"]),
        )

    trial = Trial.model_validate(order["trial"])
    fit(trial, open_dataset(order["build_folder"]), weights=order["weights"], on_epoch=on_epoch)
    return psutil.Process().memory_info().rss


if __name__ == "__main__":
    main()
