"""The catalogue: one row per image, and what was found to be wrong with the files."""

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from wastelib.data.groups import GroupRule, derived_groups, known_groups
from wastelib.data.images import UnreadableImageError, read_image
from wastelib.data.layout import GROUPS_FILE, IMAGE_SUFFIXES, composed, is_hidden, is_image
from wastelib.data.likeness import (
    Look,
    Neighbours,
    appearance,
    neighbour_likenesses,
    perceptual_hash,
    thumbnail,
)
from wastelib.data.threads import in_order
from wastelib.errors import WasteError
from wastelib.files import sha256_of

COLUMNS = ["path", "label", "group", "width", "height", "mode", "sha256", "phash"]

_ROWS = 10_000  # of a table that are text at once


def build_catalogue(
    root: Path, *, rule: GroupRule, unreadable_limit: float, look: Look | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read every image under `root`'s class folders once.

    Returns the catalogue (columns `COLUMNS`; `path` is relative to `root`, with `/`; `phash`
    is the perceptual hash, uint64) and the table of skipped files (path, reason). Rows are
    ordered by class, then by file number, so that neighbours in the table are neighbours in
    time. Groups come from `groups.csv` where the dataset brings one, else from `rule` (see
    `groups`), for which `look` compares neighbours; colours do, read in the same pass, where
    it is None.

    Raises `WasteError` if there is no image, fewer than two classes have any, or more than
    `unreadable_limit` (a share, 0..1) of the files had to be skipped.
    """
    catalogue, likenesses, skipped = _read(root, rule.neighbours)
    if catalogue.empty and skipped.empty:
        raise WasteError(
            "no image in any class folder",
            where=root,
            remedy=f"expected <class>/<file> with one of {', '.join(sorted(IMAGE_SUFFIXES))}",
        )
    _refuse_too_many(skipped, len(catalogue) + len(skipped), unreadable_limit, root)
    _refuse_one_class(set(catalogue["label"]), root)
    if (root / GROUPS_FILE).exists():
        catalogue["group"] = known_groups(root / GROUPS_FILE, catalogue["path"])
    else:
        if look is not None:
            likenesses = neighbour_likenesses(look(root, catalogue), rule.neighbours)
        catalogue["group"] = derived_groups(catalogue, likenesses, rule)
    return catalogue[COLUMNS], skipped


def image_files(root: Path) -> Iterator[Path]:
    """Image files of the class folders, by class and then by the numbers in their names.

    Made one by one: a path takes as much memory as everything that is noted of its image.
    """
    classes = sorted(f for f in Path(root).iterdir() if f.is_dir() and not is_hidden(f.name))
    for folder in classes:
        for name in sorted(os.listdir(folder), key=_natural):
            path = folder / name
            if is_image(path) and path.is_file():
                yield path


def fingerprint(table: pd.DataFrame) -> str:
    """SHA-256 of a table's content, the same for equal tables on every machine."""
    digest = hashlib.sha256()
    for start in range(0, max(len(table), 1), _ROWS):  # the text of all rows may be large
        rows = table.iloc[start : start + _ROWS]
        text = rows.to_csv(index=False, header=start == 0, lineterminator="\n")
        digest.update(text.encode())
    return digest.hexdigest()


def exact_duplicates(catalogue: pd.DataFrame) -> pd.DataFrame:
    """Images whose files are byte for byte equal to another's: sha256, path, label."""
    repeated = catalogue[catalogue.duplicated("sha256", keep=False)]
    return repeated.sort_values(["sha256", "path"])[["sha256", "path", "label"]]


def audit(catalogue: pd.DataFrame, skipped: pd.DataFrame, root: Path) -> pd.DataFrame:
    """What a reader should know before trusting the data: columns check, finding.

    `root` is the folder of the class folders, in which other files than images may lie.
    """
    sizes = catalogue.groupby(["width", "height"]).size().sort_values(ascending=False)
    (width, height), count = sizes.index[0], sizes.iloc[0]
    size_text = (
        f"all {width} x {height} pixels"
        if len(sizes) == 1
        else f"{len(sizes)} sizes; {count} images are {width} x {height}"
    )
    modes = catalogue["mode"].value_counts()
    duplicates = exact_duplicates(catalogue)
    across = duplicates.groupby("sha256")["label"].nunique().gt(1).sum()
    groups = catalogue.groupby("group").size()
    torn = catalogue.groupby("group")["label"].nunique().gt(1).sum()
    findings = {
        "images": f"{len(catalogue):,} in {catalogue['label'].nunique()} classes",
        "image size": size_text,
        "channels": ", ".join(f"{mode}: {n:,}" for mode, n in modes.items()),
        "unreadable files (skipped)": f"{len(skipped):,}",
        "other files (left out)": _other_files(root, set(catalogue["label"])),
        "exact duplicates": f"{len(duplicates):,} files, {across} sets across classes",
        "groups": f"{len(groups):,}; the largest has {groups.max()} images",
        "images that share a group": f"{groups[groups > 1].sum() / len(catalogue):.0%}",
        "groups over several classes": f"{torn:,}",
    }
    return pd.DataFrame(findings.items(), columns=["check", "finding"])


def _other_files(root: Path, classes: set[str]) -> str:
    """How many files of class folders are no images by their names, and folders without any."""
    suffixes: Counter[str] = Counter()
    without = []
    for folder in sorted(f for f in root.iterdir() if f.is_dir() and not is_hidden(f.name)):
        files = [path for path in folder.iterdir() if path.is_file() and not is_hidden(path.name)]
        others = [path for path in files if not is_image(path)]
        suffixes.update(_shown(path.suffix.lower()) or "no suffix" for path in others)
        if files and composed(folder.name) not in classes:
            without.append(folder.name)
    found = ", ".join(f"{suffix}: {n:,}" for suffix, n in suffixes.most_common(5)) or "none"
    listed = ", ".join(map(_shown, without[:5]))
    return found + (f"; no class, for want of images: {listed}" if without else "")


def folder_tree(catalogue: pd.DataFrame, root_name: str) -> str:
    """The folder structure as text: each class folder with its first and last file."""
    lines = [f"{root_name}/"]
    for label, rows in catalogue.groupby("label", sort=True):
        names = [path.split("/", 1)[1] for path in rows["path"]]
        lines.append(f"  {label}/  ({len(names):,} images: {names[0]} … {names[-1]})")
    return "\n".join(lines)


def _read(root: Path, reach: int) -> tuple[pd.DataFrame, np.ndarray, pd.DataFrame]:
    """The catalogue without groups, each image's likeness to `reach` before it, the skipped.

    An image's pixels and its appearance, a hundred times its row, are gone before the next
    few files are read.
    """
    rows, neighbours, skipped = [], Neighbours(reach), []
    for facts, look in in_order(lambda path: _facts(root, path), image_files(root)):
        if look is None:
            skipped.append(facts)
            continue
        rows.append(facts)
        neighbours.add(look)
    catalogue = pd.DataFrame(rows, columns=[column for column in COLUMNS if column != "group"])
    return (
        catalogue.astype({"phash": np.uint64}),
        neighbours.likenesses(),
        pd.DataFrame(skipped, columns=["path", "reason"]),
    )


def _facts(root: Path, path: Path) -> tuple[tuple, np.ndarray | None]:
    """An image's row and appearance; path, reason and None if it cannot be read."""
    relative = path.relative_to(root)
    shown = _shown(relative.as_posix())
    if shown != relative.as_posix():
        return (shown, "its name is not UTF-8: rename it"), None
    try:
        image = read_image(path)
    except UnreadableImageError as error:
        return (shown, str(error)), None
    height, width = image.rgb.shape[:2]
    small = thumbnail(image.rgb)
    facts = width, height, image.mode, sha256_of(path), perceptual_hash(small)
    return (shown, composed(relative.parts[0]), *facts), appearance(small)


def _shown(name: str) -> str:
    """A name as text; what is no UTF-8 in it, which no table can hold, as escapes."""
    return name.encode("utf-8", "backslashreplace").decode()


def _natural(name: str) -> list:
    """Plastic_2 before Plastic_10. Text and numbers alternate, so they never compare mixed."""
    parts = re.split(r"([0-9]+)", name)
    return [int(part) if i % 2 else part for i, part in enumerate(parts)]


def _refuse_too_many(skipped: pd.DataFrame, total: int, limit: float, root: Path) -> None:
    if len(skipped) > limit * total:
        first = "; ".join(f"{r.path}: {r.reason}" for r in skipped.head(3).itertuples())
        raise WasteError(
            f"{len(skipped)} of {total} files cannot be read, more than the share "
            f"unreadable_limit = {limit} allows ({first})",
            where=root,
            remedy="mend or remove these files, or raise unreadable_limit",
        )


def _refuse_one_class(labels: Iterable[str], root: Path) -> None:
    labels = sorted(labels)
    if len(labels) < 2:
        raise WasteError(
            f"only one class has readable images: {labels}",
            where=root,
            remedy="put the images of each class into a sub-folder of its own, at least two",
        )
