"""Fetch one large file: go on after broken connections, try mirrors, keep only right bytes.

Own code over `requests` because pooch, which this project uses for the place of its cache,
starts a broken download from the beginning: it writes to a temporary file that it removes.
"""

import json
import re
import time
from collections.abc import Iterable
from pathlib import Path

import requests
from tqdm import tqdm

from wastelib.data.lock import one_at_a_time
from wastelib.errors import WasteError
from wastelib.files import disk_full_named, need_space, sha256_of

TIMEOUT_SECONDS = (10, 60)  # to connect; between two packets
BACKOFF_SECONDS = (1, 2, 4)  # waits after attempts that brought nothing new; then next mirror
CHUNK_BYTES = 2**16
PASSING_STATUS = {408, 425, 429, 500, 502, 503, 504}  # worth asking the same server again


class _BrokenError(Exception):
    """An attempt failed in a way that may pass: try the same mirror again."""


class _MirrorError(Exception):
    """This mirror will not give the file, however often it is asked."""


class _Part:
    """What has come so far, `<target>.part`, and a note of the server's version of it.

    Both stay between calls and processes. The note (URL and ETag) lets the server say that
    its file has changed since, instead of handing out the end of another one.
    """

    def __init__(self, target: Path):
        self.path = target.with_name(target.name + ".part")
        self.note = target.with_name(target.name + ".part.json")

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def etag(self, url: str) -> str | None:
        """The ETag under which `url` gave the first bytes, if it did."""
        try:
            note = json.loads(self.note.read_text("utf-8"))
            return note["etag"] if note["url"] == url else None
        except (OSError, ValueError, TypeError, KeyError):
            return None  # no note, or one cut short by a crash: the hash decides in the end

    def begin(self, url: str, etag: str | None) -> None:
        """Start from the first byte. Weak ETags do not promise equal bytes, so none is kept."""
        self.delete()
        if etag and not etag.startswith("W/"):
            self.note.write_text(json.dumps({"url": url, "etag": etag}), "utf-8")

    def delete(self) -> None:
        self.path.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)

    def finish(self, target: Path) -> None:
        self.path.replace(target)
        self.note.unlink(missing_ok=True)


def download(
    urls: Iterable[str],  # mirrors of the same file, tried in this order
    target: Path,  # where it goes; complete and right, or not there
    *,
    sha256: str,  # of the whole file, in hexadecimal
    size_bytes: int,
    progress: bool = True,  # a bar of text on stderr
) -> Path:
    """Fetch the file to `target` unless it is there already, and return `target`.

    A broken connection is taken up where it stopped, also by a later call: what has come is
    kept in `<target>.part`. A server that cannot go on is asked for the whole again. Bytes
    that are wrong are deleted.

    Raises `WasteError` if no mirror gives the file (what went wrong is named for each), the
    disk is too small or the folder cannot be written to.
    """
    target = Path(target)
    with one_at_a_time(target):
        if target.is_file() and sha256_of(target) == sha256:
            return target
        part = _Part(target)
        if part.size > size_bytes:  # of an older edition of the file
            part.delete()
        need_space(target.parent, size_bytes - part.size, f"the download of {target.name}")
        failures = []
        for url in urls:
            try:
                _from_mirror(url, part, sha256, size_bytes, progress)
            except _MirrorError as failure:
                failures.append(f"\n    {url}: {failure}")
            else:
                part.finish(target)
                return target
    raise WasteError(
        f"{target.name} could not be downloaded:{''.join(failures) or ' no address is known'}",
        where=target.parent,
        remedy="check the network and run the same command again: it goes on where it stopped; "
        "or download the file by hand and pass it with DATA=<file>",
    )


def _from_mirror(url: str, part: _Part, sha256: str, size_bytes: int, progress: bool) -> None:
    """Complete `part` from this mirror, with the right bytes, or raise `_MirrorError`.

    Bytes that came earlier may be at fault rather than this mirror: then it gets a second
    chance, from the first byte.
    """
    for _ in range(2 if part.size else 1):
        _complete(url, part, size_bytes, progress)
        found = sha256_of(part.path)
        if found == sha256:
            return
        part.delete()
    raise _MirrorError(f"the bytes are wrong: their SHA-256 is {found}, not {sha256}")


def _complete(url: str, part: _Part, size_bytes: int, progress: bool) -> None:
    """Ask until `part` is complete; give up after attempts in a row without a gain."""
    longest, waits = part.size, iter(BACKOFF_SECONDS)
    with tqdm(
        total=size_bytes,
        initial=longest,
        desc=part.path.stem,
        unit="B",
        unit_scale=True,
        mininterval=1,
        disable=not progress,
    ) as bar:
        while part.size != size_bytes:
            try:
                _attempt(url, part, size_bytes, bar)
            except _BrokenError as broken:
                if part.size > longest:
                    longest, waits = part.size, iter(BACKOFF_SECONDS)
                wait = next(waits, None)
                if wait is None:
                    state = f"{part.size:,} of {size_bytes:,} bytes are here"
                    raise _MirrorError(f"{broken} ({state})") from broken
                time.sleep(wait)


def _attempt(url: str, part: _Part, size_bytes: int, bar: tqdm) -> None:
    """One request: write what it brings to the end of `part`."""
    try:
        with disk_full_named(part.path), _answer(url, part) as response:
            begun = _first_byte(response, part, size_bytes)
            if begun == 0:
                part.begin(url, response.headers.get("ETag"))
            bar.n = begun
            with part.path.open("ab") as file:
                for chunk in response.iter_content(CHUNK_BYTES):
                    file.write(chunk)
                    bar.update(len(chunk))
                    if file.tell() > size_bytes:
                        break
    except requests.RequestException as error:
        if isinstance(error, ValueError):  # requests' own sign of an address that is none
            raise _MirrorError(str(error)) from error
        raise _BrokenError(_plainly(error)) from error
    if part.size > size_bytes:
        part.delete()
        raise _MirrorError(f"more than the expected {size_bytes:,} bytes came")
    if part.size < size_bytes:  # a server that states no length just stops
        raise _BrokenError("the connection broke off")


def _answer(url: str, part: _Part) -> requests.Response:
    """Ask for what is missing. Only an answer that brings bytes of the file is returned."""
    headers = {"Accept-Encoding": "identity"}  # a range of compressed bytes would be useless
    if part.size:
        headers["Range"] = f"bytes={part.size}-"
        if etag := part.etag(url):
            headers["If-Range"] = etag
    response = requests.get(url, headers=headers, stream=True, timeout=TIMEOUT_SECONDS)
    status = response.status_code
    if status in (200, 206):
        return response
    response.close()
    if status == 416:  # the server's file ends before our part does
        part.delete()
    error = _BrokenError if status in PASSING_STATUS | {416} else _MirrorError
    raise error(f"the server answered {status} {response.reason}")


def _first_byte(response: requests.Response, part: _Part, size_bytes: int) -> int:
    """The offset at which the answer's bytes begin: where `part` ends, or 0.

    Raises `_MirrorError` if the answer already tells that the file has another length, and
    `_BrokenError` if it is a range that was not asked for.
    """
    if response.status_code == 200:
        begun, total = 0, response.headers.get("Content-Length")
        if "Content-Encoding" in response.headers:
            total = None  # the length of what is sent, not of the file
    else:
        match = re.match(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
        if match is None or int(match[1]) != part.size:
            part.delete()
            raise _BrokenError("the server sent another range than it was asked for")
        begun, total = part.size, match[2]
    if total and total.isdecimal() and int(total) != size_bytes:
        raise _MirrorError(f"the file there has {int(total):,} bytes, not {size_bytes:,}")
    return begun


def _plainly(error: requests.RequestException) -> str:
    """The reason at the bottom of requests' nested messages."""
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke off"
    inner = error.args[0] if error.args else error
    return str(getattr(inner, "reason", inner)).rpartition(": ")[2]
