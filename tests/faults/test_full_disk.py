"""A full disk must end in a message, and what cannot be used must be gone."""

import hashlib
import random
import subprocess
import zipfile

import pytest
from mirror import serving

from wastelib.data import archive, download
from wastelib.errors import WasteError

BODY = random.Random(2).randbytes(400_000)


@pytest.fixture
def tiny_disk(tmp_path, monkeypatch):
    """A real disk of 256 kB; the look ahead at the free space is switched off."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("only an administrator of this machine can mount a small disk")
    for module in (archive, download):
        monkeypatch.setattr(module, "need_space", lambda *args: None)
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_download_that_fills_the_disk_keeps_what_came(tiny_disk, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    target = tiny_disk / "photographs.zip"
    digest = hashlib.sha256(BODY).hexdigest()
    with serving(BODY) as mirror, pytest.raises(WasteError, match="the disk is full") as caught:
        download.download([mirror.url], target, sha256=digest, size_bytes=len(BODY), progress=False)
    assert str(tiny_disk) in str(caught.value)
    assert "WASTELIB_CACHE" in str(caught.value)
    assert not target.exists()
    part = tiny_disk / "photographs.zip.part"
    assert BODY.startswith(part.read_bytes())  # kept: the next call goes on from here


def test_unpacking_that_fills_the_disk_leaves_nothing(tiny_disk, tmp_path):
    with zipfile.ZipFile(tmp_path / "large.zip", "w") as target:
        for i in range(8):
            target.writestr(f"Glass/{i}.jpg", BODY[:50_000])
    with pytest.raises(WasteError, match="the disk is full"):
        archive.extract(tmp_path / "large.zip", tiny_disk / "target")
    assert list(tiny_disk.iterdir()) == []
