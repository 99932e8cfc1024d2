"""Classify single photographs with a finished run."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from wastelib.data.images import read_rgb
from wastelib.data.views import view_of
from wastelib.training.run import open_run


def predict_images(
    paths: Iterable[Path], run_folder: Path
) -> Iterator[tuple[Path, list[tuple[str, float]]]]:
    """Yield each path with its probabilities, one (class, probability 0..1) pair per class.

    Raises `UnreadableImageError` for a file that is no usable image, and `WasteError` if the
    run is not there whole.
    """
    run = open_run(run_folder)
    model, trial = run.load_model(), run.trial
    for path in paths:
        pixels = view_of(read_rgb(Path(path), trial.image_size), trial.view)
        probabilities = model.predict_on_batch(pixels[None].astype(np.float32))[0]
        yield path, list(zip(run.classes, map(float, probabilities), strict=True))
