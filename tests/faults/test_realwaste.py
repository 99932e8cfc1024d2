"""The published dataset: fetched over a bad line, unpacked, counted, and kept."""

import dataclasses
import hashlib
import io
import zipfile

import pytest
from mirror import serving

from wastelib.data import download, sources
from wastelib.data.layout import images_per_class
from wastelib.data.sources import locate
from wastelib.errors import WasteError

COUNTS = {"Food Organics": 3, "Glass": 4, "Metal": 5}


def realwaste_zip(counts: dict[str, int]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        for name, count in counts.items():
            for i in range(1, count + 1):
                path = f"realwaste-main/RealWaste/{name}/{name}_{i}.jpg"
                target.writestr(path, f"{name} {i}".encode() * 100)
    return buffer.getvalue()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("WASTELIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(download, "BACKOFF_SECONDS", (0.01, 0.01))
    return tmp_path / "cache"


@pytest.fixture
def publish(monkeypatch):
    """Let RealWaste be `body` with the counts `COUNTS`, to be had at `urls`."""

    def publish(body: bytes, *urls: str) -> None:
        facts = {
            "urls": urls,
            "size_bytes": len(body),
            "sha256": hashlib.sha256(body).hexdigest(),
            "counts": COUNTS,
        }
        monkeypatch.setattr(sources, "REALWASTE", dataclasses.replace(sources.REALWASTE, **facts))

    return publish


def find(data="realwaste"):
    return locate(data, demo_images=0, seed=0, progress=False)


def test_it_comes_over_a_bad_line_and_stays(publish):
    body = realwaste_zip(COUNTS)
    cuts = [len(body) // 4] * 2
    with serving(b"<html>", etag=None) as bad, serving(body, cuts=cuts) as good:
        publish(body, bad.url, good.url)
        source = find()
        assert images_per_class(source.root) == COUNTS
        assert source.kind == "realwaste"
        assert source.root.name == "RealWaste"
        assert source.citation
        assert len(source.licences) == 2
        requests = len(good.requests)
        assert find() == source
        assert len(good.requests) == requests


def test_an_added_mirror_is_tried_first(publish, monkeypatch):
    body = realwaste_zip(COUNTS)
    with serving(body) as ours, serving(body) as theirs:
        publish(body, theirs.url)
        monkeypatch.setenv("WASTELIB_REALWASTE_URLS", f"http://127.0.0.1:1/closed {ours.url}")
        find()
        assert len(ours.requests) == 1
        assert theirs.requests == []


def test_wrong_counts_are_listed_and_not_kept(publish, cache):
    body = realwaste_zip({"Food Organics": 3, "Glass": 2, "Wood": 1})
    with serving(body) as mirror:
        publish(body, mirror.url)
        with pytest.raises(WasteError) as caught:
            find()
    message = str(caught.value)
    assert "'Glass' has 2 images, not 4" in message
    assert "'Metal' has 0 images, not 5" in message
    assert "'Wood' has 1 images, not 0" in message
    assert "Food" not in message
    assert not any(path.is_dir() for path in (cache / "datasets").iterdir())


def test_a_cache_that_lost_an_image_is_named_and_mended_as_told(publish):
    body = realwaste_zip(COUNTS)
    with serving(body) as mirror:
        publish(body, mirror.url)
        root = find().root
        (root / "Glass" / "Glass_1.jpg").unlink()
        with pytest.raises(WasteError, match="'Glass' has 3 images, not 4") as caught:
            find()
        unpacked = root.parent.parent
        assert str(unpacked) in str(caught.value)
        unpacked.rename(unpacked.with_name("deleted"))
        assert images_per_class(find().root) == COUNTS
        assert len(mirror.requests) == 1


def test_the_zip_downloaded_by_hand_is_known_by_its_bytes(publish, tmp_path):
    body = realwaste_zip(COUNTS)
    publish(body)
    (tmp_path / "by hand.zip").write_bytes(body)
    source = find(str(tmp_path / "by hand.zip"))
    assert (source.name, source.kind) == ("RealWaste", "realwaste")
    assert find() == source


def test_without_a_network_the_message_says_what_to_do(publish):
    publish(realwaste_zip(COUNTS), "http://127.0.0.1:1/closed")
    with pytest.raises(WasteError, match=r"(?s)Connection refused.*DATA="):
        find()
