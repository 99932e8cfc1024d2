"""Where the system cannot keep submissions out of other folders: what has changed in them?"""

import os
from collections.abc import Iterable
from pathlib import Path

Listing = dict[str, tuple[int, int, int]]


def listing(folders: Iterable[Path]) -> Listing:
    """Size, time of change and number of every file below these folders; links count as such."""
    found: Listing = {}
    for folder in folders:
        for parent, _, files in os.walk(folder):
            for name in files:
                path = Path(parent, name)
                about = path.lstat()
                found[str(path)] = about.st_size, about.st_ctime_ns, about.st_ino
    return found


def changed(before: Listing, after: Listing) -> list[str]:
    """The files that are no longer what they were, and those that have come or gone."""
    return sorted(p for p in before.keys() | after.keys() if before.get(p) != after.get(p))
