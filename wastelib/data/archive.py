"""Unpack a zip of photographs that nobody has vouched for."""

import errno
import lzma
import re
import shutil
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

from wastelib.data.layout import GROUPS_FILE, is_hidden, is_image
from wastelib.errors import WasteError
from wastelib.files import need_space, whole_folder

TOTAL_LIMIT_BYTES = 200 * 10**9
RATIO_LIMIT = 100  # unpacked to packed; photographs stay below 2, uncompressed bitmaps below 10
HARMLESS_BYTES = 10**8  # up to here the ratio does not matter: tiny test images compress well

# What zipfile raises for a file that is no zip, is cut short, or was tampered with.
BROKEN_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


def extract(
    zip_path: Path, target: Path, check: Callable[[Path], object] = lambda folder: None
) -> Path:
    """Unpack the images and `groups.csv` of a zip into the new folder `target`; return it.

    `check` is called with the unpacked folder before it gets its name; if it raises, or
    anything else does, `target` is not made. System files (`__MACOSX`, `.DS_Store`,
    `Thumbs.db`), texts and the like are left in the zip.

    Raises `WasteError`, naming the zip and the member, for a broken, encrypted or cut-short
    zip, a member that would land outside `target` or on top of another (also where names
    differ by case only, so that every system unpacks the same), a link or device, and for
    more bytes than a zip of photographs or the disk can hold. Nothing is written before all
    names and sizes have been looked at.
    """
    zip_path, target = Path(zip_path), Path(target)
    try:
        archive = zipfile.ZipFile(zip_path)
    except (OSError, *BROKEN_ZIP) as error:
        raise WasteError(
            f"the zip cannot be read: {error}",
            where=zip_path,
            remedy="download it or make it again: it may be cut short",
        ) from error
    with archive:
        files = _wanted(archive, zip_path)
        total = sum(member.file_size for member in files.values())
        _refuse_bomb(total, zip_path)
        need_space(target.parent, total, f"unpacking {zip_path.name}")
        with whole_folder(target) as temporary:
            for path, member in files.items():
                _write(archive, member, temporary / path, zip_path)
            check(temporary)
    return target


def _wanted(archive: zipfile.ZipFile, zip_path: Path) -> dict[PurePosixPath, zipfile.ZipInfo]:
    """The members to unpack by their safe path. Every member is checked, wanted or not."""
    members = archive.infolist()
    for member in members:
        if reason := _danger(member):
            raise _refusal(member, reason, zip_path)
    paths = [(PurePosixPath(member.filename), member) for member in members]
    wanted = [
        (path, member)
        for path, member in paths
        if not member.is_dir()
        and not any(is_hidden(part) for part in path.parts)
        and (is_image(path) or path.name == GROUPS_FILE)
    ]
    _refuse_clashes(wanted, zip_path)
    return dict(wanted)


def _danger(member: zipfile.ZipInfo) -> str | None:
    """Why a member must not be unpacked, or None. Judged for all systems at once."""
    name = member.orig_filename  # as it stands in the zip: `filename` ends at a NUL byte
    mode = stat.S_IFMT(member.external_attr >> 16)
    parts = name.split("/")
    if member.flag_bits & 0x41:
        return "is encrypted"
    if mode not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or a device, not a file"
    if "\\" in name or "\0" in name:
        return "has a backslash or a NUL in its name"
    if name.startswith("/") or any(re.match(r"[A-Za-z]:", part) for part in parts):
        return "has an absolute path"
    if ".." in parts:
        return "would land outside the folder"
    return None


def _refuse_clashes(
    wanted: Iterable[tuple[PurePosixPath, zipfile.ZipInfo]], zip_path: Path
) -> None:
    """Refuse two files under one name, and names that are one on some systems (Aa, aa)."""
    seen: dict[str, tuple[PurePosixPath, bool]] = {}
    for path, member in wanted:
        for place in (path, *path.parents):
            is_file = place == path
            key = unicodedata.normalize("NFC", str(place)).casefold()
            entry = (place, is_file)
            known = seen.setdefault(key, entry)
            if known is not entry and (is_file or known != entry):
                reason = f"clashes with {str(known[0])[:200]!r}"
                raise _refusal(member, reason, zip_path)


def _refuse_bomb(total: int, zip_path: Path) -> None:
    # Against the zip's real size: the sizes that members claim can share the same bytes.
    packed = zip_path.stat().st_size
    if total > TOTAL_LIMIT_BYTES or total > max(HARMLESS_BYTES, RATIO_LIMIT * packed):
        raise WasteError(
            f"{packed / 1e6:,.1f} MB of zip would unpack to {total / 1e6:,.0f} MB of images",
            where=zip_path,
            remedy="if it is what it claims to be, unpack it yourself and give the folder",
        )


def _write(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path, zip_path: Path) -> None:
    """Write one member; zipfile stops at the size it claims and checks its CRC."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(member) as source, path.open("xb") as file:
            shutil.copyfileobj(source, file, 2**20)
    except BROKEN_ZIP as error:
        raise _refusal(member, f"is broken ({error})", zip_path) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise  # `whole_folder` names it
        raise _refusal(member, f"cannot be unpacked ({error.strerror})", zip_path) from error


def _refusal(member: zipfile.ZipInfo, reason: str, zip_path: Path) -> WasteError:
    """The name goes through `repr`, cut: it may hold control characters or be very long."""
    return WasteError(
        f"in the zip, {member.orig_filename[:200]!r} {reason}",
        where=zip_path,
        remedy="make the zip again from plain image files, or give the unpacked folder",
    )
