"""Scores of one run on one subset, with intervals over groups."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from wastelib.evaluation.predictions import Answers, checked
from wastelib.evaluation.resampling import Interval, as_interval, group_sums, resample

SCORES = ("accuracy", "macro_f1")  # what is compared, by its name in an `Evaluation`

SMALLEST_PROBABILITY = 1e-7  # Keras clips there too, so our loss and its loss agree


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


def evaluate(
    predictions: pd.DataFrame, subset: str = "test", *, samples: int = 1000, seed: int = 0
) -> Evaluation:
    """Score the images of `subset`; the classes are the `p_` columns, in their order.

    The intervals are those of `resampling`, from draws of whole groups. Macro F1 is the mean
    over the classes that occur, as true or as predicted class; `loss` is the mean
    cross-entropy in nats.

    Raises `ValueError` as `predictions.checked` does.
    """
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    answers = checked(predictions, subset)
    codes = np.arange(len(answers.classes))
    precision, recall, f1, support = precision_recall_fscore_support(
        answers.true, answers.predicted, labels=codes, zero_division=0
    )
    per_class = pd.DataFrame(
        {"precision": precision, "recall": recall, "f1": f1, "support": support},
        index=pd.Index(answers.classes, name="class"),
    )
    counts = class_counts(answers)
    resampled = resample(group_sums(counts, answers.rows["group"]), samples, seed)
    likelihood = answers.likelihood.clip(SMALLEST_PROBABILITY, 1)
    return Evaluation(
        classes=answers.classes,
        images=len(answers.rows),
        groups=len(resampled.sums),
        accuracy=float(answers.right.mean()),
        accuracy_interval=as_interval(resampled.score(accuracies)),
        macro_f1=float(macro_f1s(counts.sum(axis=0))),
        macro_f1_interval=as_interval(resampled.score(macro_f1s)),
        loss=float(-np.log(likelihood).mean()),
        per_class=per_class,
        confusion=confusion_matrix(answers.true, answers.predicted, labels=codes),
    )


def class_counts(answers: Answers) -> np.ndarray:
    """(images, 3 classes): a hit, the true and the predicted class, each one column per class.

    Summed over any images, these are all that both scores need.
    """
    one_hot = np.eye(len(answers.classes))
    true, predicted = one_hot[answers.true], one_hot[answers.predicted]
    return np.hstack([true * predicted, true, predicted])


def accuracies(counts: np.ndarray) -> np.ndarray:
    """Accuracy of `class_counts` summed, (..., 3 classes) -> (...)."""
    hits, true, _ = np.split(counts, 3, axis=-1)
    images = true.sum(axis=-1)
    return hits.sum(axis=-1) / np.where(images > 0, images, 1)


def macro_f1s(counts: np.ndarray) -> np.ndarray:
    """Macro F1 of the same; a class that does not occur among these images is left out."""
    hits, true, predicted = np.split(counts, 3, axis=-1)
    both = true + predicted
    f1 = 2 * hits / np.where(both > 0, both, 1)
    return f1.sum(axis=-1) / np.maximum((both > 0).sum(axis=-1), 1)
