"""Checks of notebook 01: what to beat, groups, and splits that stay what they are."""

import random
import tempfile
from collections import Counter
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from wastelib.exercises.check import (
    NotYetError,
    Slip,
    expect,
    of_each_row,
    require,
    right,
    shape_of,
    tried,
)

SUBSETS = ("train", "validation", "test")
TIMES = range(10)  # that names change: of so few as three, a set may well keep the order


def always_largest(answer: Callable) -> None:
    """Accuracy and macro F1 of naming the most frequent label: (accuracy, macro F1)."""
    labels = ["Glass"] * 6 + ["Metal"] * 3 + ["Paper"]
    where = "6 labels Glass, 3 Metal, 1 Paper"
    expect(
        tried(answer, labels, where=where),
        (0.6, 0.25),
        where,
        Slip(
            (0.6, 0.75),
            "the macro F1 is that of the largest class alone",
            "take the mean over all classes; one that is never named has an F1 of 0",
        ),
        Slip(
            (0.6, 0.6),
            "the macro F1 is the accuracy",
            "F1 is 2 · precision · recall / (precision + recall), for each class by itself",
        ),
        Slip(
            (0.6, 0.2),
            "the macro F1 is the mean of the recalls",
            "the largest class has a recall of 1 but a precision of 60 %, and F1 holds both",
        ),
        Slip(
            (1 / 3, 0.25),
            "the accuracy is one by the number of classes",
            "the answer is right as often as the largest class occurs",
        ),
    )
    where = "2 labels Glass"
    expect(tried(answer, ["Glass", "Glass"], where=where), (1, 1), where)
    right("A model has to beat both figures; macro F1 shows that it names the rare classes too.")


def groups_of(answer: Callable) -> None:
    """A group for each image, from the links between them."""
    few = [("can_1", "can_2"), ("can_2", "can_3"), ("jar_1", "jar_2")]
    late = [("cup_1", "cup_2"), ("cup_3", "cup_4"), ("cup_4", "cup_5"), ("cup_2", "cup_3")]
    chain = [(f"tin_{number}", f"tin_{number + 1}") for number in range(1, 8)]
    for links in (few, late, chain):
        images = [*sorted({image for link in links for image in link}), "lid_1"]
        for order in (links, links[::-1], [(b, a) for a, b in links]):
            where = f"the links {', '.join(f'{a} - {b}' for a, b in order)}"
            _one_group_each(tried(answer, images, order, where=where), images, where)
    right("One chain of links is one item, however far apart its ends are.")


def _one_group_each(found: object, images: list[str], where: str) -> None:
    """Images are linked, directly or not, if their names begin alike."""
    require(
        shape_of(found) == (len(images),),
        f"the result is no list of {len(images)} groups, one for each image",
        where,
        "return the groups in the order of `images`; an image without links is one by itself",
    )
    group = dict(zip(images, found, strict=True))
    for a, b in combinations(images, 2):
        one_item = a[:3] == b[:3]
        require(
            group[a] == group[b] or not one_item,
            f"{a} and {b} are linked, directly or through another, and in different groups",
            where,
            "when two groups meet, move all images of the one into the other",
        )
        require(
            group[a] != group[b] or one_item,
            f"{a} and {b} are in one group, and no chain of links leads from one to the other",
            where,
            "begin with a group for each image; only links make groups larger",
        )


def split_by_group(answer: Callable) -> None:
    """A subset for each row of a catalogue: whole groups, about 60, 20 and 20 % of each class."""
    catalogue, where = _catalogue(), "3 classes of 20 groups of 1 to 4 photographs"
    subsets = _split(answer, catalogue, 1, where)
    divided = int((subsets.groupby(catalogue["group"]).nunique() > 1).sum())
    require(
        not divided,
        f"{divided} groups stand on more than one side",
        where,
        "draw groups, not rows, and give every row the subset of its group, in the order of the "
        "rows",
    )
    groups = catalogue.assign(subset=subsets).drop_duplicates("group")
    for label, own in groups.groupby("label")["subset"]:
        shares = own.value_counts(normalize=True).reindex(SUBSETS, fill_value=0.0)
        near = (shares - [0.6, 0.2, 0.2]).abs().max() <= 0.12
        told = ", ".join(f"{share:.0%} {name}" for name, share in shares.items())
        require(
            near,
            f"the groups of the class {label} are divided into {told}",
            where,
            "divide the groups of each class by themselves, in shares of 60, 20 and 20 %",
        )
    again, other = _split(answer, catalogue, 1, where), _split(answer, catalogue, 2, where)
    require(
        subsets.equals(again),
        "the same seed gives another split when it is used again",
        where,
        "draw from `np.random.default_rng(seed)`, made inside the function",
    )
    require(
        not subsets.equals(other),
        "seeds 1 and 2 give the same split",
        where,
        "put the groups of each class in an order drawn with the seed before you divide them",
    )
    _same_tomorrow(answer, catalogue, subsets)
    right("No item is on two sides, and who has the seed has the split.")


def _split(answer: Callable, catalogue: pd.DataFrame, seed: int, where: str) -> pd.Series:
    found = tried(answer, catalogue, seed, where=where)
    subsets = of_each_row(found, catalogue, where)
    if strange := set(subsets) - set(SUBSETS):
        raise NotYetError(
            f"there is a subset called {strange.pop()!r}",
            where=where,
            remedy="the subsets are 'train', 'validation' and 'test'",
        )
    return subsets


def _same_tomorrow(answer: Callable, catalogue: pd.DataFrame, subsets: pd.Series) -> None:
    """Whether the split is the same in another process, where a set has another order.

    Either way to show it can fail a right answer, but hardly both: other names, in the same order,
    if it computes with the names; other hashes, if it looks up names that it has copied.
    """
    where = "the same catalogue and seed, Python started again"

    def same(changed: pd.DataFrame) -> bool:
        try:
            return _split(answer, changed, 1, where).equals(subsets)
        except NotYetError:
            return False

    for column in ("label", "group"):
        require(
            any(
                all(same(catalogue.assign(**{column: way(catalogue[column], n)})) for n in TIMES)
                for way in (_renamed, _rehashed)
            ),
            "the same seed gives another split in another process",
            where,
            "a set of names has another order there: take `unique()`, or sort the set, before you "
            "draw",
        )


class _Rehashed(str):
    """A name with another hash, as every process gives it one."""

    number = 0

    def __hash__(self) -> int:
        return hash((self.number, str(self)))


def _rehashed(names: pd.Series, number: int) -> pd.Series:
    turned = [_Rehashed(name) for name in names]
    for name in turned:
        name.number = number
    return pd.Series(turned, dtype=object)  # `map` would make strings of pandas' own of them


def _renamed(names: pd.Series, number: int) -> pd.Series:
    return f"{number} " + names


def _catalogue() -> pd.DataFrame:
    rows = [
        {"label": label, "group": f"{label}-{number}"}
        for label in ("Glass", "Metal", "Paper")
        for number in range(20)
        for _ in range(1 + number % 4)
    ]
    return pd.DataFrame(rows).assign(path=lambda table: [f"{i}.jpg" for i in table.index])


def fill_folders(answer: Callable) -> None:
    """Images dealt to folder/train and folder/test, called again and again on one folder."""
    images = {f"{number:02}.jpg": bytes([number]) for number in range(20)}
    turned = dict(reversed(images.items()))
    with tempfile.TemporaryDirectory(prefix="wastelib-exercise-") as name:
        folder = Path(name) / "split"
        folder.mkdir()

        def filled(seed: int, images: dict[str, bytes], where: str) -> dict[str, list[str]]:
            state = random.getstate(), np.random.get_state()[1].tolist()
            tried(answer, images, folder, seed, where=where)
            require(
                state == (random.getstate(), np.random.get_state()[1].tolist()),
                "the function draws from the generator that all of Python shares",
                where,
                "who draws between your calls would change your split: use "
                "`np.random.default_rng(seed)`",
            )
            return _dealt(folder, images, where)

        first = filled(1, images, "an empty folder, seed 1")
        again = filled(1, images, "the same folder and seed again")
        require(
            first == again,
            "the same seed fills the folders differently when it is used again",
            "the same folder and seed again",
            "let the seed, and nothing else, decide the order",
        )
        other = filled(2, images, "the same folder again, seed 2")
        require(
            first != other,
            "seeds 1 and 2 fill the folders alike",
            "the same folder again, seed 2",
            "draw with the seed that is given",
        )
        require(
            first == filled(1, turned, "seed 1, the images listed in another order"),
            "the split depends on the order in which the images are listed",
            "seed 1, the images listed in another order",
            "sort the names first: another machine lists a folder in another order",
        )
    right("However often it is run, no image is in both folders.")


def _dealt(folder: Path, images: dict[str, bytes], where: str) -> dict[str, list[str]]:
    dealt = {s: sorted(path.name for path in (folder / s).glob("*")) for s in ("train", "test")}
    counts = Counter(name for names in dealt.values() for name in names)
    twice = [name for name, count in counts.items() if count > 1]
    require(
        not twice,
        f"{len(twice)} images are in train and in test: what an earlier call left is still there",
        where,
        "empty both folders before you fill them",
    )
    require(
        counts.keys() == images.keys(),
        f"{len(counts)} of {len(images)} images are in folder/train or folder/test",
        where,
        "write each image into exactly one of the two, under its own name",
    )
    require(
        len(dealt["test"]) == len(images) // 5,
        f"{len(dealt['test'])} of {len(images)} images are in test",
        where,
        "every fifth, rounded down, goes into test",
    )
    for path in folder.glob("*/*"):
        require(
            path.read_bytes() == images[path.name],
            f"{path.name} does not hold its own bytes",
            where,
            "write `images[name]`",
        )
    return dealt


def pair_scores(answer: Callable) -> None:
    """Precision and recall of groups, counted in pairs of photographs."""
    true, found = list("aaaabc"), list("xxxyyz")
    where = f"six photographs, true groups {' '.join(true)}, found groups {' '.join(found)}"
    expect(
        tried(answer, found, true, where=where),
        (3 / 4, 3 / 6),
        where,
        Slip(
            (3 / 6, 3 / 4),
            "precision and recall have changed places",
            "precision asks of the pairs that were found, recall of the true ones",
        ),
        Slip(
            (9 / 10, 9 / 12),
            "each photograph is counted as a pair with itself",
            "count every two different photographs once",
        ),
        Slip(
            (2 / 3, 2 / 3),
            "groups are counted, not pairs",
            "a large group holds many pairs: go through every two photographs",
        ),
    )
    right("A wrong link costs precision, a missed one recall, and only the missed one leaks.")
