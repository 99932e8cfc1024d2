"""An exported file and its card, held against each other and ready to be asked."""

from pathlib import Path

import numpy as np

from wastelib.errors import WasteError
from wastelib.export.card import read_card
from wastelib.export.runtimes import OPENERS
from wastelib.training.machine import cores
from wastelib.training.predict import Classifier


def open_exported(file: Path, threads: int | None = None) -> Classifier:
    """An exported file and its card, ready to be asked; `threads` None: one per core.

    Raises `WasteError` if the file, its card and what the model takes and returns do not
    fit, or a package that runs it is missing.
    """
    file = Path(file)
    card = read_card(file)
    model = OPENERS[file.suffix](file, threads or cores())
    size = card.image_size
    taken = ((1, size, size, 3), "uint8")
    if model.pixels != taken or model.outputs != len(card.classes):
        raise WasteError(
            f"the model takes {_shown(model.pixels)} and names {model.outputs} classes; its card "
            f"says {_shown(taken)} and {len(card.classes)} classes",
            where=file,
            remedy="export it again with `wastelib export`",
        )

    def probabilities(pixels: np.ndarray) -> np.ndarray:
        found = np.stack([model.ask(image[None]) for image in pixels])
        return found / found.sum(axis=1, keepdims=True)  # those of 8 bits are rounded

    return Classifier(card.classes, size, card.view, card.temperature, probabilities)


def _shown(pixels: tuple[tuple[int, ...], str]) -> str:
    shape, kind = pixels
    return f"{kind} {' x '.join(map(str, shape))}"
