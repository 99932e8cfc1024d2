"""The embedded data set: photographs of waste that the project renders itself.

RealWaste's nine classes in RealWaste's proportions, 128 px JPEG files. One item is
photographed one to six times (a burst) with the camera moved a little; files of a burst are
numbered consecutively, as in RealWaste, and `groups.csv` says which belong together.

Item n of a class, and each of its photographs, is a function of (VERSION, seed, class, n)
alone: a smaller data set holds the first photographs of each class of a larger one. The clean
data set shows each item alone on a white table, as photographs for a catalogue do.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from wastelib.demo.arrange import alone, arranged
from wastelib.demo.items import any_item, item_of
from wastelib.demo.textures import Rng

VERSION = 2
CLASS_COUNTS = {
    "Cardboard": 461,
    "Food Organics": 411,
    "Glass": 420,
    "Metal": 790,
    "Miscellaneous Trash": 495,
    "Paper": 500,
    "Plastic": 921,
    "Textile Trash": 318,
    "Vegetation": 436,
}
JPEG_QUALITY = 92
BURST_SHARES = (0.42, 0.26, 0.15, 0.09, 0.05, 0.03)  # of items with 1, 2, ... 6 photographs


def render_dataset(
    target: Path, images: int, seed: int, progress: bool = False, *, clean: bool = False
) -> None:
    """Write `images` photographs into the empty folder `target`, and `groups.csv`.

    Files are `<Class>/<Class>_<N>.jpg`, N from 1; `groups.csv` has the columns path
    (posix, relative to `target`) and group. The same arguments give the same bytes.
    """
    target = Path(target)
    counts = class_counts(images)
    for name in counts:
        (target / name).mkdir()
    bursts = [burst for name, count in counts.items() for burst in planned(name, count, seed)]
    with ThreadPoolExecutor(2) as pool:
        done = pool.map(lambda burst: write_burst(burst, target, seed, clean), bursts)
        if progress:
            from tqdm import tqdm

            done = tqdm(done, total=len(bursts), desc="rendering", unit="item")
        rows = [row for written in done for row in written]
    table = pd.DataFrame(rows, columns=["path", "group"])
    table.to_csv(target / "groups.csv", index=False, lineterminator="\n")


def class_counts(images: int) -> dict[str, int]:
    """`images` divided in RealWaste's proportions, by largest remainder."""
    total = sum(CLASS_COUNTS.values())
    shares = {name: images * count / total for name, count in CLASS_COUNTS.items()}
    counts = {name: int(share) for name, share in shares.items()}
    by_remainder = sorted(shares, key=lambda name: counts[name] - shares[name])
    for name in by_remainder[: images - sum(counts.values())]:
        counts[name] += 1
    return counts


@dataclass(frozen=True)
class Burst:
    """One item and the numbers of its photographs: `first` to `first + size - 1`."""

    label: str
    item: int
    first: int
    size: int

    def rng(self, seed: int, purpose: int) -> Rng:
        """A generator of its own for each purpose: 0 the scene, n its nth photograph."""
        return stream(seed, self.label, self.item, 1 + purpose)


def stream(seed: int, label: str, item: int, purpose: int) -> Rng:
    """The generator that belongs to these four and to nothing else."""
    return np.random.default_rng([VERSION, seed, list(CLASS_COUNTS).index(label), item, purpose])


def planned(label: str, count: int, seed: int) -> Iterator[Burst]:
    """The bursts of one class, `count` photographs in all.

    The nth burst has n photographs at most, so that even six images are of three items and
    a split by group has one for each subset.
    """
    item, first = 1, 1
    while first <= count:
        drawn = stream(seed, label, item, 0).choice(len(BURST_SHARES), p=BURST_SHARES) + 1
        size = min(int(drawn), item, count + 1 - first)
        yield Burst(label, item, first, size)
        item, first = item + 1, first + size


def write_burst(burst: Burst, target: Path, seed: int, clean: bool) -> list[tuple[str, str]]:
    """Render the photographs of one item; return their rows of `groups.csv`."""
    rows = []
    rng = burst.rng(seed, 0)
    item = item_of(rng, burst.label)
    scene = alone(rng, item) if clean else arranged(rng, item, any_item)
    for number in range(burst.size):
        image = scene.shot(burst.rng(seed, number + 1))
        path = f"{burst.label}/{burst.label}_{burst.first + number}.jpg"
        quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
        encoded = cv2.imencode(".jpg", image[..., ::-1], quality)[1]
        (target / path).write_bytes(encoded.tobytes())
        rows.append((path, f"{burst.label}-{burst.item:04d}"))
    return rows
