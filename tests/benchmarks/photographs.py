"""Photographs to measure with: JPEG files of RealWaste's own size, in class folders."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2

from wastelib.data.layout import images_per_class
from wastelib.data.sources import locate

SIZE = 524  # side of RealWaste's originals, in pixels


@dataclass(frozen=True)
class Photographs:
    """`images` JPEG files of 524 px in `folder`, and a sentence that says what they are."""

    folder: Path
    images: int
    classes: int
    note: str


@contextmanager
def photographs(data: str, images: int) -> Iterator[Photographs]:
    """The first images of each class in equal shares, enlarged to 524 px if smaller."""
    source = locate(data, demo_images=max(images, 90), seed=42)
    counts = images_per_class(source.root)
    with TemporaryDirectory(prefix="wastelib-bench-") as temporary:
        folder = Path(temporary) / "photographs"
        written, enlarged = 0, 0
        for place, label in enumerate(sorted(counts)):
            share = (images * (place + 1)) // len(counts) - (images * place) // len(counts)
            (folder / label).mkdir(parents=True)
            for file in sorted((source.root / label).iterdir())[:share]:
                enlarged += _write(file, folder / label / file.name)
                written += 1
        note = f"{written} photographs of {source.name}, {SIZE} px"
        yield Photographs(folder, written, len(counts), note + f" ({enlarged} enlarged to it)")


def _write(file: Path, target: Path) -> bool:
    """Copy a photograph, enlarged if it is smaller; say whether it was."""
    pixels = cv2.imread(str(file))
    if pixels.shape[:2] == (SIZE, SIZE):
        shutil.copy(file, target)
        return False
    pixels = cv2.resize(pixels, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
    cv2.imwrite(str(target), pixels, [cv2.IMWRITE_JPEG_QUALITY, 90])
    return True
