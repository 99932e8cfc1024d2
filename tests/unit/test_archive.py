"""A zip from anywhere must unpack inside its folder, or not at all."""

import io
import random
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wastelib.data import archive
from wastelib.data.archive import extract
from wastelib.errors import WasteError


def make_zip(path: Path, members: dict[str, bytes], **options) -> Path:
    with zipfile.ZipFile(path, "w", **options) as target:
        for name, content in members.items():
            info = zipfile.ZipInfo("placeholder")
            info.filename = name  # past ZipInfo's own tidying of names
            info.compress_type = target.compression
            target.writestr(info, content)
    return path


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def refused(zip_path: Path, tmp_path: Path) -> str:
    """The message of the refusal, after seeing that it left nothing behind."""
    before = files_below(tmp_path)
    with pytest.raises(WasteError) as caught:
        extract(zip_path, tmp_path / "out" / "target")
    assert files_below(tmp_path) == before
    assert not any((tmp_path / "out").glob("*"))
    assert str(zip_path) in str(caught.value)
    return str(caught.value)


def test_images_and_groups_come_out_and_nothing_else(tmp_path):
    wanted = {
        "top/Glass/Glass_1.jpg": b"1",
        "top/Glass/Glass 2.JPEG": b"2",
        "top/Метал 'x'/ü.webp": b"3",
        "top/groups.csv": b"path,group\n",
    }
    unwanted = {
        "top/README.md": b"",
        "top/Glass/": b"",
        "top/Glass/Thumbs.db": b"",
        "top/Glass/.DS_Store": b"",
        "__MACOSX/top/Glass/._Glass_1.jpg": b"",
        "top/Glass/._Glass_1.jpg": b"",
        "top/.ipynb_checkpoints/Glass_1.jpg": b"",
        "top/run.py": b"",
    }
    zip_path = make_zip(tmp_path / "ok.zip", wanted | unwanted)
    target = tmp_path / "new" / "target"
    assert extract(zip_path, target) == target
    assert files_below(target) == wanted
    assert [path.name for path in target.parent.iterdir()] == ["target"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../evil.jpg", "outside"),
        ("a/../../evil.jpg", "outside"),
        ("a/..", "outside"),
        ("/etc/evil.jpg", "absolute"),
        ("//server/share/evil.jpg", "absolute"),
        ("C:/evil.jpg", "absolute"),
        ("a/c:evil.jpg", "absolute"),
        ("..\\evil.jpg", "backslash"),
        ("a\\b.jpg", "backslash"),
        ("\\\\server\\evil.jpg", "backslash"),
        ("../notes.txt", "outside"),
        ("a/" + "x" * 300 + ".jpg", "cannot be unpacked"),
    ],
)
def test_a_name_that_leads_astray_stops_the_whole_zip(tmp_path, name, reason):
    zip_path = make_zip(tmp_path / "evil.zip", {"Glass/1.jpg": b"1", name: b"evil"})
    message = refused(zip_path, tmp_path)
    assert reason in message
    assert repr(name[:200]) in message


def test_a_name_with_a_nul_byte_is_refused(tmp_path):
    zip_path = make_zip(tmp_path / "nul.zip", {"Glass/1.jpgX../../x": b"1"})
    zip_path.write_bytes(zip_path.read_bytes().replace(b"jpgX", b"jpg\0"))
    assert "NUL" in refused(zip_path, tmp_path)


def test_control_characters_of_a_name_never_reach_the_terminal(tmp_path):
    zip_path = make_zip(tmp_path / "evil.zip", {"../\x1b[2J\u202egpj.exe": b"evil"})
    message = refused(zip_path, tmp_path)
    assert "\x1b" not in message
    assert "\u202e" not in message


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFBLK])
def test_links_and_devices_are_refused(tmp_path, kind):
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as target:
        info = zipfile.ZipInfo("Glass/1.jpg")
        info.external_attr = (kind | 0o777) << 16
        target.writestr(info, "/etc/passwd")
    message = refused(tmp_path / "link.zip", tmp_path)
    assert "'Glass/1.jpg' is a link or a device" in message


def test_an_encrypted_zip_is_refused(tmp_path):
    zip_path = make_zip(tmp_path / "secret.zip", {"Glass/1.jpg": b"1"})
    content = bytearray(zip_path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1  # the flag in the central directory
    zip_path.write_bytes(content)
    assert "is encrypted" in refused(zip_path, tmp_path)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Glass/1.jpg", "Glass/1.jpg"),
        ("Glass/1.jpg", "Glass/1.JPG"),
        ("Glass/1.jpg", "./Glass//1.jpg"),
        ("Glass/1.jpg", "glass/2.jpg"),
        ("Glass/\u00fc.jpg", "Glass/u\u0308.jpg"),
        ("Glass/1.jpg", "Glass/1.jpg/2.jpg"),
        ("Glass/1.jpg/2.jpg", "Glass/1.jpg"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_that_would_overwrite_each_other_are_refused(tmp_path, first, second):
    with zipfile.ZipFile(tmp_path / "twice.zip", "w") as target:
        target.writestr(first, b"1")
        target.writestr(second, b"2")
    assert "clashes with" in refused(tmp_path / "twice.zip", tmp_path)


def test_a_bomb_is_refused_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "HARMLESS_BYTES", 10**6)
    members = {f"Glass/{i}.bmp": bytes(10**6) for i in range(5)}
    zip_path = make_zip(tmp_path / "bomb.zip", members, compression=zipfile.ZIP_DEFLATED)
    assert "would unpack to 5 MB" in refused(zip_path, tmp_path)


def test_the_total_is_limited_even_where_the_ratio_is_fair(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "TOTAL_LIMIT_BYTES", 1000)
    zip_path = make_zip(tmp_path / "large.zip", {"Glass/1.jpg": bytes(1001)})
    assert "would unpack to" in refused(zip_path, tmp_path)


def test_a_zip_larger_than_the_free_disk_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 999}))
    zip_path = make_zip(tmp_path / "large.zip", {"Glass/1.jpg": bytes(1000)})
    with pytest.raises(WasteError, match=r"unpacking large\.zip needs"):
        extract(zip_path, tmp_path / "target")


def test_a_member_that_holds_more_than_it_claims_is_refused(tmp_path):
    zip_path = make_zip(
        tmp_path / "liar.zip", {"Glass/1.bmp": bytes(5000)}, compression=zipfile.ZIP_DEFLATED
    )
    content = zip_path.read_bytes()
    zip_path.write_bytes(content.replace(struct.pack("<L", 5000), struct.pack("<L", 10)))
    assert "'Glass/1.bmp' is broken" in refused(zip_path, tmp_path)


@pytest.mark.parametrize("content", [b"", b"PK", b"<html>not found</html>", b"PK\x05\x06"])
def test_what_is_no_zip_is_named(tmp_path, content):
    (tmp_path / "no.zip").write_bytes(content)
    assert "the zip cannot be read" in refused(tmp_path / "no.zip", tmp_path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_zip_cut_short_is_named(tmp_path, share):
    whole = make_zip(tmp_path / "cut.zip", {f"Glass/{i}.jpg": bytes(500) for i in range(9)})
    content = whole.read_bytes()
    whole.write_bytes(content[: int(share * len(content))])
    assert "cut short" in refused(whole, tmp_path)


def test_a_failing_check_leaves_nothing(tmp_path):
    def check(folder):
        assert files_below(folder)
        raise WasteError("not these")

    zip_path = make_zip(tmp_path / "ok.zip", {"Glass/1.jpg": b"1"})
    with pytest.raises(WasteError, match="not these"):
        extract(zip_path, tmp_path / "out" / "target", check=check)
    assert not any((tmp_path / "out").iterdir())


hostile_parts = st.sampled_from(
    ["..", ".", "", "C:", "\\", "..\\..", "~", "CON", "a.jpg", "A.JPG", "\u212a.jpg", "\x7f"]
) | st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
hostile_names = st.lists(hostile_parts, min_size=1, max_size=5).map("/".join)


@settings(deadline=None, max_examples=200)
@given(names=st.lists(hostile_names, min_size=1, max_size=4))
@example(names=["a/../../../x.jpg"])
@example(names=["/x.jpg"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_no_name_whatever_writes_outside_the_folder(tmp_path_factory, names):
    sandbox = tmp_path_factory.mktemp("sandbox")
    zip_path = make_zip(sandbox / "any.zip", {f"{name}.jpg": b"x" for name in names})
    target = sandbox / "a" / "b" / "target"
    try:
        extract(zip_path, target)
    except WasteError:
        assert not target.exists()
    outside = {path for path in files_below(sandbox) if not path.startswith("a/b/target/")}
    assert outside == {"any.zip"}


@settings(deadline=None, max_examples=300)
@given(seed=st.integers(0, 2**32), flips=st.integers(1, 8))
def test_damaged_zips_end_in_a_message_never_in_a_traceback(tmp_path_factory, seed, flips):
    chance = random.Random(seed)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for i in range(3):
            target.writestr(f"Glass/{i}.jpg", chance.randbytes(50) + bytes(200))
    content = bytearray(buffer.getvalue())
    for _ in range(flips):
        content[chance.randrange(len(content))] = chance.randrange(256)
    sandbox = tmp_path_factory.mktemp("damaged")
    (sandbox / "any.zip").write_bytes(content)
    try:
        extract(sandbox / "any.zip", sandbox / "out" / "target")
    except WasteError:
        assert not any((sandbox / "out").glob("*"))
