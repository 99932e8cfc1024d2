"""Where photographs come from: rendered, downloaded, or given as a folder or a zip."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wastelib.data.archive import extract
from wastelib.data.download import download
from wastelib.data.layout import class_root, images_per_class
from wastelib.data.lock import one_at_a_time
from wastelib.errors import WasteError
from wastelib.files import cache_folder, sha256_of, whole_folder

# Addresses that a site adds, with spaces between; they are tried before the built-in ones.
URLS_VARIABLE = "WASTELIB_REALWASTE_URLS"


@dataclass(frozen=True)
class Source:
    """Photographs on disk and, where known, whose they are.

    `root` is absolute; its sub-folders are the classes.
    """

    name: str
    kind: Literal["demo", "realwaste", "folder"]
    root: Path
    citation: str = ""
    licences: tuple[str, ...] = ()
    url: str = ""


@dataclass(frozen=True)
class Published:
    """What is known of a published dataset before it is downloaded."""

    name: str
    page: str
    urls: tuple[str, ...]
    size_bytes: int
    sha256: str
    citation: str
    licences: tuple[str, ...]
    counts: dict[str, int]  # images per class


REALWASTE = Published(
    name="RealWaste",
    page="https://archive.ics.uci.edu/dataset/908/realwaste",
    urls=(
        "https://archive.ics.uci.edu/static/public/908/realwaste.zip",
        # UCI's own delivery network, as other public projects address it; the hash decides.
        "https://cdn.uci-ics-mlr-prod.aws.uci.edu/908/realwaste.zip",
    ),
    size_bytes=688_545_323,
    # UCI publishes no hash; two public projects measured this one independently.
    sha256="1ede08b32358ee62065bcc1c8cb47a2ece04e8dff5b1fb53342bb8750895b2f3",
    citation=(
        "Single, S.; Iranmanesh, S.; Raad, R. RealWaste: A Novel Real-Life Data Set for "
        "Landfill Waste Classification Using Deep Learning. Information 2023, 14, 633. "
        "doi:10.3390/info14120633"
    ),
    licences=(
        "CC BY 4.0 (as listed at UCI)",
        "CC BY-NC-SA 4.0 (in the authors' own repository; the stricter, to be followed)",
    ),
    counts={
        "Cardboard": 461,
        "Food Organics": 411,
        "Glass": 420,
        "Metal": 790,
        "Miscellaneous Trash": 495,
        "Paper": 500,
        "Plastic": 921,
        "Textile Trash": 318,
        "Vegetation": 436,
    },
)


def locate(
    data: str,  # "demo", "demo-clean", "realwaste", or the path of a folder or a .zip
    *,
    demo_images: int,  # how many the demo renders
    seed: int,  # of the demo
    progress: bool = True,  # show a bar while rendering or downloading
) -> Source:
    """Make sure that the photographs are on this disk, and say where.

    What is rendered, downloaded or unpacked goes to the cache folder, whole or not at all, and
    is reused. A folder of one's own that happens to be called `demo` or `realwaste` is
    reached by a path with a separator: `./demo`.

    Raises `WasteError` for a path that does not exist or is neither folder nor zip, for
    photographs that are not sorted into at least two class folders, and whatever `download`
    and `extract` refuse.
    """
    if data in ("demo", "demo-clean"):
        return _demo(data, demo_images, seed, progress)
    if data == "realwaste":
        return _realwaste(progress)
    path = Path(data).expanduser().resolve()
    if data.strip() and path.is_dir():
        return _own(path.name, class_root(path))
    if path.is_file() and path.suffix.lower() == ".zip":
        return _from_zip(path)
    missing = "this is neither a folder nor a .zip" if path.exists() else "there is no such path"
    raise WasteError(
        f"no photographs at {data!r}: {missing}" if data.strip() else "no photographs are named",
        where=path if data.strip() else "the parameter `data` of notebook 01",
        remedy="DATA is demo, demo-clean, realwaste, a folder with one sub-folder per class, or a "
        "zip of one",
    )


def _demo(data: str, images: int, seed: int, progress: bool) -> Source:
    from wastelib.demo.render import VERSION, render_dataset

    clean = data == "demo-clean"

    def render(folder: Path) -> None:
        with whole_folder(folder) as temporary:
            render_dataset(temporary, images, seed, progress, clean=clean)

    folder = cache_folder() / data / f"{images}-{seed}-{VERSION}"
    _make_once(folder, render)
    name = "Demo data, clean (rendered)" if clean else "Demo data (rendered)"
    return Source(name, "demo", folder.resolve())


def _realwaste(progress: bool) -> Source:
    def fetch(folder: Path) -> None:
        zip_path = download(
            (*os.environ.get(URLS_VARIABLE, "").split(), *REALWASTE.urls),
            cache_folder() / "downloads" / "realwaste.zip",
            sha256=REALWASTE.sha256,
            size_bytes=REALWASTE.size_bytes,
            progress=progress,
        )
        _unpack_realwaste(zip_path, folder)

    return _realwaste_source(fetch)


def _from_zip(path: Path) -> Source:
    """A zip of one's own. RealWaste's, downloaded by hand, is known by its bytes."""
    digest = sha256_of(path)
    if digest == REALWASTE.sha256:
        return _realwaste_source(lambda folder: _unpack_realwaste(path, folder))

    def unpack(folder: Path) -> None:
        extract(path, folder, check=lambda unpacked: class_root(unpacked, where=path))

    folder = cache_folder() / "datasets" / f"{path.stem}-{digest[:12]}"
    _make_once(folder, unpack)
    return _own(path.stem, class_root(folder, where=path).resolve())


def _own(name: str, root: Path) -> Source:
    """Photographs of one's own. Whole classes of RealWaste are known by their counts."""
    if images_per_class(root).items() <= REALWASTE.counts.items():
        facts = (REALWASTE.citation, REALWASTE.licences, REALWASTE.page)
        return Source(name, "folder", root, *facts)
    return Source(name, "folder", root)


def _realwaste_source(make: Callable[[Path], object]) -> Source:
    folder = cache_folder() / "datasets" / f"realwaste-{REALWASTE.sha256[:12]}"
    _make_once(folder, make)
    return Source(
        REALWASTE.name,
        "realwaste",
        _checked_realwaste(folder, where=folder).resolve(),
        REALWASTE.citation,
        REALWASTE.licences,
        REALWASTE.page,
    )


def _unpack_realwaste(zip_path: Path, folder: Path) -> None:
    extract(zip_path, folder, check=lambda found: _checked_realwaste(found, where=zip_path))


def _checked_realwaste(folder: Path, *, where: Path) -> Path:
    """The class root, after comparing each class with the published number of images."""
    root = class_root(folder, where=where)
    counts, published = images_per_class(root), REALWASTE.counts
    differing = [
        f"{name!r} has {counts.get(name, 0)} images, not {published.get(name, 0)}"
        for name in sorted({*counts, *published})
        if counts.get(name, 0) != published.get(name, 0)
    ]
    if differing:
        raise WasteError(
            f"this is not RealWaste as published: {'; '.join(differing)}",
            where=where,
            remedy=f"delete {where.name} and run the same command again: it is made anew",
        )
    return root


def _make_once(folder: Path, make: Callable[[Path], object]) -> None:
    """Call `make` unless `folder` exists; other processes wait meanwhile and find it made."""
    if not folder.exists():
        with one_at_a_time(folder):
            if not folder.exists():
                make(folder)
