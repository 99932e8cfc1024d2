"""A file or folder is there whole or not at all, however the writing of it ends."""

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wastelib.errors import WasteError
from wastelib.files import (
    cache_folder,
    disk_full_named,
    need_space,
    sha256_of,
    whole_file,
    whole_folder,
    write_json,
)


def contents(folder: Path) -> dict[str, str]:
    """Name -> text of every file below a folder, temporary ones included."""
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def fail_halfway(whole, target: Path, failure: type[BaseException]) -> None:
    """Write half of what was meant, then raise."""
    with whole(target) as temporary:
        half = temporary if temporary.is_file() else temporary / "half"
        half.write_text("half")
        raise failure


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("before", [{}, {"a.txt": "old"}])
def test_a_failed_write_leaves_the_file_as_it_was(tmp_path, failure, before):
    for name, text in before.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(failure):
        fail_halfway(whole_file, tmp_path / "a.txt", failure)
    assert contents(tmp_path) == before


def test_a_finished_write_replaces_the_file(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    with whole_file(tmp_path / "a.txt") as temporary:
        temporary.write_text("new")
        assert contents(tmp_path)["a.txt"] == "old"
    assert contents(tmp_path) == {"a.txt": "new"}


def test_the_temporary_file_has_the_suffix_that_writers_go_by(tmp_path):
    with whole_file(tmp_path / "below" / "a.tar.gz") as temporary:
        assert temporary.suffix == ".gz"
        assert temporary.parent == tmp_path / "below"


def test_others_may_read_the_result(tmp_path):
    with whole_file(tmp_path / "a.txt"):
        pass
    with whole_folder(tmp_path / "folder"):
        pass
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt])
def test_a_failed_folder_leaves_nothing(tmp_path, failure):
    with pytest.raises(failure):
        fail_halfway(whole_folder, tmp_path / "run", failure)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_appears_with_all_its_files_at_once(tmp_path):
    with whole_folder(tmp_path / "run") as temporary:
        (temporary / "a").write_text("1")
        assert not (tmp_path / "run").exists()
    assert contents(tmp_path) == {"run/a": "1"}


def test_a_finished_folder_is_never_overwritten(tmp_path):
    (tmp_path / "run").mkdir()
    with pytest.raises(FileExistsError), whole_folder(tmp_path / "run"):
        pass
    assert list(tmp_path.iterdir()) == [tmp_path / "run"]


def test_of_two_that_make_the_same_folder_the_first_one_wins(tmp_path):
    def race() -> None:
        with whole_folder(tmp_path / "run") as slow:
            (slow / "a").write_text("slow")
            with whole_folder(tmp_path / "run") as quick:
                (quick / "a").write_text("quick")

    with pytest.raises(OSError, match="not empty"):
        race()
    assert contents(tmp_path) == {"run/a": "quick"}


@pytest.mark.parametrize("kind", ["whole_file", "whole_folder"])
def test_a_killed_writer_leaves_no_half_result(tmp_path, kind):
    target = tmp_path / "result.bin"
    code = (
        "import os, signal, sys\n"
        f"from wastelib.files import {kind}\n"
        f"with {kind}(__import__('pathlib').Path(sys.argv[1])) as temporary:\n"
        "    half = temporary if temporary.is_file() else temporary / 'half'\n"
        "    half.write_bytes(b'half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(target)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert not target.exists()
    assert all(path.name.startswith(".part-") for path in tmp_path.iterdir())
    with whole_file(target) as temporary:  # what was left behind is in nobody's way
        temporary.write_text("whole")
    assert target.read_text() == "whole"


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("whole", [whole_file, whole_folder])
def test_a_full_disk_is_named_with_its_remedy(tmp_path, whole, code):
    with pytest.raises(WasteError) as raised, whole(tmp_path / "a.bin"):
        raise OSError(code, os.strerror(code))
    message = str(raised.value)
    assert "the disk is full while writing a.bin" in message
    assert str(tmp_path) in message
    assert "WASTELIB_CACHE" in message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_really_full_disk_is_named():
    with pytest.raises(WasteError, match="disk is full"), disk_full_named(Path("/dev/full")):
        Path("/dev/full").write_text("x")


def test_other_failures_of_the_system_keep_their_own_error(tmp_path):
    with pytest.raises(PermissionError), whole_file(tmp_path / "a.txt"):
        raise PermissionError(errno.EACCES, "Permission denied")


def test_space_is_asked_for_before_a_long_job(tmp_path):
    need_space(tmp_path / "not" / "yet" / "there", 1, "the cache")
    with pytest.raises(WasteError, match="the cache needs 1,000,000,000,000 MB"):
        need_space(tmp_path / "not" / "yet" / "there", 10**18, "the cache")
    assert list(tmp_path.iterdir()) == []


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )
)
def test_json_comes_back_as_it_was_written(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("json") / "value.json"
    write_json(path, value)
    assert json.loads(path.read_text("utf-8")) == value


def test_a_value_that_is_no_json_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "value.json"
    write_json(path, {"old": 1})
    with pytest.raises(TypeError):
        write_json(path, {"new": object()})
    assert json.loads(path.read_text()) == {"old": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_the_hash_is_of_the_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256_of(tmp_path / "a") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


def test_the_cache_goes_where_the_user_says(monkeypatch, tmp_path):
    monkeypatch.setenv("WASTELIB_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("WASTELIB_CACHE")
    assert cache_folder().name == "wastelib"
