"""Photographs are found wherever a user has them, or the message says what is missing."""

import subprocess
import sys
import types
import zipfile
from pathlib import Path

import pytest
import yaml

from wastelib.data import sources
from wastelib.data.layout import class_root, images_per_class, is_image
from wastelib.data.lock import one_at_a_time
from wastelib.data.sources import locate
from wastelib.errors import WasteError

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT.parent / "shared" / "reference" / "published_results.yaml"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("WASTELIB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def rendered(monkeypatch):
    """Stand in for the renderer; the list of what it was asked for."""
    asked = []

    def render_dataset(target, images, seed, progress, clean):
        asked.append((images, seed, "clean") if clean else (images, seed))
        for name in ("Glass", "Metal"):
            (target / name).mkdir()
            (target / name / "1.jpg").touch()

    renderer = types.SimpleNamespace(VERSION=7, render_dataset=render_dataset)
    monkeypatch.setitem(sys.modules, "wastelib.demo.render", renderer)
    return asked


def make_files(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return folder


def make_zip(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as target:
        for name in names:
            target.writestr(name, name)
    return path


def find(data, demo_images=90, seed=1):
    return locate(str(data), demo_images=demo_images, seed=seed, progress=False)


def refused(data) -> str:
    with pytest.raises(WasteError) as caught:
        find(data)
    assert "where:" in str(caught.value)
    assert "remedy:" in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("nesting", ["", "RealWaste/", "realwaste-main/RealWaste/"])
@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_the_class_folders_are_found_however_deep_they_lie(tmp_path, nesting, kind):
    names = ["Glass/Glass_1.jpg", "Glass/Glass_2.JPG", "Food Organics/1.tiff", "Öl & 'x'/a.webp"]
    nested = [nesting + name for name in names]
    if kind == "zip":
        data = make_zip(tmp_path / "mine.zip", *nested)
    else:
        data = make_files(tmp_path / "mine", *nested)
    source = find(data)
    assert (source.name, source.kind) == ("mine", "folder")
    assert source.root.is_absolute()
    assert images_per_class(source.root) == {"Food Organics": 1, "Glass": 2, "Öl & 'x'": 1}


def test_system_files_are_no_class_and_no_image(tmp_path):
    data = make_files(
        tmp_path / "mine",
        "Glass/1.jpg",
        "Glass/._1.jpg",
        "Glass/Thumbs.db",
        "Glass/.ipynb_checkpoints/1.jpg",
        "Metal/1.png",
        "__MACOSX/Glass/1.jpg",
        ".git/x/1.jpg",
        "notes/readme.txt",
        "preview.jpg",
    )
    root = class_root(data)
    assert root == data
    assert images_per_class(root) == {"Glass": 1, "Metal": 1, "notes": 0}
    assert not is_image("Glass/1.jpg.txt")


def test_linked_class_folders_are_followed_and_circles_end(tmp_path):
    real = make_files(tmp_path / "elsewhere", "a/1.jpg", "b/1.jpg")
    data = make_files(tmp_path / "mine", "Glass/1.jpg")
    (data / "Metal").symlink_to(real / "a")
    (data / "Metal" / "circle").symlink_to(data)
    assert class_root(data) == data
    assert images_per_class(data) == {"Glass": 1, "Metal": 1}


def test_a_relative_path_becomes_absolute(tmp_path, monkeypatch):
    make_files(tmp_path / "mine", "Glass/1.jpg", "Metal/1.jpg")
    monkeypatch.chdir(tmp_path)
    assert find("mine").root == tmp_path / "mine"


def test_a_path_that_does_not_exist(tmp_path):
    message = refused(tmp_path / "absent")
    assert "there is no such path" in message
    assert str(tmp_path / "absent") in message


@pytest.mark.parametrize("data", ["", " "])
def test_no_path_at_all_is_not_the_current_folder(tmp_path, monkeypatch, data):
    make_files(tmp_path / "mine", "Glass/1.jpg", "Metal/1.jpg")
    monkeypatch.chdir(tmp_path / "mine")
    refused(data)


def test_a_file_that_is_no_zip(tmp_path):
    make_files(tmp_path, "photographs.tar", "broken.zip")
    assert "neither a folder nor a .zip" in refused(tmp_path / "photographs.tar")
    assert "the zip cannot be read" in refused(tmp_path / "broken.zip")


UNUSABLE = {
    "no image found": ["Glass/readme.txt"],
    "not sorted into classes": ["1.jpg", "2.jpg"],
    "only one class has images: 'Glass'": ["Glass/1.jpg", "Glass/2.jpg", "Metal/readme.txt"],
    "'train' (2), 'val' (1)": ["train/Glass/1.jpg", "train/Metal/1.jpg", "val/Glass/2.jpg"],
    "'.' (1), 'Glass' (1)": ["Metal/1.jpg", "Glass/1.jpg", "Glass/more/2.jpg"],
}


@pytest.mark.parametrize("reason", UNUSABLE)
def test_photographs_that_are_not_sorted_into_classes(tmp_path, cache, reason):
    data = make_files(tmp_path / "mine", *UNUSABLE[reason])
    message = refused(data)
    assert reason in message
    assert f"where:  {data}" in message
    zip_path = make_zip(tmp_path / "mine.zip", *UNUSABLE[reason])
    message = refused(zip_path)
    assert f"where:  {zip_path}" in message
    assert not any(path.is_dir() for path in (cache / "datasets").iterdir())


def test_an_empty_folder(tmp_path):
    assert "no image found" in refused(tmp_path)


def test_many_places_are_counted_not_listed(tmp_path):
    data = make_files(tmp_path / "mine", *(f"{i}/Glass/1.jpg" for i in range(9)))
    assert "'4' (1) and 4 more" in refused(data)


def test_a_zip_is_unpacked_once_and_known_by_its_bytes(tmp_path, monkeypatch):
    data = make_zip(tmp_path / "mine.zip", "Glass/1.jpg", "Metal/1.jpg")
    first = find(data)
    with monkeypatch.context() as patch:
        patch.setattr(sources, "extract", None)
        assert find(data) == first
    make_zip(data, "Glass/1.jpg", "Metal/1.jpg", "Metal/2.jpg")
    assert find(data).root != first.root


def test_the_demo_is_rendered_once_for_each_size_and_seed(rendered, cache):
    source = find("demo", demo_images=90, seed=1)
    assert (source.name, source.kind) == ("Demo data (rendered)", "demo")
    assert source.root == cache / "demo" / "90-1-7"
    assert find("demo", demo_images=90, seed=1) == source
    assert find("demo", demo_images=90, seed=2) != source
    assert rendered == [(90, 1), (90, 2)]


def test_the_clean_demo_has_a_place_of_its_own(rendered, cache):
    source = find("demo-clean", demo_images=90, seed=1)
    assert (source.name, source.kind) == ("Demo data, clean (rendered)", "demo")
    assert source.root == cache / "demo-clean" / "90-1-7"
    assert rendered == [(90, 1, "clean")]


def test_a_demo_that_fails_leaves_nothing(rendered, cache, monkeypatch):
    def fails(target, images, seed, progress, clean):
        make_files(target, "Glass/1.jpg")
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["wastelib.demo.render"], "render_dataset", fails)
    with pytest.raises(KeyboardInterrupt):
        find("demo")
    assert not any(path.is_dir() for path in (cache / "demo").iterdir())


def test_a_folder_called_demo_is_reached_with_a_separator(rendered, tmp_path, monkeypatch):
    make_files(tmp_path / "demo", "Glass/1.jpg", "Metal/1.jpg")
    monkeypatch.chdir(tmp_path)
    assert find("demo").kind == "demo"
    assert find("./demo").root == tmp_path / "demo"


def test_a_second_process_waits_and_says_so(tmp_path):
    script = (
        "import sys; from wastelib.data.lock import one_at_a_time\n"
        "with one_at_a_time(sys.argv[1]): print('in')"
    )
    with one_at_a_time(tmp_path / "thing"):
        process = subprocess.Popen(
            [sys.executable, "-c", script, tmp_path / "thing"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert "waiting for another process that is making thing" in process.stderr.readline()
        assert process.poll() is None
    assert process.communicate(timeout=60)[0] == "in\n"


@pytest.mark.skipif(not REFERENCE.exists(), reason="the published figures are not beside this copy")
def test_the_facts_on_realwaste_are_the_published_ones():
    published = yaml.safe_load(REFERENCE.read_text("utf-8"))["dataset"]
    ours = sources.REALWASTE
    assert ours.urls[0] == published["url"]
    assert ours.size_bytes == published["zip_bytes"]
    assert ours.sha256 == published["zip_sha256"]
    assert ours.citation == published["citation"]
    assert ours.counts == published["counts"]
    assert sum(ours.counts.values()) == 4752
