"""What a machine needs to train for another one: files, and the folder there that they go to.

Nothing is assumed about a shared file system. A parcel's folder on the receiving machine is a
build folder like any other, so that `fit` runs in it unchanged, finds what an earlier training
left there, and goes on from the last epoch. Files are named by what is in them (fingerprints,
hashes), so one that is there with the right size is not sent again.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from wastelib.data.dataset import Dataset
from wastelib.errors import WasteError
from wastelib.files import cache_folder, need_space, whole_file
from wastelib.models.backbones import Weights
from wastelib.training.run import FILES

PIECE_BYTES = 16_000_000


@dataclass(frozen=True)
class Parcel:
    """Files by their names in the receiving folder; bytes stand for a file made for sending.

    `key` names that folder: it is a hash of the dataset's tables.
    """

    key: str
    files: dict[str, Path | bytes]

    def sizes(self) -> dict[str, int]:
        """Bytes of each file."""
        return {
            name: len(file) if isinstance(file, bytes) else file.stat().st_size
            for name, file in self.files.items()
        }

    def pieces(self, name: str) -> Iterator[bytes]:
        """A file's content, a little at a time."""
        content = self.files[name]
        if isinstance(content, bytes):
            yield content
            return
        with content.open("rb") as file:
            while piece := file.read(PIECE_BYTES):
                yield piece


def pack(dataset: Dataset, *, more: Iterable[Path] = (), weights: Iterable[Weights] = ()) -> Parcel:
    """The dataset's tables, files of its build folder, and weights. Photographs stay here."""
    tables = {
        f"dataset/{path.name}": path
        for path in sorted((dataset.build_folder / "dataset").iterdir())
        if path.is_file() and path.name != "dataset.json"
    }
    description = json.loads((dataset.build_folder / "dataset" / "dataset.json").read_text("utf-8"))
    description["source"]["root"] = "."  # a folder that is there: no photograph is ever opened
    tables["dataset/dataset.json"] = json.dumps(description | {"asked": {}}).encode()
    digest = hashlib.sha256()
    for name, file in sorted(tables.items()):
        content = file if isinstance(file, bytes) else file.read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    files: dict[str, Path | bytes] = dict(tables)
    for path in more:
        files[path.relative_to(dataset.build_folder).as_posix()] = path
    for found in weights:
        if found.file is not None:
            files[f"{weights_folder(found.identity)}/{found.file.name}"] = found.file
    return Parcel(digest.hexdigest()[:16], files)


def weights_folder(identity: str) -> str:
    """Where weights of this identity lie in a parcel's folder."""
    return f"weights/{identity.replace(':', '-')}"


def run_files(folder: Path) -> list[Path]:
    """All files of a run."""
    return [folder / name for name in FILES]


def folder_here(key: str) -> Path:
    """The folder of a parcel on this machine; all workers on it share the one."""
    return cache_folder() / "cluster" / key


def lacking(key: str, sizes: dict[str, int]) -> list[str]:
    """Names of the files that are not here yet."""
    folder = folder_here(key)

    def is_here(name: str, size: int) -> bool:
        path = folder / name
        return path.is_file() and path.stat().st_size == size

    return [name for name, size in sizes.items() if not is_here(name, size)]


def receive(key: str, name: str, size: int, token: str, piece: bytes, last: bool) -> None:
    """Append `piece` to a file that arrives; with the last one it takes its name.

    `token` tells two senders of one file apart.
    """
    path = folder_here(key) / name
    if not path.resolve().is_relative_to(folder_here(key).resolve()):
        raise WasteError(f"a file of the parcel would leave its folder: {name}")
    unfinished = path.with_name(f".part-{token}-{path.name}")
    unfinished.parent.mkdir(parents=True, exist_ok=True)
    if not unfinished.exists():
        need_space(path.parent, size, f"the file {path.name}, sent for a training,")
    with unfinished.open("ab") as file:
        file.write(piece)
    if last:
        if unfinished.stat().st_size != size:
            unfinished.unlink()
            raise WasteError(f"the file {name} did not arrive whole", remedy="start again")
        with whole_file(path) as temporary:
            unfinished.replace(temporary)
