"""Models on the photographs of another dataset: which classes both have, and what is lost."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from wastelib.evaluation.metrics import evaluate
from wastelib.evaluation.resampling import Interval


@dataclass(frozen=True)
class Matched:
    """The classes of two datasets, matched by name, letter for letter.

    `common` are in both, `unknown` in the other only, `absent` in ours only. `alike` maps an
    unknown class to an absent one whose name is nearly the same, upper and lower case aside.
    """

    common: tuple[str, ...]
    unknown: tuple[str, ...]
    absent: tuple[str, ...]
    alike: dict[str, str]


def match_classes(ours: Sequence[str], others: Sequence[str]) -> Matched:
    """Match the classes that models know with those of other photographs."""
    unknown = tuple(sorted(set(others) - set(ours)))
    absent = tuple(sorted(set(ours) - set(others)))
    folded = {name.casefold(): name for name in absent}
    alike = {}
    for name in unknown:
        for close in difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.8):
            alike[name] = folded[close]
    return Matched(tuple(sorted(set(ours) & set(others))), unknown, absent, alike)


def drop_table(
    here: Mapping[str, pd.DataFrame],
    elsewhere: Mapping[str, pd.DataFrame],
    classes: Sequence[str],
    *,
    seed: int = 0,
) -> pd.DataFrame:
    """What models lose on another dataset, one row per model.

    `here` and `elsewhere` are test predictions by the model's name, of the dataset that it was
    trained on and of the other; of both only the images of `classes` count. Columns: name,
    here, here_low, here_high, elsewhere, elsewhere_low, elsewhere_high (accuracies and their
    95 % intervals), difference (elsewhere minus here) with low and high.

    The images are others, so nothing is paired: the interval of the difference is made of the
    two intervals (Zou and Donner 2008, Construction of confidence limits about effect
    measures, Stat. Med. 27, 1693-1702).
    """
    rows = []
    for name in here:
        row = {"name": name}
        values, intervals = [], []
        for key, table in (("here", here[name]), ("elsewhere", elsewhere[name])):
            found = evaluate(table[table["label"].isin(classes)], "test", seed=seed)
            low, high = found.accuracy_interval
            row |= {key: found.accuracy, f"{key}_low": low, f"{key}_high": high}
            values.append(found.accuracy)
            intervals.append(found.accuracy_interval)
        low, high = difference_interval(values[1], intervals[1], values[0], intervals[0])
        rows.append(row | {"difference": values[1] - values[0], "low": low, "high": high})
    return pd.DataFrame(rows)


def difference_interval(a: float, of_a: Interval, b: float, of_b: Interval) -> Interval:
    """The interval of a - b, of two independent figures with theirs."""
    low = a - b - np.hypot(a - of_a[0], of_b[1] - b)
    high = a - b + np.hypot(of_a[1] - a, b - of_b[0])
    return float(low), float(high)
