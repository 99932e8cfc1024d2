"""The test photographs with every model's answers: what stands behind a confusion matrix."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from wastelib.data.dataset import open_dataset
from wastelib.data.images import UnreadableImageError, read_rgb
from wastelib.displays.style import one_line
from wastelib.evaluation.models import test_answers
from wastelib.evaluation.predictions import Answers
from wastelib.report.blocks import Data
from wastelib.report.document import printable
from wastelib.training.run import declared

SIDE = 176  # pixels of a photograph's longer side
QUALITY = 65  # of WebP, 0..100
BUDGET_BYTES = 4_000_000  # of all photographs together; a page of text holds a third more
MOST_CLASSES = 30  # of a matrix that can be read


@dataclass(frozen=True)
class Photograph:
    """A test image; `answers` holds (class number, confidence 0..1) of each model.

    `content` is a small WebP file.
    """

    name: str
    label: int
    answers: list[tuple[int, float]]
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Gallery:
    """The photographs, those first that most models are wrong about; `images` is how many
    the test subset has. `confusions` are counts of all of them, one square for each model, rows
    true and columns predicted; none where there are more classes than a matrix can show.
    """

    models: list[str]
    classes: list[str]
    confusions: list[list[list[int]]]
    photographs: list[Photograph]
    images: int

    def model_of(self, data: Data | None) -> int | None:
        """The number of the model whose confusion matrix has this table behind it."""
        if data is None or data.columns[:3] != ["true", "predicted", "images"]:
            return None
        shown = {(true, predicted): images for true, predicted, images, *_ in data.rows}
        found = []
        for number, confusion in enumerate(self.confusions):
            cells = {
                (self.classes[row], self.classes[column]): str(images)
                for row, counts in enumerate(confusion)
                for column, images in enumerate(counts)
                if images
            }
            if cells == shown:
                found.append(number)
        return found[0] if len(found) == 1 else None  # of equals, none is told by its counts


def open_gallery(build: Path) -> Gallery:
    """What the models of a build answered to its test images, as far as the budget reaches.

    Raises `WasteError` if no models were declared, they were tested on different images, or
    the folder of the photographs is gone.
    """
    runs = declared(build, "models")
    answers = test_answers(runs)
    classes = answers[0].classes
    return Gallery(
        models=list(map(one_line, runs)),
        classes=list(map(printable, classes)),  # as the tables behind the figures have them
        confusions=[_confusion(each) for each in answers] if len(classes) <= MOST_CLASSES else [],
        photographs=list(_photographs(answers, open_dataset(build).root)),
        images=len(answers[0].rows),
    )


def _confusion(answers: Answers) -> list[list[int]]:
    counts = np.zeros((len(answers.classes),) * 2, int)
    np.add.at(counts, (answers.true, answers.predicted), 1)
    return counts.tolist()


def _photographs(answers: list[Answers], root: Path) -> Iterator[Photograph]:
    """Until the budget is spent; a file that has become unreadable is left out."""
    wrong = np.array([~each.right for each in answers])
    surest = np.array([each.confidence for each in answers]).max(axis=0, where=wrong, initial=0)
    names, labels = answers[0].rows["image"].tolist(), answers[0].true.tolist()
    spent = 0
    for image in np.lexsort((-surest, -wrong.sum(axis=0))):
        try:
            content = thumbnail(read_rgb(root / names[image]))
        except (OSError, UnreadableImageError):
            continue
        spent += len(content)
        if spent > BUDGET_BYTES:
            return
        said = [(int(each.predicted[image]), float(each.confidence[image])) for each in answers]
        yield Photograph(one_line(names[image]), labels[image], said, content)


def thumbnail(rgb: np.ndarray) -> bytes:
    """A photograph, uint8 (height, width, 3), as a WebP file of at most SIDE pixels a side."""
    picture, file = Image.fromarray(rgb), io.BytesIO()
    picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS, reducing_gap=2)
    picture.save(file, "WEBP", quality=QUALITY)
    return file.getvalue()
