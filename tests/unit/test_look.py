"""A small network describes photographs once; how it does so decides whether groups hold."""

import shutil

import numpy as np
import pytest

from wastelib.data.batches import decoded
from wastelib.training import look as module
from wastelib.training.look import SIZE, BackboneLook


def test_photographs_are_described_once_by_vectors_of_length_one(prepare_small, monkeypatch):
    made = prepare_small()
    look = BackboneLook(made.build_folder)
    rows = look(made.root, made.catalogue)
    assert rows.shape[0] == len(made.catalogue)
    assert np.linalg.norm(rows[:], axis=1) == pytest.approx(1, abs=1e-4)
    monkeypatch.setattr(module, "build_backbone", lambda *_: pytest.fail("computed again"))
    again = BackboneLook(made.build_folder)(made.root, made.catalogue)
    assert np.array_equal(again[:], rows[:])


def test_rows_are_the_backbones_features_in_the_order_of_the_catalogue(prepare_small):
    from wastelib.models.backbones import build_backbone, find_weights, preprocess

    made = prepare_small()
    rows = BackboneLook(made.build_folder)(made.root, made.catalogue)
    backbone = build_backbone(module.BACKBONE, SIZE, find_weights("demo", module.BACKBONE, SIZE))
    pixels = decoded(made, SIZE)[30:36].astype(np.float32)
    features = backbone.predict(preprocess(module.BACKBONE, pixels), verbose=0).mean(axis=(1, 2))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    assert rows[30:36] == pytest.approx(features, abs=1e-3)


def test_another_photograph_is_described(prepare_small, small_folder, tmp_path):
    folder = shutil.copytree(small_folder, tmp_path / "photos")
    one = prepare_small(folder)
    look = BackboneLook(one.build_folder)
    before = look(one.root, one.catalogue)[0]
    shutil.copy(folder / "Red" / "Red_1.png", folder / "Blue" / "Blue_1.png")
    other = prepare_small(folder)
    assert not np.allclose(look(other.root, other.catalogue)[0], before)
