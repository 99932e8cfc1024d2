"""A predictions table, checked once: the answers that every score is computed from.

The table has one row per image: `image`, `label`, `group`, `subset`, then one probability per
class in columns `p_<class>`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from wastelib.errors import WasteError

PREFIX = "p_"
SUM_TOLERANCE = 1e-3  # a float32 softmax over many classes does not sum to 1 exactly


@dataclass(frozen=True, eq=False)
class Answers:
    """A model's answers to the images of one subset.

    `rows` has the columns image, label and group; `probabilities` is (images, classes), in
    the order of `classes`.
    """

    classes: tuple[str, ...]
    rows: pd.DataFrame
    probabilities: np.ndarray

    @cached_property
    def true(self) -> np.ndarray:
        """The number of each image's class."""
        return pd.Index(self.classes).get_indexer(self.rows["label"])

    @cached_property
    def predicted(self) -> np.ndarray:
        """The number of the most probable class; of equals the first."""
        return self.probabilities.argmax(axis=1)

    @property
    def right(self) -> np.ndarray:
        """Whether that is the true one."""
        return self.true == self.predicted

    @property
    def confidence(self) -> np.ndarray:
        """The probability of the most probable class, 0..1."""
        return self.probabilities.max(axis=1)

    @property
    def likelihood(self) -> np.ndarray:
        """The probability of the true class, 0..1."""
        return self.probabilities[np.arange(len(self.rows)), self.true]


def checked(predictions: pd.DataFrame, subset: str) -> Answers:
    """The answers to the images of `subset`; the classes are the `p_` columns, in their order.

    Raises `ValueError` where the table is not what it should be: no image in the subset,
    missing values, an unknown label, an image twice, rows that are no distribution.
    """
    columns = probability_columns(predictions)
    classes = [name.removeprefix(PREFIX) for name in columns]
    rows = predictions[predictions["subset"] == subset]
    probabilities = rows[columns].to_numpy(float)
    unknown = sorted(set(rows["label"].dropna()) - set(classes))
    problems = {
        f"needs at least two {PREFIX}<class> columns, has {len(columns)}": len(columns) < 2,
        f"has no image in subset {subset!r}": rows.empty,
        "has rows without label or group": rows[["label", "group"]].isna().any(axis=None),
        f"has labels without a {PREFIX} column: {', '.join(map(repr, unknown))}": unknown,
        "has an image more than once": rows["image"].duplicated().any(),
        "has probabilities that are not finite": not np.isfinite(probabilities).all(),
        "has probabilities below 0": (probabilities < 0).any(),
        "has rows whose probabilities do not sum to 1": (
            np.abs(probabilities.sum(axis=1) - 1) > SUM_TOLERANCE
        ).any(),
    }
    for problem, found in problems.items():
        if found:
            raise ValueError(f"the predictions table {problem}")
    return Answers(tuple(classes), rows[["image", "label", "group"]], probabilities)


def aligned(tables: Sequence[pd.DataFrame], subset: str) -> list[Answers]:
    """The answers of several models to the same images, in one order of images and classes.

    Raises `WasteError` unless all were tested on the same images, with the same labels, groups
    and classes, and `ValueError` as `checked` does.
    """
    everything = [checked(table, subset) for table in tables]
    first = _in_order(everything[0], everything[0].classes)
    found = [first]
    for answers in everything[1:]:
        same = set(answers.classes) == set(first.classes)
        other = _in_order(answers, first.classes) if same else answers
        if not same or not other.rows.astype(str).equals(first.rows.astype(str)):
            raise WasteError(
                "the models were not tested on the same images, groups and classes "
                f"({len(first.rows)} and {len(other.rows)} images)",
                remedy="compare runs of one dataset whose splits have the same test",
            )
        found.append(other)
    return found


def _in_order(answers: Answers, classes: tuple[str, ...]) -> Answers:
    """Images by their names, and these classes."""
    order = np.argsort(answers.rows["image"].to_numpy(str), kind="stable")
    columns = [answers.classes.index(name) for name in classes]
    rows = answers.rows.iloc[order].reset_index(drop=True)
    return Answers(classes, rows, answers.probabilities[np.ix_(order, columns)])


def probability_columns(predictions: pd.DataFrame) -> list[str]:
    """The names of the columns that hold a probability."""
    return [name for name in predictions.columns if str(name).startswith(PREFIX)]
