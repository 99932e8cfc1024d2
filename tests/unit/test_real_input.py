"""Real photographs and real weights, where they lie beside the checkout."""

from pathlib import Path

import numpy as np
import pytest

from wastelib.data.sources import REALWASTE, locate

SHARED = Path(__file__).parents[3] / "shared"
ZIP = SHARED / "data" / "realwaste5_256px.zip"
WEIGHTS = SHARED / "weights"


@pytest.mark.skipif(not ZIP.exists(), reason="the real photographs are not beside this checkout")
def test_five_real_classes_are_found_and_known_as_realwaste(tmp_path, monkeypatch):
    from wastelib.data.images import read_rgb
    from wastelib.data.layout import images_per_class

    monkeypatch.setenv("WASTELIB_CACHE", str(tmp_path))
    source = locate(str(ZIP), demo_images=90, seed=42)
    counts = images_per_class(source.root)
    assert len(counts) == 5
    assert counts.items() <= REALWASTE.counts.items()
    assert source.licences == REALWASTE.licences
    assert read_rgb(source.root / "Glass" / "Glass_1.jpg").shape == (256, 256, 3)


@pytest.mark.skipif(not WEIGHTS.exists(), reason="the real weights are not beside this checkout")
@pytest.mark.parametrize("name", ["MobileNetV2", "MobileNetV2-0.35"])
def test_real_weights_fit_and_tell_images_apart(name):
    from wastelib.models.backbones import build_backbone, find_weights, preprocess

    backbone = build_backbone(name, 96, find_weights(str(WEIGHTS), name, 96))
    rng = np.random.default_rng(0)
    images = np.stack([rng.uniform(0, 255, (96, 96, 3)), np.full((96, 96, 3), 200.0)])
    noise, flat = backbone.predict(preprocess(name, images), verbose=0).mean(axis=(1, 2))
    assert np.isfinite(noise).all()
    assert np.corrcoef(noise, flat)[0, 1] < 0.9
