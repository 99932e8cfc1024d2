"""Photographs as a small pretrained network sees them, to find re-shots of one item by."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from wastelib.data.arrays import StoredArray, new_array
from wastelib.data.images import read_rgb
from wastelib.data.lock import one_at_a_time
from wastelib.data.threads import in_order
from wastelib.models.backbones import Weights, build_backbone, find_weights
from wastelib.training.features import PASS

BACKBONE, SIZE = "MobileNetV2-0.35", 96


@dataclass(frozen=True)
class BackboneLook:
    """The features of a small backbone, scaled to unit length: a `likeness.Look`.

    The dot product of two rows is then their cosine similarity. Rows are kept in
    `build_folder`, and are computed again only for other photographs or weights. `weights` is
    "demo", "imagenet" or a folder, see `backbones.find_weights`.
    """

    build_folder: Path
    weights: str = "demo"

    @cached_property
    def _weights(self) -> Weights:
        return find_weights(self.weights, BACKBONE, SIZE)

    @property
    def identity(self) -> str:
        return f"{BACKBONE} at {SIZE} px, {self._weights.identity}, keras {version('keras')}"

    def __call__(self, root: Path, catalogue: pd.DataFrame) -> StoredArray:
        """The rows of the catalogue's images, float32 (images, features).

        TensorFlow is loaded only to compute them. Raises `WasteError` if the disk has no room.
        """
        facts = "\n".join([self.identity, *catalogue["sha256"]])
        key = hashlib.sha256(facts.encode()).hexdigest()[:16]
        file = Path(self.build_folder) / "cache" / f"look-{key}.npy"
        with one_at_a_time(file):
            if not file.exists():
                self._compute([Path(root) / path for path in catalogue["path"]], file)
        return StoredArray(file)

    def _compute(self, paths: list[Path], file: Path) -> None:
        from wastelib.models.pretrained import split_backbone  # here: it loads TensorFlow

        backbone = build_backbone(BACKBONE, SIZE, self._weights)
        trunk, _ = split_backbone(BACKBONE, backbone, head_units=1, classes=2, unfrozen_layers=0)
        photographs = in_order(lambda path: read_rgb(path, SIZE), paths)
        shape = (len(paths), *trunk.output_shape[1:])
        with new_array(file, shape, np.float32, "the cache of what photographs look like") as rows:
            for start in range(0, len(paths), PASS):
                pixels = np.stack(list(islice(photographs, PASS)))
                features = trunk.predict_on_batch(pixels)
                lengths = np.linalg.norm(features, axis=1, keepdims=True)
                rows[start : start + PASS] = features / np.maximum(lengths, 1e-12)
