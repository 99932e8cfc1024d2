"""The layout of a dataset on disk: one folder whose sub-folders are the classes."""

import os
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePath

from wastelib.errors import WasteError

IMAGE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})

# The true groups, where a dataset knows them: columns path, group; it lies beside the classes.
GROUPS_FILE = "groups.csv"


def is_hidden(name: str) -> bool:
    """Whether a file or folder belongs to the system: `.DS_Store`, `._1.jpg`, `__MACOSX`."""
    return name.startswith(".") or name == "__MACOSX"


def composed(name: str) -> str:
    """The same name whatever system stored it: an accent in one letter, where some have two."""
    return unicodedata.normalize("NFC", name)


def is_image(path: str | PurePath) -> bool:
    """Whether a file counts as an image, judged by its name alone."""
    path = PurePath(path)
    return path.suffix.lower() in IMAGE_SUFFIXES and not is_hidden(path.name)


def class_root(folder: Path, *, where: Path | None = None) -> Path:
    """The folder, `folder` itself or one below it, whose sub-folders hold the images.

    Images that lie beside class folders belong to no class and do not count.

    Raises `WasteError`, naming `where` (default: `folder`), if there is no image, no class
    folder, only one, or if class folders are found in more than one place.
    """
    where = where or folder
    with_images = _folders_with_images(folder)
    if not with_images:
        raise WasteError(
            "no image found",
            where=where,
            remedy=f"expected <class>/<file> with one of {', '.join(sorted(IMAGE_SUFFIXES))}",
        )
    above = {parent for found in with_images for parent in found.parents}
    classes = [found for found in with_images if found not in above]
    roots = sorted({found.parent for found in classes})
    if classes == [folder]:
        raise WasteError(
            "the images are not sorted into classes",
            where=where,
            remedy="put the images of each class into a sub-folder named after the class",
        )
    if len(roots) > 1:
        raise WasteError(
            f"class folders are in more than one place: {_listed(roots, classes, folder)}",
            where=where,
            remedy="give the one folder whose sub-folders are the classes",
        )
    if len(classes) == 1:
        raise WasteError(
            f"only one class has images: {classes[0].name!r}",
            where=where,
            remedy="a classifier needs at least two: one sub-folder per class",
        )
    return roots[0]


def images_per_class(root: Path) -> dict[str, int]:
    """The number of image files in each class folder of `root`, by class name."""
    return {
        folder.name: sum(is_image(path) for path in folder.iterdir())
        for folder in sorted(root.iterdir())
        if folder.is_dir() and not is_hidden(folder.name)
    }


def named_images(
    words: Iterable[str], lines: Iterable[str], on_problem: Callable[[Path, str], None]
) -> Iterator[Path]:
    """The files that `words` name: a file itself, and for a folder all images in and below it.

    The word "-" stands for `lines`, each of which names a file or folder. Folders are read
    when their turn comes, each sorted by name, its files before its sub-folders. A folder that
    cannot be read, or has no image, is handed to `on_problem` with the reason.
    """
    for word in words:
        for name in map(_of_line, lines) if word == "-" else [word]:
            if os.path.isdir(name):  # which no name makes raise, as Path.is_dir does
                yield from _images_below(Path(name), on_problem)
            elif name:
                yield Path(name)
            elif word != "-":  # of lines, an empty one is none
                on_problem(Path(name), "an empty word names no file")


def _of_line(line: str) -> str:
    """The name that a line holds. Windows ends lines with a character more, which names may too."""
    name = line.removesuffix("\n")
    shorter = name.removesuffix("\r")
    return name if name == shorter or os.path.lexists(name) else shorter


def _images_below(folder: Path, on_problem: Callable[[Path, str], None]) -> Iterator[Path]:
    silent = True

    def told(error: OSError) -> None:
        nonlocal silent
        silent = False
        on_problem(Path(error.filename), f"this folder cannot be read: {error.strerror}")

    for here, images in _walk(folder, told):
        for name in sorted(images):
            silent = False
            yield here / name
    if silent:
        on_problem(folder, "no image is in this folder")


def _folders_with_images(folder: Path) -> list[Path]:
    """Folders that directly hold an image."""
    return [here for here, images in _walk(folder, _refuse_unreadable) if images]


def _walk(folder: Path, onerror: Callable[[OSError], None]) -> Iterator[tuple[Path, list[str]]]:
    """Each folder with the names of its images. Links are followed, each folder is had once."""
    seen = set()
    for name, folders, files in os.walk(folder, followlinks=True, onerror=onerror):
        here = Path(name)
        if here.resolve() in seen:
            folders.clear()
            continue
        seen.add(here.resolve())
        folders[:] = sorted(f for f in folders if not is_hidden(f))
        yield here, [file for file in files if is_image(file)]


def _refuse_unreadable(error: OSError) -> None:
    """Stop where `os.walk` would go on and leave a class out without a word."""
    raise WasteError(
        f"this folder cannot be read: {error.strerror}",
        where=error.filename,
        remedy="give yourself the right to read it",
    ) from error


def _listed(roots: list[Path], classes: list[Path], folder: Path) -> str:
    """Up to five of the places, each with its number of class folders."""
    numbers = [sum(found.parent == root for found in classes) for root in roots]
    places = [
        f"{root.relative_to(folder).as_posix()!r} ({number})"
        for root, number in zip(roots, numbers, strict=True)
    ]
    return ", ".join(places[:5]) + (f" and {len(places) - 5} more" if len(places) > 5 else "")
