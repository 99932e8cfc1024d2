"""Photographs are compared by hash and by neighbours, in little memory, whatever their order."""

import cv2
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wastelib.data import likeness
from wastelib.data.likeness import (
    Neighbours,
    appearance,
    chance_likenesses,
    colour_likenesses,
    near_copies,
    neighbour_likenesses,
    perceptual_hash,
    thumbnail,
)


def photograph(seed, side=120):
    """Soft shapes, as photographs have them."""
    noise = np.random.default_rng(seed).integers(0, 256, (9, 9, 3), np.uint8)
    return cv2.resize(noise, (side, side), interpolation=cv2.INTER_CUBIC)


def differing(one, other):
    return (perceptual_hash(thumbnail(one)) ^ perceptual_hash(thumbnail(other))).bit_count()


@pytest.mark.parametrize("seed", range(5))
def test_smaller_darker_and_compressed_copies_keep_their_hash(seed):
    rgb = photograph(seed)
    compressed = cv2.imdecode(cv2.imencode(".jpg", rgb, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], 1)
    smaller = cv2.resize(rgb, (70, 70), interpolation=cv2.INTER_AREA)
    darker = (rgb * 0.8).astype(np.uint8)
    assert max(differing(rgb, copy) for copy in (compressed, smaller, darker)) <= 4
    assert differing(rgb, photograph(seed + 100)) > 12


def test_the_hash_is_the_same_on_every_machine():
    squares = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    assert perceptual_hash(squares.repeat(8, axis=0).repeat(8, axis=1)) == 0xFED818C8F313D4C4


def test_even_surfaces_are_no_near_copies_of_each_other():
    """Nor are two blank pages, in which the camera saw only noise."""
    even = [np.full((50, 40, 3), colour, np.uint8) for colour in ((0, 90, 200), (250, 80, 20))]
    noise = np.random.default_rng(0).integers(200, 204, (2, 64, 64, 3), np.uint8)
    hashes = np.array([perceptual_hash(thumbnail(rgb)) for rgb in (*even * 2, *noise)], np.uint64)
    assert len(set(near_copies(hashes, 4))) == 6


hashes = st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 2**9), max_size=25)


@given(hashes, st.integers(0, 16))
def test_near_copies_are_those_of_comparing_all_with_all(hashes, distance):
    found = near_copies(np.array(hashes, np.uint64), distance)
    expected = list(range(len(hashes)))
    for i, one in enumerate(hashes):
        for j, other in enumerate(hashes):
            if min(one, other) > 0 and (one ^ other).bit_count() <= distance:
                kept, gone = expected[i], expected[j]
                expected = [kept if number == gone else number for number in expected]
    same = np.array(expected)[:, None] == np.array(expected) if hashes else np.zeros((0, 0))
    assert np.array_equal(found[:, None] == found, same)


@given(hashes, st.integers(0, 8))
def test_fewer_bits_only_divide_sets_of_near_copies(hashes, distance):
    hashes = np.array(hashes, np.uint64)
    fine, coarse = near_copies(hashes, distance), near_copies(hashes, distance + 1)
    assert ((fine[:, None] != fine) | (coarse[:, None] == coarse)).all()


def test_hundred_thousand_hashes_are_compared_in_little_memory():
    """Near-copies of 30 000 photographs; comparing all with all would take 40 GB at once."""
    import tracemalloc

    rng = np.random.default_rng(0)
    originals = rng.integers(1, 2**63, 30_000, dtype=np.uint64)
    copied = rng.integers(0, 30_000, 100_000)
    changed = np.uint64(1) << rng.integers(0, 63, 100_000, dtype=np.uint64)
    tracemalloc.start()
    try:
        found = near_copies(originals[copied] ^ changed, 4)
        assert tracemalloc.get_traced_memory()[1] < 60e6
    finally:
        tracemalloc.stop()
    _, first = np.unique(copied, return_index=True)
    assert (found == found[first][np.unique(copied, return_inverse=True)[1]]).all()
    assert len(set(found)) == len(set(copied))


def test_likenesses_are_dot_products_with_those_before():
    looks = np.random.default_rng(0).normal(size=(7, 5)).astype(np.float32)
    found = neighbour_likenesses(looks, 3)
    assert found.shape == (7, 3)
    for row in range(7):
        for places in range(1, 4):
            expected = looks[row] @ looks[row - places] if row >= places else 0
            assert found[row, places - 1] == pytest.approx(expected, abs=1e-6)


def test_stored_descriptions_are_read_in_parts(tmp_path, monkeypatch):
    from wastelib.data.arrays import StoredArray

    monkeypatch.setattr(likeness, "_AT_ONCE", 4)
    looks = np.random.default_rng(0).normal(size=(10, 5)).astype(np.float32)
    np.save(tmp_path / "looks.npy", looks)
    stored = neighbour_likenesses(StoredArray(tmp_path / "looks.npy"), 2)
    assert np.array_equal(stored, neighbour_likenesses(looks, 2))


def test_no_photograph_has_no_neighbour():
    assert Neighbours(2).likenesses().shape == (0, 2)
    assert neighbour_likenesses(np.ones((3, 5), np.float32), 0).shape == (3, 0)


def test_colours_survive_turning_and_tell_items_apart(tmp_path):
    can, bag = photograph(1) // 2, 255 - photograph(2) // 4
    for number, rgb in enumerate([can, np.rot90(can), bag, can]):
        cv2.imwrite(str(tmp_path / f"{number}.png"), rgb)
    found = colour_likenesses(tmp_path, [f"{number}.png" for number in range(4)], 3)
    assert found[1, 0] > 0.95
    assert found[3, 2] == pytest.approx(1)
    assert max(found[2, 0], found[3, 0]) < 0.6


def test_an_appearance_has_length_one():
    for rgb in (photograph(3), np.zeros((5, 9, 3), np.uint8)):
        assert np.linalg.norm(appearance(thumbnail(rgb))) == pytest.approx(1, abs=1e-5)


def test_chance_compares_different_photographs_of_one_class():
    """In class a all are alike, in b two of three; c has one photograph only."""
    labels = pd.Series(list("aabbbc"))
    looks = np.array([[1, 0], [1, 0], [0, 1], [0, 1], [1, 0], [1, 0]], np.float32)
    found = chance_likenesses(labels, looks, seed=0, pairs=2000)
    assert found.to_dict() == {"a": 1, "b": pytest.approx(1 / 3, abs=0.05)}
