"""One dataset through every stage, in this process: seconds, processor seconds, memory.

`python -m tests.benchmarks.growth_stages <photos> <photos to warm up with> [--traced]` prints
one line of JSON: `start` (the cost of starting), `warm` and `stages` (name -> what it took, for
the few photographs and for all). With --traced, the allocators of Python and Arrow count every
byte that Python, NumPy and pandas hold, which makes the stages several times slower: take
seconds from a run without it. Linux only.
"""

import contextlib
import json
import re
import sys
import tempfile
import threading
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pyarrow

BACKBONE, SIDE = "MobileNetV2-0.35", 64
PREPARE = {
    "seed": 42,
    "dataset_name": "",
    "demo_images": 0,
    "unreadable_limit": 0.05,
    "train_share": 0.6,
    "validation_share": 0.2,
}
SAMPLES_PER_SECOND = 50


def memory_bytes() -> dict[str, int]:
    """This process's memory: `own`, `mapped` (pages of files) and `peak` of the two together.

    Mapped pages are the caches' files; the system takes them back when it wants memory.
    """
    text = Path("/proc/self/status").read_text()
    found = dict(re.findall(r"^(RssAnon|RssFile|VmHWM):\s+(\d+) kB", text, re.MULTILINE))
    names = {"own": "RssAnon", "mapped": "RssFile", "peak": "VmHWM"}
    return {name: 1024 * int(found[field]) for name, field in names.items()}


class Meter:
    """Measures stages; `taken` holds what each one took."""

    def __init__(self) -> None:
        self.taken: dict[str, dict] = {}

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure the block. Own memory is sampled: the system keeps no peak of it."""
        before = peak = memory_bytes()["own"]
        finished = threading.Event()

        def watch() -> None:
            nonlocal peak
            while not finished.wait(1 / SAMPLES_PER_SECOND):
                peak = max(peak, memory_bytes()["own"])

        watcher = threading.Thread(target=watch)
        watcher.start()
        if tracemalloc.is_tracing():
            tracemalloc.reset_peak()
        wall, processor = time.perf_counter(), time.process_time()
        yield
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        held = tracemalloc.get_traced_memory()[1] + pyarrow.default_memory_pool().max_memory()
        finished.set()
        watcher.join()
        self.taken[name] = {
            "seconds": wall,
            "processor_seconds": processor,
            "own_bytes_before": before,
            "own_bytes_at_peak": max(peak, memory_bytes()["own"]),
            "mapped_bytes": memory_bytes()["mapped"],
            "held_bytes_at_peak": held,
        }


def go_through(photos: Path, trunk, build: Path, meter: Meter) -> None:
    """Every stage, as the notebooks call them."""
    import numpy as np

    from wastelib.data.batches import decoded
    from wastelib.data.catalogue import audit, exact_duplicates, folder_tree
    from wastelib.data.dataset import prepare
    from wastelib.data.groups import GroupRule, derived_groups
    from wastelib.data.splits import make_split
    from wastelib.training.features import compute_features
    from wastelib.training.trial import PretrainedModel, Trial

    rule = GroupRule(similarity=0.85)
    with meter.stage("prepare"):
        dataset = prepare(str(photos), build, rule=rule, **PREPARE)
    with meter.stage("prepare again"):
        dataset = prepare(str(photos), build, rule=rule, **PREPARE)
    catalogue = dataset.catalogue
    alike = (catalogue["group"] == catalogue["group"].shift()).to_numpy(np.float32)
    with meter.stage("groups"):
        derived_groups(catalogue, alike[:, None], rule)
    for method in dataset.splits:
        with meter.stage(f"{method} split"):
            make_split(catalogue, method, seed=1, train=0.6, validation=0.2)
    with meter.stage("audit"):
        audit(catalogue, dataset.skipped, dataset.root)
        exact_duplicates(catalogue)
        folder_tree(catalogue, "photos")
    with meter.stage("decode cache"):
        decoded(dataset, SIDE)
    trial = Trial(
        dataset=dataset.fingerprint,
        split=dataset.splits["group"].fingerprint,
        model=PretrainedModel(backbone=BACKBONE, weights="demo"),
        image_size=SIDE,
        learning_rate=1e-3,
        epochs=1,
    )
    with meter.stage("feature cache"):
        compute_features(trunk, dataset, trial)
    if dataset.splits["group"].leaking_groups() or len(dataset.skipped):
        raise RuntimeError("these figures are not those of sound data")


def built_trunk(images: int):
    """The frozen backbone, after one pass of each size that `images` are divided into.

    TensorFlow compiles a network once for every size of a batch.
    """
    import numpy as np

    from wastelib.models.backbones import build_backbone, find_weights
    from wastelib.models.pretrained import split_backbone
    from wastelib.training.features import PASS

    weights = find_weights("demo", BACKBONE, SIDE)
    backbone = build_backbone(BACKBONE, SIDE, weights)
    trunk, _ = split_backbone(BACKBONE, backbone, head_units=8, classes=9, unfrozen_layers=0)
    for size in {PASS, images % PASS} - {0}:
        trunk.predict_on_batch(np.zeros((size, SIDE, SIDE, 3), np.float32))
    return trunk


def main(photos: Path, warm_photos: Path, traced: bool) -> dict:
    """What each stage takes when everything that happens only once has happened."""
    from wastelib.data.catalogue import image_files

    start, warm, meter = Meter(), Meter(), Meter()
    images = sum(1 for _ in image_files(photos))
    with tempfile.TemporaryDirectory(dir=photos.parent) as folder:
        with start.stage("start"):
            trunk = built_trunk(images)
            go_through(warm_photos, trunk, Path(folder) / "first", Meter())
        if traced:
            tracemalloc.start()
        go_through(warm_photos, trunk, Path(folder) / "warm", warm)
        go_through(photos, trunk, Path(folder) / "build", meter)
        stored = {
            "catalogue": sum(f.stat().st_size for f in Path(folder).glob("build/dataset/*")),
            "pixels": sum(f.stat().st_size for f in Path(folder).glob("build/cache/pixels*")),
            "features": sum(f.stat().st_size for f in Path(folder).glob("build/cache/features*")),
        }
    return {
        "images": images,
        "warm_images": sum(1 for _ in image_files(warm_photos)),
        "start": start.taken["start"],
        "warm": warm.taken,
        "stages": meter.taken,
        "stored_bytes": stored,
        "peak_bytes": memory_bytes()["peak"],
    }


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]), "--traced" in sys.argv)))
