"""The process that trains one trial: an order comes in as JSON, reports go out, one a line."""

import json
import sys
import traceback

from wastelib.errors import WasteError


def main() -> None:
    """Read one order from standard input and fit its trial.

    A report is `{"epoch", "val_accuracy", "seconds"}` after each epoch, or, as the last one,
    `{"what", "where", "remedy"}` for what a user can mend or `{"traceback"}` for a mistake.
    """
    order = json.load(sys.stdin)
    # Libraries may print; nothing but reports may reach the reader.
    reports, sys.stdout = sys.stdout, sys.stderr

    def report(**facts: object) -> None:
        print(json.dumps(facts), file=reports, flush=True)

    try:
        _fit(order, report)
    except WasteError as error:
        where = None if error.where is None else str(error.where)
        report(what=error.what, where=where, remedy=error.remedy)
    except Exception:
        report(traceback=traceback.format_exc())


def _fit(order: dict, report) -> None:
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


if __name__ == "__main__":
    main()
