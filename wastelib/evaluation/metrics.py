"""Scores of one run, and the difference between two, with intervals over groups.

Everything here is computed from a predictions table, one row per image: `image`, `label`,
`group`, `subset`, then one probability per class in columns `p_<class>`.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from wastelib.errors import WasteError

PREFIX = "p_"
SMALLEST_PROBABILITY = 1e-7  # Keras clips there too, so our loss and its loss agree
SUM_TOLERANCE = 1e-3  # a float32 softmax over many classes does not sum to 1 exactly

Interval = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """How one model did on one subset. Scores lie in 0..1, intervals are 95 %.

    `per_class` has one row per class with precision, recall, f1 and support (its images);
    `confusion` counts images, rows are true and columns predicted classes.
    """

    classes: tuple[str, ...]
    images: int
    groups: int
    accuracy: float
    accuracy_interval: Interval
    macro_f1: float
    macro_f1_interval: Interval
    loss: float
    per_class: pd.DataFrame
    confusion: np.ndarray


@dataclass(frozen=True)
class Comparison:
    """Accuracy of model A minus that of model B on the same images.

    `only_a_right` and `only_b_right` count the images that tell the two apart; `p_value`
    is that of McNemar's exact test.
    """

    images: int
    difference: float
    difference_interval: Interval
    only_a_right: int
    only_b_right: int
    p_value: float


def evaluate(
    predictions: pd.DataFrame, subset: str = "test", *, samples: int = 1000, seed: int = 0
) -> Evaluation:
    """Score the images of `subset`; the classes are the `p_` columns, in their order.

    The intervals are percentile bootstrap intervals that draw whole groups with
    replacement, because photographs of one item are not independent of each other
    (Field and Welsh 2007, Bootstrapping clustered data, J. R. Stat. Soc. B 69, 369-390).
    Macro F1 is the mean over the classes that occur, as true or as predicted class; `loss`
    is the mean cross-entropy in nats.

    Raises `ValueError` where the table is not what it should be: no image in the subset,
    missing values, an unknown label, an image twice, rows that are no distribution.
    """
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    classes, rows, probabilities = _checked(predictions, subset)
    true = pd.Index(classes).get_indexer(rows["label"])
    predicted = probabilities.argmax(axis=1)
    codes = np.arange(len(classes))
    precision, recall, f1, support = precision_recall_fscore_support(
        true, predicted, labels=codes, zero_division=0
    )
    per_class = pd.DataFrame(
        {"precision": precision, "recall": recall, "f1": f1, "support": support},
        index=pd.Index(classes, name="class"),
    )
    # Hits, true and predicted images of every class: all that both scores need.
    one_hot, right = np.eye(len(classes)), true == predicted
    counts = np.hstack([one_hot[true] * right[:, None], one_hot[true], one_hot[predicted]])
    drawn = _resampled(counts, rows["group"], samples, seed)
    likelihood = probabilities[np.arange(len(rows)), true].clip(SMALLEST_PROBABILITY, 1)
    return Evaluation(
        classes=tuple(classes),
        images=len(rows),
        groups=rows["group"].nunique(),
        accuracy=float(right.mean()),
        accuracy_interval=_percentiles(_accuracies(drawn)),
        macro_f1=float(_macro_f1s(counts.sum(axis=0)[None])[0]),
        macro_f1_interval=_percentiles(_macro_f1s(drawn)),
        loss=float(-np.log(likelihood).mean()),
        per_class=per_class,
        confusion=confusion_matrix(true, predicted, labels=codes),
    )


def compare(
    predictions_a: pd.DataFrame,
    predictions_b: pd.DataFrame,
    subset: str = "test",
    *,
    samples: int = 1000,
    seed: int = 0,
) -> Comparison:
    """Compare two models image by image, on the same images.

    The interval is that of `evaluate`, drawn for the difference itself. The test is
    McNemar's in its exact form (McNemar 1947, Psychometrika 12, 153-157): if the models
    are equally good, each image that only one of them gets right is a fair coin. It takes
    images as independent, the interval does not.

    Raises `WasteError` if the two were not tested on the same images, labels and groups,
    and `ValueError` as `evaluate` does.
    """
    from scipy.stats import binomtest

    hits_a, hits_b = _hits(predictions_a, subset), _hits(predictions_b, subset)
    key = ["image", "label", "group"]
    if not hits_a[key].equals(hits_b[key]):
        raise WasteError(
            f"the two models were not tested on the same images ({len(hits_a)} and {len(hits_b)})",
            remedy="compare runs of one dataset and one split",
        )
    a, b = hits_a["hit"].to_numpy(), hits_b["hit"].to_numpy()
    counts = np.column_stack([a.astype(float) - b, np.ones(len(a))])
    drawn = _resampled(counts, hits_a["group"], samples, seed)
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    differing = only_a + only_b
    return Comparison(
        images=len(a),
        difference=float(a.mean() - b.mean()),
        difference_interval=_percentiles(drawn[:, 0] / drawn[:, 1]),
        only_a_right=only_a,
        only_b_right=only_b,
        p_value=float(binomtest(only_a, differing).pvalue) if differing else 1.0,
    )


def _hits(predictions: pd.DataFrame, subset: str) -> pd.DataFrame:
    """One row per image, in the order of their names: image, label, group, hit."""
    classes, rows, probabilities = _checked(predictions, subset)
    hit = np.asarray(classes)[probabilities.argmax(axis=1)] == rows["label"].to_numpy(str)
    table = rows[["image", "label", "group"]].astype(str).assign(hit=hit)
    return table.sort_values("image", ignore_index=True)


def _checked(predictions: pd.DataFrame, subset: str) -> tuple[list[str], pd.DataFrame, np.ndarray]:
    """Classes, the subset's rows and their probabilities (images, classes), all valid."""
    columns = [name for name in predictions.columns if str(name).startswith(PREFIX)]
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
    return classes, rows, probabilities


def _resampled(counts: np.ndarray, group: pd.Series, samples: int, seed: int) -> np.ndarray:
    """Sums of `counts` (images, columns) over `samples` draws of whole groups.

    Drawing groups with replacement is giving each a multinomial weight, so that all draws
    are one product of matrices. Returns (samples, columns).
    """
    codes, groups = pd.factorize(group)
    sums = np.zeros((len(groups), counts.shape[1]))
    np.add.at(sums, codes, counts)
    shares = np.full(len(groups), 1 / len(groups))
    weights = np.random.default_rng(seed).multinomial(len(groups), shares, size=samples)
    return weights.astype(float) @ sums


def _accuracies(counts: np.ndarray) -> np.ndarray:
    """Accuracy per row of (hits, true, predicted) counts, each of them one column per class."""
    hits, true, _ = np.split(counts, 3, axis=1)
    return hits.sum(axis=1) / true.sum(axis=1)


def _macro_f1s(counts: np.ndarray) -> np.ndarray:
    """Macro F1 per row of the same; a class that does not occur in a row is left out of it."""
    hits, true, predicted = np.split(counts, 3, axis=1)
    occurring = true + predicted > 0
    f1 = 2 * hits / np.where(occurring, true + predicted, 1)
    return f1.sum(axis=1) / occurring.sum(axis=1)


def _percentiles(values: np.ndarray) -> Interval:
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
