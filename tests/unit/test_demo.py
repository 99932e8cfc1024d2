"""The rendered data set: deterministic, imbalanced as RealWaste, in bursts, readable."""

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from wastelib.demo import render
from wastelib.demo.items import MATERIALS
from wastelib.demo.other_classes import OTHER_CLASSES
from wastelib.demo.scene import PHOTOGRAPH

WEIGHTS = Path(render.__file__).parent / "weights"


def rendered(folder: Path, images: int, seed: int) -> Path:
    folder.mkdir()
    render.render_dataset(folder, images, seed)
    return folder


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*.*"))
    }


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Path:
    return rendered(tmp_path_factory.mktemp("demo") / "images", 120, 42)


@pytest.fixture(scope="module")
def groups(demo) -> pd.DataFrame:
    table = pd.read_csv(demo / "groups.csv")
    parts = table.path.str.extract(r"^(?P<folder>[^/]+)/(?P<label>.+)_(?P<number>\d+)\.jpg$")
    return table.join(parts.astype({"number": int}))


def test_same_seed_same_bytes(demo, tmp_path):
    assert hashes(rendered(tmp_path / "again", 120, 42)) == hashes(demo)


def test_other_seed_other_bytes_of_every_photograph(demo, tmp_path):
    other = hashes(rendered(tmp_path / "other", 90, 43))
    shared = set(other) & set(hashes(demo)) - {"groups.csv"}
    assert shared
    assert not any(other[path] == hashes(demo)[path] for path in shared)


def test_smaller_set_holds_the_first_photographs_of_a_larger_one(demo, tmp_path):
    smaller = hashes(rendered(tmp_path / "smaller", 90, 42))
    del smaller["groups.csv"]
    assert len(smaller) == 90
    assert smaller.items() <= hashes(demo).items()


@pytest.mark.parametrize("images", [90, 120, 1200, 4752])
def test_counts_follow_realwaste(images):
    counts = render.class_counts(images)
    assert sum(counts.values()) == images
    for name, count in counts.items():
        assert abs(count - images * render.CLASS_COUNTS[name] / 4752) < 1


def test_files_are_numbered_from_one_without_gaps(demo, groups):
    assert (groups.folder == groups.label).all()
    for name, count in render.class_counts(120).items():
        numbers = groups[groups.label == name].number
        assert sorted(numbers) == list(range(1, count + 1))
        assert {path.name for path in (demo / name).iterdir()} == {
            f"{name}_{number}.jpg" for number in numbers
        }


def test_groups_are_consecutive_bursts_of_one_class(groups):
    for group, burst in groups.groupby("group"):
        assert burst.label.nunique() == 1
        assert group.startswith(burst.label.iloc[0] + "-")
        assert (burst.number.diff().dropna() == 1).all()
        assert 1 <= len(burst) <= 6


def test_even_the_smallest_set_has_three_groups_in_every_class():
    for seed in range(20):
        for name, count in render.class_counts(90).items():
            bursts = list(render.planned(name, count, seed))
            assert sum(burst.size for burst in bursts) == count
            assert len(bursts) >= 3


def test_photographs_are_rgb_of_the_stated_size(demo, groups):
    for path in groups.path:
        image = cv2.imread(str(demo / path), cv2.IMREAD_UNCHANGED)
        assert image.shape == (PHOTOGRAPH, PHOTOGRAPH, 3)
        assert image.dtype == np.uint8
        assert image.std() > 5, f"{path} shows nothing"


def test_a_burst_shows_one_item_and_no_photograph_twice(demo, groups):
    """Within a burst photographs differ, but less than photographs of different items."""
    images = {path: thumbnail(demo / path) for path in groups.path}
    within, between = [], []
    previous = groups.iloc[0]
    for row in groups.iloc[1:].itertuples():
        if row.label == previous.label:
            distance = np.abs(images[row.path] - images[previous.path]).mean()
            (within if row.group == previous.group else between).append(distance)
        previous = row
    assert min(within) > 0
    assert np.median(within) < 0.7 * np.median(between)


def test_classes_differ_by_colour(demo, groups):
    """On average, vegetation is greener than cloth; metal and glass are greyer than plastic."""
    mean = {
        name: np.mean([colours(demo / path) for path in rows.path], axis=0)
        for name, rows in groups.groupby("label")
    }
    assert mean["Vegetation"][0] > mean["Textile Trash"][0] + 5
    assert max(mean["Metal"][1], mean["Glass"][1]) < mean["Plastic"][1]


def test_backbone_knows_none_of_the_nine_classes():
    waste = {family for families in MATERIALS.values() for family in families}
    assert not waste & set(OTHER_CLASSES.values())
    assert set(MATERIALS) == set(render.CLASS_COUNTS)


def test_weights_are_there_and_small():
    (weights,) = WEIGHTS.glob("*.h5")
    assert weights.name == "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_96_no_top.h5"
    assert 1e6 < weights.stat().st_size < 2.5e6
    assert (WEIGHTS / "README.md").is_file()


def thumbnail(path: Path) -> np.ndarray:
    small = cv2.resize(cv2.imread(str(path)), (16, 16), interpolation=cv2.INTER_AREA)
    return small.astype(float)


def colours(path: Path) -> tuple[float, float]:
    """(how much greener than red and blue, how saturated) the middle of a photograph is."""
    blue, green, red = np.moveaxis(cv2.imread(str(path))[32:96, 32:96].astype(float), 2, 0)
    spread = np.max([red, green, blue], axis=0) - np.min([red, green, blue], axis=0)
    return float((green - (red + blue) / 2).mean()), float(spread.mean())


def test_the_clean_demo_shows_each_item_alone_on_white(demo, tmp_path):
    """The same classes, numbers and bursts; the corners of a photograph are of one bright tone."""
    folder = tmp_path / "clean"
    folder.mkdir()
    render.render_dataset(folder, 120, 42, clean=True)
    assert (folder / "groups.csv").read_bytes() == (demo / "groups.csv").read_bytes()

    def corners(root: Path) -> np.ndarray:
        photographs = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in root.rglob("*.jpg")]
        return np.array([[p[:8, :8], p[:8, -8:], p[-8:, :8], p[-8:, -8:]] for p in photographs])

    clean, real = corners(folder), corners(demo)
    assert np.median(clean) > np.median(real) + 30
    assert np.median(clean.std(axis=(2, 3))) < np.median(real.std(axis=(2, 3)))
