"""A download must end with the right bytes or a message, whatever the network does."""

import hashlib
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from mirror import serving

from wastelib.data import download as module
from wastelib.data.download import download
from wastelib.errors import WasteError

BODY = random.Random(1).randbytes(600_000)
WRONG = BODY[:-1] + bytes([BODY[-1] ^ 1])


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(module, "BACKOFF_SECONDS", (0.01, 0.01))
    monkeypatch.setattr(module, "TIMEOUT_SECONDS", (5, 5))
    monkeypatch.setattr(module, "CHUNK_BYTES", 10_000)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def target(tmp_path):
    return tmp_path / "cache" / "photographs.zip"


@pytest.fixture
def part(target):
    return target.with_name("photographs.zip.part")


def fetch(target, *mirrors, progress=False):
    urls = [getattr(mirror, "url", mirror) for mirror in mirrors]
    digest = hashlib.sha256(BODY).hexdigest()
    return download(urls, target, sha256=digest, size_bytes=len(BODY), progress=progress)


def succeeds(target, *mirrors) -> None:
    assert fetch(target, *mirrors) == target
    assert target.read_bytes() == BODY
    assert leftovers(target) == []


def failure(target, *mirrors) -> str:
    with pytest.raises(WasteError) as caught:
        fetch(target, *mirrors)
    assert not target.exists()
    return str(caught.value)


def leftovers(target) -> list[str]:
    known = {target.name, target.name + ".lock"}
    return sorted(path.name for path in target.parent.iterdir() if path.name not in known)


def test_a_file_is_fetched_once(target):
    with serving(BODY) as mirror:
        succeeds(target, mirror)
        succeeds(target, mirror)
        assert len(mirror.requests) == 1


def test_a_file_with_other_bytes_is_replaced(target):
    target.parent.mkdir()
    target.write_bytes(WRONG)
    with serving(BODY) as mirror:
        succeeds(target, mirror)


def test_progress_is_shown_as_text(target, capsys):
    with serving(BODY) as mirror:
        fetch(target, mirror, progress=True)
    shown = capsys.readouterr().err
    assert "photographs.zip" in shown
    assert "600k/600k" in shown


@pytest.mark.parametrize("states_length", [True, False])
def test_cut_connections_are_taken_up_where_they_stopped(target, states_length):
    # More cuts than attempts in a row are allowed: each of them brought something.
    with serving(BODY, cuts=[100_000] * 5, states_length=states_length) as mirror:
        succeeds(target, mirror)
        assert len(mirror.requests) == 6
        assert sum(mirror.sent) < len(BODY) + 6 * module.CHUNK_BYTES


def test_a_server_without_ranges_is_asked_for_the_whole_again(target):
    with serving(BODY, cuts=[300_000, 200_000], takes_ranges=False) as mirror:
        succeeds(target, mirror)
        assert mirror.sent == [300_000, 200_000, 600_000]


def test_a_server_without_ranges_that_never_finishes_is_given_up(target):
    with serving(BODY, cuts=[300_000] * 99, takes_ranges=False) as mirror:
        assert "broke off" in failure(target, mirror)
        assert len(mirror.requests) < 6


def test_a_file_that_changed_on_the_server_starts_anew(target):
    with serving(WRONG, cuts=[200_000] * 99, takes_ranges=False) as mirror:
        failure(target, mirror)
        mirror.body, mirror.etag, mirror.cuts, mirror.takes_ranges = BODY, '"second"', [], True
        mirror.sent.clear()
        succeeds(target, mirror)
        assert mirror.requests[-1]["If-Range"] == '"first"'
        assert mirror.sent == [600_000]


def test_a_weak_etag_promises_nothing_and_is_not_sent(target):
    with serving(BODY, cuts=[100_000], etag='W/"weak"') as mirror:
        succeeds(target, mirror)
        assert "If-Range" not in mirror.requests[-1]


def test_one_mirrors_etag_is_not_shown_to_another(target):
    with serving(BODY, cuts=[100_000] * 9, takes_ranges=False) as first, serving(BODY) as second:
        succeeds(target, first, second)
        assert "If-Range" not in second.requests[0]
        assert second.sent[0] <= 510_000


def test_a_note_cut_short_by_a_crash_does_no_harm(target, part):
    part.parent.mkdir()
    part.write_bytes(BODY[:1000])
    part.with_name(part.name + ".json").write_text('{"url": ')
    with serving(BODY) as mirror:
        succeeds(target, mirror)
        assert mirror.sent == [599_000]


def test_wrong_bytes_are_deleted_and_the_next_mirror_is_tried(target):
    with serving(WRONG) as bad, serving(BODY) as good:
        succeeds(target, bad, good)
        assert good.sent == [600_000]


def test_wrong_bytes_everywhere_leave_nothing(target):
    with serving(WRONG) as mirror:
        message = failure(target, mirror)
    assert hashlib.sha256(WRONG).hexdigest() in message
    assert mirror.url in message
    assert leftovers(target) == []


def test_a_mirror_is_not_blamed_for_bytes_that_came_earlier(target, part):
    part.parent.mkdir()
    part.write_bytes(b"x" * 1000)
    with serving(BODY) as mirror:
        succeeds(target, mirror)
        assert mirror.sent == [599_000, 600_000]


@pytest.mark.parametrize(("length", "begun"), [(500_000, 0), (700_000, 0), (700_000, 1000)])
def test_a_stated_wrong_length_is_refused_before_a_byte_is_kept(target, part, length, begun):
    part.parent.mkdir()
    part.write_bytes(BODY[:begun])
    with serving((BODY + WRONG)[:length]) as mirror:
        message = failure(target, mirror)
    assert f"has {length:,} bytes, not 600,000" in message
    assert part.stat().st_size == begun


@pytest.mark.parametrize("length", [500_000, 700_000])
def test_an_unstated_wrong_length_is_found_out(target, length):
    with serving((BODY + WRONG)[:length], states_length=False, etag=None) as mirror:
        failure(target, mirror)
        assert len(mirror.requests) < 8


def test_a_part_longer_than_the_file_is_dropped(target, part):
    part.parent.mkdir()
    part.write_bytes(bytes(700_000))
    with serving(BODY) as mirror:
        succeeds(target, mirror)


def test_a_complete_part_needs_no_request(target, part):
    part.parent.mkdir()
    part.write_bytes(BODY)
    succeeds(target, "http://127.0.0.1:1/nobody")


@pytest.mark.parametrize("shift", [5, 10**6])  # another range; none at all: status 416
def test_a_server_confused_about_ranges_is_asked_for_the_whole(target, part, shift):
    part.parent.mkdir()
    part.write_bytes(BODY[:1000])
    with serving(BODY, range_shift=shift) as mirror:
        succeeds(target, mirror)
        assert mirror.sent[-1] == 600_000


@pytest.mark.parametrize("status", [404, 403, 410])
def test_a_mirror_without_the_file_is_asked_once(target, status):
    with serving(BODY, statuses=[status]) as absent, serving(BODY) as good:
        succeeds(target, absent, good)
        assert len(absent.requests) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_mirror_in_passing_trouble_is_asked_again(target, status):
    with serving(BODY, statuses=[status, status]) as mirror:
        succeeds(target, mirror)


def test_every_mirror_is_named_with_what_went_wrong(target):
    with (
        serving(BODY, statuses=[404]) as absent,
        serving(BODY, statuses=[500] * 9) as broken,
        serving(WRONG) as wrong,
    ):
        message = failure(target, "nonsense", "http://127.0.0.1:1/closed", absent, broken, wrong)
    lines = message.splitlines()
    for url, reason in {
        "nonsense": "Invalid URL",
        "http://127.0.0.1:1/closed": "Connection refused",
        absent.url: "404",
        broken.url: "500",
        wrong.url: "SHA-256",
    }.items():
        assert any(url in line and reason in line for line in lines), message
    assert str(target.parent) in message
    assert "DATA=" in message


def test_a_silent_server_is_left_after_the_timeout_and_its_bytes_are_kept(
    target, part, monkeypatch
):
    monkeypatch.setattr(module, "TIMEOUT_SECONDS", (2, 0.2))
    with serving(BODY, hangs_after=50_000, takes_ranges=False) as hanging, serving(BODY) as good:
        assert "timed out" in failure(target, hanging)
        kept = part.stat().st_size
        assert 0 < kept <= 50_000
        succeeds(target, good)
        assert good.sent == [600_000 - kept]


def test_a_killed_download_goes_on_in_the_next_process(target, part):
    script = (
        "import sys; from pathlib import Path; from wastelib.data import download as d; "
        "d.CHUNK_BYTES = 10_000; "
        "d.download([sys.argv[1]], Path(sys.argv[2]), sha256='-', size_bytes=600_000)"
    )
    with serving(BODY, hangs_after=300_000) as mirror:
        command = [sys.executable, "-c", script, mirror.url, str(target)]
        process = subprocess.Popen(command, cwd=Path(__file__).parents[2])
        wait_until(lambda: part.exists() and part.stat().st_size >= 300_000)
        process.send_signal(signal.SIGKILL)
        process.wait()
        mirror.hangs_after = None
        succeeds(target, mirror)
        assert mirror.sent == [300_000, 300_000]
        assert mirror.requests[-1]["Range"] == "bytes=300000-"


def test_two_downloads_at_once_fetch_the_file_once(target):
    with serving(BODY, hangs_after=100_000) as mirror:
        threads = [threading.Thread(target=fetch, args=(target, mirror)) for _ in range(2)]
        threads[0].start()
        wait_until(lambda: mirror.requests)
        threads[1].start()
        mirror.hangs_after = None
        mirror.released.set()
        for thread in threads:
            thread.join(20)
        assert target.read_bytes() == BODY
        assert sum(mirror.sent) < len(BODY) + 2 * module.CHUNK_BYTES


def test_a_disk_that_is_too_small_is_named_before_the_first_request(target, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 599_999}))
    with serving(BODY) as mirror:
        assert "the download of photographs.zip needs" in failure(target, mirror)
        assert mirror.requests == []


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    message = failure(tmp_path / "file" / "photographs.zip", "http://127.0.0.1:1/")
    assert "cannot write" in message


def wait_until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
