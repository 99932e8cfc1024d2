"""Features of frozen layers: computed once, stored, and read by every epoch and head."""

import hashlib
import json
import time
from pathlib import Path

import keras
import numpy as np

from wastelib.data.arrays import StoredArray, new_array
from wastelib.data.dataset import Dataset
from wastelib.files import write_json
from wastelib.training.trial import PretrainedModel

# Images per forward pass: bounds the memory of the pass, however many images there are.
_PASS = 32


def stored_features(
    trunk: keras.Model, pixels: StoredArray, dataset: Dataset, model: PretrainedModel
) -> tuple[StoredArray, float]:
    """The trunk's outputs for all images, read-only, and the seconds they took to compute.

    `pixels` is (images, size, size, 3), the result has the same first axis, float32. The
    seconds are those of the one pass that was really made, also when it was long ago, so
    that costs stay comparable between trials that made it and trials that found it.
    """
    cache = _cache_file(trunk, dataset, model)
    note = cache.with_suffix(".json")
    if not (cache.exists() and note.exists()):
        _compute(trunk, pixels, cache, note)
    return StoredArray(cache), json.loads(note.read_text("utf-8"))["seconds"]


def _cache_file(trunk: keras.Model, dataset: Dataset, model: PretrainedModel) -> Path:
    """Named by all that the features depend on; the head and its training are no part of it."""
    image_size = trunk.input_shape[1]
    facts = [dataset.fingerprint, model.backbone, model.weights, image_size, trunk.output_shape[1:]]
    # Two cuts may have outputs of one shape, so the number of weights below the cut counts too.
    facts += [len(trunk.weights), trunk.compute_dtype, keras.__version__]
    key = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]
    return dataset.build_folder / "cache" / f"features-{model.backbone}-{image_size}-{key}.npy"


def _compute(trunk: keras.Model, pixels: StoredArray, cache: Path, note: Path) -> None:
    shape = (len(pixels), *trunk.output_shape[1:])
    began = time.perf_counter()
    with new_array(cache, shape, np.float32, "the cache of features") as features:
        for start in range(0, len(pixels), _PASS):
            batch = np.asarray(pixels[start : start + _PASS], np.float32)
            features[start : start + _PASS] = trunk.predict_on_batch(batch)
    write_json(note, {"seconds": time.perf_counter() - began, "images": len(pixels)})
