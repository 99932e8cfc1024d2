"""A dataset prepared once, stored in the build folder, and opened by every notebook."""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path

import pandas as pd

from wastelib.data.catalogue import build_catalogue, fingerprint, image_files
from wastelib.data.folds import make_folds, most_folds, thin
from wastelib.data.groups import GroupRule
from wastelib.data.layout import GROUPS_FILE
from wastelib.data.likeness import Look
from wastelib.data.sources import Source, locate
from wastelib.data.splits import METHODS, Split, make_split, read_split, write_split
from wastelib.errors import WasteError
from wastelib.files import whole_file, write_json


@dataclass(frozen=True)
class Dataset:
    """Photographs on disk and everything known about them.

    `catalogue` has one row per image (path, label, group, width, height, mode, sha256, phash),
    `skipped` one per file that could not be read (path, reason). `splits` has the course's
    `Split` of each method, `shares` the shares of train and validation that they gave. Other
    splits are made by `split_by`, `folds` and `thinned`; each is stored under its fingerprint,
    by which a trial names it. `build_folder` is where they and caches are kept.
    """

    name: str
    source: Source
    catalogue: pd.DataFrame
    skipped: pd.DataFrame
    splits: dict[str, Split]
    shares: dict[str, float]
    build_folder: Path

    @property
    def root(self) -> Path:
        """The folder whose sub-folders are the classes."""
        return self.source.root

    @property
    def classes(self) -> list[str]:
        """Class names in the order that models number them."""
        return sorted(self.catalogue["label"].unique())

    @property
    def class_numbers(self) -> pd.Series:
        """The number of each image's class, in the catalogue's order."""
        numbers = {label: number for number, label in enumerate(self.classes)}
        return self.catalogue["label"].map(numbers)

    @property
    def groups_known(self) -> bool:
        """Whether the dataset brought its groups along; else they are derived."""
        return (self.root / GROUPS_FILE).exists()

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the catalogue's table, computed once: every trial and cache asks for it."""
        return fingerprint(self.catalogue)

    def split(self, split_fingerprint: str) -> Split:
        """The stored split that a trial names, whenever and by whichever process it was made."""
        for split in self.splits.values():
            if split.fingerprint == split_fingerprint:
                return split
        if (file := self.split_file(split_fingerprint)) is not None:
            method, seed, _ = file.stem.split("-")
            split = read_split(file, method, int(seed))
            if split.fingerprint == split_fingerprint:
                return split
        raise WasteError(
            f"no stored split has the fingerprint {split_fingerprint[:12]}",
            where=self._splits_folder,
            remedy="run notebook 01_data_preparation again, then the one that declares the trial",
        )

    def split_by(self, method: str, seed: int) -> Split:
        """The images divided as in `splits`, in the same shares, but drawn from another seed."""
        return self._stored(make_split(self.catalogue, method, seed=seed, **self.shares))

    def folds(self, count: int, seed: int) -> list[Split]:
        """`count` splits that test each image once (see `make_folds`)."""
        return [self._stored(fold) for fold in make_folds(self.catalogue, count, seed=seed)]

    @property
    def most_folds(self) -> int:
        """How many folds there can be: a part of each needs a group of every class."""
        return most_folds(self.catalogue)

    def thinned(self, split: Split, share: float) -> Split:
        """`split` with only that share of its training groups (see `thin`)."""
        return self._stored(thin(split, share))

    def split_file(self, split_fingerprint: str) -> Path | None:
        """Where a split is stored that is none of `splits`, if it is."""
        return next(self._splits_folder.glob(f"*-{split_fingerprint}.csv"), None)

    def add_other(self, other: "Dataset") -> None:
        """Remember another dataset, for trials that are tested on it.

        Raises `WasteError` if the two have no class of the same name, or a photograph in common.
        """
        if shared := set(self.catalogue["sha256"]) & set(other.catalogue["sha256"]):
            raise WasteError(
                f"{len(shared)} photographs of {other.name} are among those of {self.name}, which "
                "models have learnt from",
                where=other.root,
                remedy="name other photographs, or none, to test on too",
            )
        if not set(self.classes) & set(other.classes):
            raise WasteError(
                f"no class of {other.name} has the name of one of {self.name}: "
                f"{', '.join(other.classes)}",
                where=other.root,
                remedy=f"name folders as the classes are named: {', '.join(self.classes)}",
            )
        where = os.path.relpath(other.build_folder, self.build_folder)
        write_json(self._other_file(other.fingerprint), {"build_folder": where})

    def other(self, fingerprint: str) -> "Dataset":
        """A dataset that `add_other` was given.

        Raises `WasteError` if there is none, or it has changed since.
        """
        try:
            note = json.loads(self._other_file(fingerprint).read_text("utf-8"))
            found = open_dataset(self.build_folder / note["build_folder"])
        except FileNotFoundError:
            found = None
        if found is None or found.fingerprint != fingerprint:
            raise WasteError(
                f"no other dataset with the fingerprint {fingerprint[:12]} is known here",
                where=self.build_folder,
                remedy="prepare it again, and run the cell that adds it to this dataset",
            )
        return found

    def _other_file(self, fingerprint: str) -> Path:
        return self.build_folder / "others" / f"{fingerprint}.json"

    @property
    def _splits_folder(self) -> Path:
        return self.build_folder / "splits"

    def _stored(self, split: Split) -> Split:
        found = split.fingerprint
        if all(found != known.fingerprint for known in self.splits.values()):
            write_split(split, self._splits_folder / f"{split.method}-{split.seed}-{found}.csv")
        return split


def prepare(
    data: str,
    build_folder: Path | str,
    *,
    seed: int,
    dataset_name: str,
    demo_images: int,
    unreadable_limit: float,
    rule: GroupRule,
    train_share: float,
    validation_share: float,
    look: Look | None = None,
    methods: Sequence[str] = METHODS,
) -> Dataset:
    """Locate the photographs, catalogue and split them, and store the result.

    Stored under `build_folder/dataset`: `catalogue.parquet`, `skipped.csv`,
    `split-<method>.csv` and, written last, `dataset.json`. Files that have not changed since
    the last call with the same parameters are not read again. For the meaning of `data` and
    of the failures see `sources.locate`, `catalogue.build_catalogue` and `splits.make_split`;
    of `rule` and `look`, `catalogue.build_catalogue`. Photographs that models are only tested on
    need no splits, and no `methods`: their classes may be of any size.
    """
    source = locate(data, demo_images=demo_images, seed=seed)
    folder = Path(build_folder) / "dataset"
    asked = {
        "listing": _listing(source.root),
        "unreadable_limit": unreadable_limit,
        "rule": asdict(rule),
        "look": look.identity if look else "colours",
    }
    catalogue, skipped = _stored_tables(folder, asked) or build_catalogue(
        source.root, rule=rule, unreadable_limit=unreadable_limit, look=look
    )
    shares = {"train": train_share, "validation": validation_share}
    splits = {method: make_split(catalogue, method, seed=seed, **shares) for method in methods}
    (folder / "dataset.json").unlink(missing_ok=True)  # no description without its tables
    with whole_file(folder / "catalogue.parquet") as path:
        catalogue.to_parquet(path, index=False)
    with whole_file(folder / "skipped.csv") as path:
        skipped.to_csv(path, index=False)
    for method, split in splits.items():
        write_split(split, folder / f"split-{method}.csv")
    description = {
        "name": dataset_name or source.name,
        "source": asdict(source) | {"root": str(source.root)},
        "seed": seed,
        "shares": shares,
        "asked": asked,
    }
    write_json(folder / "dataset.json", description)
    return open_dataset(build_folder)


def open_dataset(build_folder: Path | str) -> Dataset:
    """The dataset that notebook 01 prepared in `build_folder`.

    Raises `WasteError` if there is none, or its photographs have gone.
    """
    build_folder = Path(build_folder)
    folder = build_folder / "dataset"
    try:
        description = json.loads((folder / "dataset.json").read_text("utf-8"))
        shares = description["shares"]  # not there in what an earlier version prepared
    except (FileNotFoundError, KeyError) as error:
        raise WasteError(
            "no dataset has been prepared here",
            where=folder,
            remedy="run notebook 01_data_preparation first, with the same build_folder",
        ) from error
    source = Source(**description["source"] | {"root": Path(description["source"]["root"])})
    if not source.root.is_dir():
        raise WasteError(
            "the photographs of the prepared dataset are gone",
            where=source.root,
            remedy="run notebook 01_data_preparation again",
        )
    files = {method: folder / f"split-{method}.csv" for method in METHODS}
    splits = {
        method: read_split(file, method, description["seed"])
        for method, file in files.items()
        if file.exists()
    }
    return Dataset(
        name=description["name"],
        source=source,
        catalogue=pd.read_parquet(folder / "catalogue.parquet"),
        skipped=pd.read_csv(folder / "skipped.csv", dtype=str, keep_default_na=False),
        splits=splits,
        shares=shares,
        build_folder=build_folder,
    )


def data_card(dataset: Dataset) -> pd.DataFrame:
    """What a reader must know of the data to use or cite it: columns field, value."""
    source = dataset.source
    ours = source.kind == "demo"
    fields = {
        "name": dataset.name,
        "source": "rendered by this project" if ours else source.name,
        "from": source.url or ("this project" if ours else "not known"),
        "citation": source.citation or ("this project" if ours else "none known"),
        "licences": "; ".join(source.licences)
        or ("as this project" if ours else "none known: ask the owner before publishing"),
        "images": f"{len(dataset.catalogue):,}",
        "classes": f"{len(dataset.classes)}: {', '.join(dataset.classes)}",
        "groups": f"{dataset.catalogue['group'].nunique():,}, "
        + ("known" if dataset.groups_known else "derived from the photographs"),
        "fingerprint": dataset.fingerprint,
    }
    return pd.DataFrame(fields.items(), columns=["field", "value"])


def _listing(root: Path) -> str:
    """Hash of all names, sizes and times of the files: changes when a file does."""
    digest = hashlib.sha256(str(root).encode())
    for path in chain(image_files(root), sorted(root.glob("*.csv"))):
        stat = path.stat()
        digest.update(os.fsencode(path.relative_to(root)))  # a name is any bytes
        digest.update(f"\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _stored_tables(folder: Path, asked: dict) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    try:
        if json.loads((folder / "dataset.json").read_text("utf-8"))["asked"] != asked:
            return None
        skipped = pd.read_csv(folder / "skipped.csv", dtype=str, keep_default_na=False)
        return pd.read_parquet(folder / "catalogue.parquet"), skipped
    except (FileNotFoundError, KeyError, json.JSONDecodeError):
        return None
