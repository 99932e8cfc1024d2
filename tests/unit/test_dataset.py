"""A dataset is prepared once, opened by every notebook, and decoded once."""

import json
import shutil
from itertools import islice

import cv2
import numpy as np
import pandas as pd
import pytest

from wastelib.data import catalogue, dataset
from wastelib.data.dataset import data_card, open_dataset
from wastelib.data.groups import GroupRule
from wastelib.data.images import read_rgb
from wastelib.errors import WasteError


def test_what_is_opened_is_what_was_prepared(prepare_small):
    made = prepare_small()
    opened = open_dataset(made.build_folder)
    assert opened.fingerprint == made.fingerprint
    assert opened.classes == ["Blue", "Green", "Red"]
    for method in ("group", "random"):
        assert opened.splits[method].fingerprint == made.splits[method].fingerprint


def test_another_seed_divides_in_the_same_shares(prepare_small):
    made = prepare_small()
    for method in ("group", "random"):
        assert made.split_by(method, 42).fingerprint == made.splits[method].fingerprint
        other = made.split_by(method, 1)
        assert other.fingerprint != made.splits[method].fingerprint
        assert other.sizes() == made.splits[method].sizes()


def test_a_split_made_later_is_found_by_its_fingerprint_everywhere(prepare_small):
    """By who opened the dataset before, as a training process has, and by who does so later."""
    made = prepare_small()
    opened = open_dataset(made.build_folder)
    splits = [made.split_by("random", 7), *made.folds(3, seed=5)]
    splits.append(made.thinned(splits[0], 0.5))
    for split in splits:
        for dataset_now in (opened, open_dataset(made.build_folder)):
            found = dataset_now.split(split.fingerprint)
            assert (found.method, found.seed) == (split.method, split.seed)
            assert found.assignment.equals(split.assignment)
    assert {split.method for split in splits} == {"random", "fold"}


def test_a_split_file_that_was_edited_is_not_taken_for_the_split(prepare_small):
    made = prepare_small()
    split = made.split_by("random", 7)
    file = made.split_file(split.fingerprint)
    file.write_text(file.read_text("utf-8").replace("test", "train", 1), "utf-8")
    with pytest.raises(WasteError, match="no stored split has the fingerprint"):
        made.split(split.fingerprint)


def test_what_an_earlier_version_prepared_is_to_be_prepared_again(prepare_small):
    file = prepare_small().build_folder / "dataset" / "dataset.json"
    description = json.loads(file.read_text("utf-8"))
    del description["shares"]
    file.write_text(json.dumps(description), "utf-8")
    with pytest.raises(WasteError, match="run notebook 01_data_preparation first"):
        open_dataset(file.parents[1])


def test_unchanged_files_are_not_read_again(prepare_small, monkeypatch):
    first = prepare_small()
    monkeypatch.setattr(dataset, "build_catalogue", lambda *_, **__: pytest.fail("read again"))
    assert prepare_small().fingerprint == first.fingerprint


def test_a_changed_file_is_noticed(prepare_small, small_folder, tmp_path):
    folder = shutil.copytree(small_folder, tmp_path / "photos")
    before = prepare_small(folder)
    shutil.copy(folder / "Red" / "Red_1.png", folder / "Red" / "Red_13.png")
    after = prepare_small(folder)
    assert len(after.catalogue) == len(before.catalogue) + 1
    assert after.fingerprint != before.fingerprint


class PairLook:
    """Finds every second photograph like the one before it, and counts how often it is asked."""

    def __init__(self, identity):
        self.identity, self.asked = identity, 0

    def __call__(self, root, catalogue):
        self.asked += 1
        return np.eye(len(catalogue), dtype=np.float32).repeat(2, axis=0)[: len(catalogue)]


def test_groups_are_derived_again_only_for_another_rule_or_look(prepare_small):
    look, other = PairLook("one"), PairLook("other")
    made = prepare_small()
    assert not made.groups_known
    assert made.catalogue["group"].nunique() == 36
    for _ in range(2):
        assert prepare_small(look=look).catalogue["group"].nunique() == 18
    assert look.asked == 1
    prepare_small(look=other)
    assert other.asked == 1
    prepare_small(look=other, rule=GroupRule(similarity=0.9))
    assert other.asked == 2


def test_known_groups_need_no_look(prepare_small, small_folder, tmp_path):
    folder = shutil.copytree(small_folder, tmp_path / "photos")
    paths = [path.relative_to(folder).as_posix() for path in catalogue.image_files(folder)]
    groups = [f"item {number // 3}" for number in range(len(paths))]
    pd.DataFrame({"path": paths, "group": groups}).to_csv(folder / "groups.csv", index=False)
    look = PairLook("one")
    made = prepare_small(folder, look=look)
    assert made.groups_known
    assert made.catalogue["group"].tolist() == groups
    assert look.asked == 0


def test_opening_before_preparing_says_what_to_run(tmp_path):
    with pytest.raises(WasteError, match="run notebook 01_data_preparation first"):
        open_dataset(tmp_path)


def test_class_names_that_look_like_missing_values_survive(prepare_small, small_folder, tmp_path):
    folder = shutil.copytree(small_folder, tmp_path / "photos")
    (folder / "Red").rename(folder / "NA")
    (folder / "Blue").rename(folder / "007")
    made = prepare_small(folder)
    assert made.classes == ["007", "Green", "NA"]
    assert set(made.splits["group"].assignment["label"]) == {"007", "Green", "NA"}


def test_the_card_names_licence_and_fingerprint(prepare_small):
    made = prepare_small()
    card = data_card(made).set_index("field")["value"]
    assert card["fingerprint"] == made.fingerprint
    assert "ask the owner" in card["licences"]


def test_images_are_decoded_once_in_the_order_of_the_catalogue(prepare_small, monkeypatch):
    from wastelib.data import batches

    made = prepare_small()
    pixels = batches.decoded(made, 16)
    assert pixels.shape == (36, 16, 16, 3)
    assert np.array_equal(pixels[20], read_rgb(made.root / made.catalogue["path"][20], 16))
    monkeypatch.setattr(batches, "read_rgb", lambda *_: pytest.fail("decoded again"))
    assert np.array_equal(batches.decoded(made, 16)[:], pixels[:])


def test_decoding_holds_a_few_images_at_a_time(prepare_small, most_alive, monkeypatch):
    from wastelib.data import batches, threads

    made = prepare_small()
    monkeypatch.setattr(threads, "AHEAD", 5)
    monkeypatch.setattr(batches, "WRITTEN_AT_ONCE", 4)
    monkeypatch.setattr(batches, "read_rgb", most_alive(read_rgb))
    pixels = batches.decoded(made, 16)
    # Those of two blocks, of which one is being filled, and those decoded ahead.
    assert 0 < most_alive.found <= 2 * 4 + 5 < len(pixels)


def test_an_image_that_changed_after_the_catalogue_stops_decoding(
    prepare_small, small_folder, tmp_path
):
    from wastelib.data.batches import decoded

    folder = shutil.copytree(small_folder, tmp_path / "photos")
    made = prepare_small(folder)
    shutil.copy(folder / "Red" / "Red_1.png", folder / "Red" / "Red_2.png")
    with pytest.raises(WasteError, match=r"has changed since(.|\n)*Red_2\.png"):
        decoded(made, 16)
    assert not list((made.build_folder / "cache").glob("*.npy"))


def test_batches_give_every_row_once_in_an_order_of_the_epoch(prepare_small):
    from wastelib.data.batches import Batches

    inputs = np.arange(50)[:, None] * np.ones(3)
    labels, rows = np.arange(50) % 4, np.arange(0, 50, 2)
    batches = Batches(inputs, labels, rows, 8)
    orders = []
    for epoch in (0, 1, 0):
        batches.shuffle(seed=7, epoch=epoch)
        assert len(batches) == 4
        found = [batches[i] for i in range(4)]
        for x, y in found:
            assert np.array_equal(x[:, 0] % 4, y)
        orders.append(np.concatenate([x[:, 0] for x, _ in found]).astype(int).tolist())
        assert sorted(orders[-1]) == rows.tolist()
    assert orders[0] == orders[2] != orders[1]


def test_files_of_a_folder_follow_the_numbers_in_their_names(small_folder):
    names = [path.name for path in islice(catalogue.image_files(small_folder), 3)]
    assert names == ["Blue_1.png", "Blue_2.png", "Blue_3.png"]


def test_photographs_that_were_learnt_from_are_no_other_dataset(prepare_small, tmp_path):
    dataset = prepare_small()
    other = prepare_small(build=tmp_path / "again", methods=())
    with pytest.raises(WasteError, match=r"36 photographs of .* are among those"):
        dataset.add_other(other)


def test_photographs_that_are_only_tested_on_may_have_classes_of_any_size(tmp_path, prepare_small):
    for label, count in {"Glass": 1, "Paper": 4}.items():
        (tmp_path / "few" / label).mkdir(parents=True)
        for number in range(count):
            picture = np.random.default_rng(number).integers(0, 255, (20, 20, 3), np.uint8)
            cv2.imwrite(str(tmp_path / "few" / label / f"{number}.png"), picture)
    other = prepare_small(tmp_path / "few", tmp_path / "other", methods=())
    assert other.splits == {}
    assert other.catalogue["label"].value_counts().to_dict() == {"Paper": 4, "Glass": 1}
    assert open_dataset(tmp_path / "other").fingerprint == other.fingerprint
