"""The catalogue lists what can be read, says what cannot, and derives the groups."""

import hashlib
import os
import shutil

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from wastelib.data import catalogue as module
from wastelib.data import threads
from wastelib.data.catalogue import (
    COLUMNS,
    _natural,
    audit,
    build_catalogue,
    exact_duplicates,
    fingerprint,
    folder_tree,
    image_files,
)
from wastelib.data.groups import GroupRule, derived_groups, known_groups
from wastelib.data.images import read_image, read_rgb
from wastelib.data.likeness import appearance, thumbnail
from wastelib.errors import WasteError


@pytest.fixture
def folder(small_folder, tmp_path):
    """A copy of the small dataset that a test may spoil."""
    return shutil.copytree(small_folder, tmp_path / "photos")


def build(folder, similarity=1.0, limit=0.1, neighbours=1, look=None):
    rule = GroupRule(similarity, neighbours)
    return build_catalogue(folder, rule=rule, unreadable_limit=limit, look=look)


def test_every_image_has_one_row_in_the_order_of_its_number(folder):
    catalogue, skipped = build(folder)
    assert list(catalogue.columns) == COLUMNS
    assert len(catalogue) == 36
    assert skipped.empty
    assert catalogue["path"].iloc[[0, 1, 9]].tolist() == [
        "Blue/Blue_1.png",
        "Blue/Blue_2.png",
        "Blue/Blue_10.png",
    ]


def test_unreadable_files_are_listed_and_left_out(folder):
    (folder / "Red" / "Red_3.png").write_bytes(b"")
    catalogue, skipped = build(folder)
    assert len(catalogue) == 35
    assert skipped.to_dict("records") == [{"path": "Red/Red_3.png", "reason": "the file is empty"}]


def test_too_many_unreadable_files_stop_and_name_the_first(folder):
    for number in range(1, 6):
        (folder / "Red" / f"Red_{number}.png").write_bytes(b"x")
    with pytest.raises(WasteError, match=r"5 of 36 files.*unreadable_limit = 0\.1.*Red_1\.png"):
        build(folder)


def test_one_class_is_refused(folder):
    for label in ("Blue", "Green"):
        shutil.rmtree(folder / label)
    with pytest.raises(WasteError, match="only one class"):
        build(folder)


def test_hidden_files_and_other_files_are_no_images(folder):
    (folder / "Red" / ".hidden.png").write_bytes(b"x")
    (folder / "Red" / "notes.txt").write_text("x")
    (folder / ".git").mkdir()
    assert len(list(image_files(folder))) == 36


def test_fingerprint_changes_with_any_cell(folder):
    catalogue, _ = build(folder)
    other = catalogue.copy()
    other.loc[7, "group"] = "another"
    assert fingerprint(catalogue) == fingerprint(catalogue.copy())
    assert fingerprint(catalogue) != fingerprint(other)


def test_fingerprint_is_that_of_the_whole_text(folder, monkeypatch):
    catalogue, _ = build(folder)
    text = catalogue.to_csv(index=False, lineterminator="\n")
    monkeypatch.setattr(module, "_ROWS", 7)
    assert fingerprint(catalogue) == hashlib.sha256(text.encode()).hexdigest()
    nothing = catalogue.head(0).to_csv(index=False, lineterminator="\n")
    assert fingerprint(catalogue.head(0)) == hashlib.sha256(nothing.encode()).hexdigest()


def test_pixels_are_let_go_as_soon_as_an_image_is_noted(folder, most_alive, monkeypatch):
    monkeypatch.setattr(module, "read_image", most_alive(read_image, lambda image: image.rgb))
    catalogue, _ = build(folder)
    assert most_alive.found <= threads.THREADS < len(catalogue)


def test_appearances_are_let_go_as_soon_as_the_next_image_is_compared(
    folder, most_alive, monkeypatch
):
    monkeypatch.setattr(threads, "AHEAD", 4)
    monkeypatch.setattr(module, "appearance", most_alive(appearance))
    build(folder)
    assert most_alive.found <= 4 + 2  # those begun, the one taken and the one before it


def test_copies_are_found_and_share_a_group_even_across_classes(folder):
    shutil.copy(folder / "Red" / "Red_2.png", folder / "Blue" / "Blue_99.png")
    catalogue, _ = build(folder)
    found = exact_duplicates(catalogue)
    assert sorted(found["path"]) == ["Blue/Blue_99.png", "Red/Red_2.png"]
    assert catalogue.set_index("path").loc[found["path"], "group"].nunique() == 1


def test_known_groups_are_taken_over(folder):
    paths = [path.relative_to(folder).as_posix() for path in image_files(folder)]
    pd.DataFrame({"path": paths, "group": "one item"}).to_csv(folder / "groups.csv", index=False)
    catalogue, _ = build(folder)
    assert set(catalogue["group"]) == {"one item"}


def test_known_groups_must_cover_every_image(tmp_path):
    (tmp_path / "groups.csv").write_text("path,group\na.png,1\n")
    with pytest.raises(WasteError, match=r"1 images have no group, the first is 'b\.png'"):
        known_groups(tmp_path / "groups.csv", pd.Series(["a.png", "b.png"]))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("path,group\nä.png,1\n".encode("latin-1"), "cannot be read"),
        (b"", "cannot be read"),
        (b"path,group\na.png,1\nb.png,1,2\n", "cannot be read"),
        (b"name,group\na.png,1\n", "needs the columns path and group"),
        (b"path,group\na.png,1\na.png,2\nb.png,1\n", r"'a\.png' is in two groups"),
        (b"path,group\na.png,\nb.png,1\n", r"1 images have no group, the first is 'a\.png'"),
    ],
)
def test_groups_that_cannot_be_used_say_why(tmp_path, content, message):
    (tmp_path / "groups.csv").write_bytes(content)
    with pytest.raises(WasteError, match=message):
        known_groups(tmp_path / "groups.csv", pd.Series(["a.png", "b.png"]))


def test_groups_from_a_spreadsheet_or_another_system_are_read(tmp_path):
    """With a mark at the beginning, a group called NA, and an accent in two letters."""
    text = "path,group\na.png,NA\ne\N{COMBINING ACUTE ACCENT}.png,NA\n"
    (tmp_path / "groups.csv").write_text(text, "utf-8-sig")
    paths = pd.Series(["a.png", "\N{LATIN SMALL LETTER E WITH ACUTE}.png"])
    assert known_groups(tmp_path / "groups.csv", paths) == ["NA", "NA"]


def test_a_name_that_is_no_utf8_is_skipped_and_named(folder):
    raw = os.fsencode(folder / "Red") + b"/caf\xe9.png"
    shutil.copy(folder / "Red" / "Red_1.png", os.fsdecode(raw))
    catalogue, skipped = build(folder)
    assert len(catalogue) == 36
    assert skipped["path"].tolist() == ["Red/caf\\udce9.png"]
    assert "rename" in skipped["reason"][0]


def test_an_accent_in_two_letters_makes_no_class_of_its_own(folder):
    (folder / "Red").rename(folder / "Rouge\N{COMBINING ACUTE ACCENT}")
    labels = build(folder)[0]["label"].unique()
    assert "Roug\N{LATIN SMALL LETTER E WITH ACUTE}" in labels


def test_floating_point_pixels_are_no_photograph(folder):
    Image.fromarray(np.full((9, 9), 0.5, np.float32)).save(folder / "Red" / "Red_78.tif")
    assert "floating-point" in build(folder)[1]["reason"][0]


@pytest.mark.parametrize("reach", [1, 3])
def test_groups_are_those_of_comparing_all_appearances_at_once(folder, reach):
    """With one image that cannot be read: its neighbours are compared with each other."""
    (folder / "Red" / "Red_5.png").write_bytes(b"x")
    shutil.copy(folder / "Red" / "Red_2.png", folder / "Blue" / "Blue_99.png")
    photographs = [read_rgb(folder / path) for path in build(folder)[0]["path"]]
    looks = np.stack([appearance(thumbnail(rgb)) for rgb in photographs])
    likenesses = np.stack(
        [np.einsum("ij,ij->i", looks, np.roll(looks, d, axis=0)) for d in range(1, reach + 1)], 1
    )
    threshold = float(np.quantile(likenesses, 1 - 0.5 / reach))
    catalogue, _ = build(folder, threshold, neighbours=reach)
    rule = GroupRule(threshold, reach)
    assert derived_groups(catalogue, likenesses, rule) == catalogue["group"].tolist()
    assert 6 < catalogue["group"].nunique() < len(catalogue) - 6


def test_a_look_of_ones_own_replaces_the_colours(folder):
    """One that finds every even file like the file before it."""

    def look(root, catalogue):
        assert root == folder
        numbers = catalogue["path"].str.extract(r"_(\d+)")[0].astype(int)
        return np.eye(len(catalogue), dtype=np.float32)[(numbers - 1) // 2]

    catalogue, _ = build(folder, 0.9, look=look)
    assert catalogue["group"].value_counts().eq(2).all()


@given(st.lists(st.text(alphabet="a1²9_ö", max_size=6), max_size=8))
def test_any_names_can_be_ordered(names):
    assert len(sorted(names, key=_natural)) == len(names)


def test_audit_names_odd_sizes_and_channels(folder):
    Image.new("L", (9, 9)).save(folder / "Red" / "Red_77.png")
    catalogue, skipped = build(folder)
    findings = audit(catalogue, skipped, folder).set_index("check")["finding"]
    assert findings["image size"] == "2 sizes; 36 images are 24 x 24"
    assert findings["channels"] == "RGB: 36, L: 1"


def test_audit_names_what_was_left_out_and_groups_that_are_torn(folder):
    (folder / "Metal").mkdir()
    for name in ("Metal/1.heic", "Metal/2.heic", "Red/note.txt", "Red/.hidden"):
        (folder / name).touch()
    shutil.copy(folder / "Red" / "Red_2.png", folder / "Blue" / "Blue_99.png")
    findings = audit(*build(folder), folder).set_index("check")["finding"]
    assert findings["other files (left out)"] == (
        ".heic: 2, .txt: 1; no class, for want of images: Metal"
    )
    assert findings["groups over several classes"] == "1"


def test_folder_tree_counts_each_class(folder):
    catalogue, _ = build(folder)
    assert "  Red/  (12 images: Red_1.png … Red_12.png)" in folder_tree(catalogue, "photos")
