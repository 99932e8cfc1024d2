"""What an exported file answers, and what it costs: measured on the file itself."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd

from wastelib.errors import WasteError
from wastelib.export.exported import open_exported
from wastelib.training.machine import cores
from wastelib.training.predict import predict_images
from wastelib.training.run import predictions_table

TIMES = 50


def file_predictions(file: Path, images: pd.DataFrame, root: Path) -> pd.DataFrame:
    """The predictions table of an exported file, for the images of a run's table.

    `images` has the columns image (relative to `root`), label, group and subset; a table of a
    run will do. The result has these and `p_<class>` …, as the model says it: not calibrated,
    as in a run.

    Raises `WasteError` as `open_exported` does, if an image has a label that is no class of
    the model's, and if an image cannot be read.
    """
    classifier = replace(open_exported(file), temperature=None)
    unknown = sorted(set(images["label"]) - set(classifier.classes))
    if unknown:
        raise WasteError(
            f"the model does not know these images' classes {', '.join(map(repr, unknown))}; its "
            f"own are {', '.join(map(repr, classifier.classes))}",
            where=file,
            remedy="export a model that was trained on these classes",
        )
    paths = (Path(root) / image for image in images["image"])
    rows = []
    for answer in predict_images(paths, classifier):
        if answer.problem:
            raise WasteError(
                f"an image {answer.problem}",
                where=answer.path,
                remedy="run notebook 01_data_preparation again",
            )
        rows.append(answer.probabilities)
    return predictions_table(images, rows, list(classifier.classes))


def file_cost(file: Path, threads: int, *, times: int = TIMES) -> dict[str, float]:
    """What a fresh process needs that does nothing but open the file and ask it for one image.

    It keeps to `threads` cores. Returns milliseconds (the median of `times` single images),
    peak_bytes (the most memory that the process held) and runtime_bytes (what it held before
    it opened the file: Python, NumPy and the runtime).

    Raises `WasteError` if the file cannot be used, and `ValueError` if there are fewer cores.
    """
    if threads > cores():
        raise ValueError(f"there are not {threads} cores")
    open_exported(file)  # whatever is wrong with it is said here, and not by the process
    order = {"file": str(Path(file).resolve()), "threads": threads, "times": times}
    done = subprocess.run(
        [sys.executable, "-m", "wastelib.export.cost"],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the process ended with status {done.returncode}\n{done.stderr}")
    return json.loads(done.stdout)
