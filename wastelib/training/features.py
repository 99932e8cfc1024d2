"""Features of frozen layers: computed once, stored, and read by every epoch and head."""

import hashlib
import json
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wastelib.data.arrays import StoredArray, new_array
from wastelib.data.dataset import Dataset
from wastelib.data.lock import one_at_a_time
from wastelib.files import whole_file, write_json
from wastelib.training.trial import Trial

if TYPE_CHECKING:
    import keras

# Images per forward pass: bounds the memory of the pass, however many images there are.
PASS = 32


def features_file(dataset: Dataset, trial: Trial) -> Path:
    """Where the features that `trial` reads are stored; the seconds they took are beside it.

    Named by all that they depend on; the head and its training are no part of it.
    """
    model = trial.model
    facts = [dataset.fingerprint, model.backbone, model.weights, trial.image_size, trial.view]
    facts += [trial.precision, model.unfrozen_layers, version("keras")]
    key = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]
    name = f"features-{model.backbone}-{trial.image_size}-{key}.npy"
    return dataset.build_folder / "cache" / name


def stored(file: Path) -> bool:
    """Whether the features are there whole: the note of their seconds is written last."""
    return file.with_suffix(".json").exists() and file.exists()


def stored_features(file: Path) -> tuple[StoredArray, float]:
    """All images' features, read-only, and the seconds they took to compute.

    Float32, the first axis is the image. The seconds are those of the one pass that was
    really made, also when it was long ago, so that costs stay comparable between trials that
    made it and trials that found it.
    """
    note = json.loads(file.with_suffix(".json").read_text("utf-8"))
    return StoredArray(file), note["seconds"]


def compute_features(trunk: "keras.Model", dataset: Dataset, trial: Trial) -> None:
    """Store the trunk's outputs for all images, unless they are stored."""
    from wastelib.data.batches import decoded  # here, for callers that do without TensorFlow

    file = features_file(dataset, trial)
    with one_at_a_time(file):
        if stored(file):
            return  # and the pixels, which nothing else needs, are not decoded
        pixels = decoded(dataset, trial.image_size, trial.view)
        shape = (len(pixels), *trunk.output_shape[1:])
        began = time.perf_counter()
        with new_array(file, shape, np.float32, "the cache of features") as features:
            _forward(trunk, pixels, features)
        write_seconds(file, time.perf_counter() - began, len(pixels))


def compute_shard(trunk: "keras.Model", pixels: Path | str, into: Path | str) -> float:
    """Write the features of the images in the file `pixels`; return the seconds it took.

    The first image of a shard must be the first of a pass: figures may differ in their last
    bit with the number of images that pass through together.
    """
    images = np.load(pixels, mmap_mode="r")
    features = np.empty((len(images), *trunk.output_shape[1:]), np.float32)
    began = time.perf_counter()
    _forward(trunk, images, features)
    seconds = time.perf_counter() - began
    with whole_file(Path(into)) as temporary:
        np.save(temporary, features)
    return seconds


def write_seconds(file: Path, seconds: float, images: int) -> None:
    """The note beside the features; with it they count as stored."""
    write_json(file.with_suffix(".json"), {"seconds": seconds, "images": images})


def _forward(
    trunk: "keras.Model", pixels: np.ndarray | StoredArray, features: np.ndarray | StoredArray
) -> None:
    for start in range(0, len(pixels), PASS):
        # As bytes: the network turns them into float32 faster than NumPy does.
        features[start : start + PASS] = trunk.predict_on_batch(pixels[start : start + PASS])
