"""Mistakes as tables: which classes are confused, which answers are surely wrong, which labels.

What is returned keeps the columns of the predictions table and adds `predicted`, the class with
the highest probability, and `confidence`, that probability.
"""

import warnings

import numpy as np
import pandas as pd

from wastelib.evaluation.metrics import Evaluation
from wastelib.evaluation.predictions import PREFIX, Answers, checked, probability_columns


def confused_pairs(evaluation: Evaluation) -> pd.DataFrame:
    """Pairs of a class and what it was taken for, the most frequent first; none where it never was.

    Columns: label, predicted, images, share (of the true class's images, 0..1).
    """
    wrong = evaluation.confusion - np.diag(np.diag(evaluation.confusion))
    true, predicted = np.nonzero(wrong)
    classes, images = np.array(evaluation.classes, object), wrong[true, predicted]
    pairs = {
        "label": classes[true],
        "predicted": classes[predicted],
        "images": images,
        "share": images / evaluation.confusion.sum(axis=1)[true],
    }
    order = ["images", "share"]
    return pd.DataFrame(pairs).sort_values(order, ascending=False, kind="stable", ignore_index=True)


def confident_mistakes(
    predictions: pd.DataFrame, count: int = 8, subset: str = "test"
) -> pd.DataFrame:
    """At most `count` wrong answers of `subset`, the most confident first.

    Of each group only the most confident one: shots of one item would fill the list. Raises
    `ValueError` as `evaluate` does.
    """
    answers = checked(predictions, subset)
    rows = _with_answers(predictions[predictions["subset"] == subset], answers)
    wrong = rows[~answers.right]
    wrong = wrong.sort_values(["confidence", "image"], ascending=[False, True])
    return wrong.drop_duplicates("group").head(count).reset_index(drop=True)


def label_candidates(predictions: pd.DataFrame) -> pd.DataFrame:
    """Images whose label may be wrong, the least probable label first, found by cleanlab.

    Confident learning (Northcutt, Jiang and Chuang 2021, J. Artif. Intell. Res. 70,
    1373-1411): an image is counted for another class if its probability there is as high as
    that class's own images have on average; from these counts follows how many labels of each
    class to doubt. The probabilities must be out of sample: of images that the model was not
    trained on, of any subset. A candidate is a question to a person: where the model is wrong
    and sure of it, so is this list.

    Empty if all images have one label. Raises `ValueError` as `evaluate` does.
    """
    answers = checked(predictions.assign(subset="any"), "any")
    rows = _with_answers(predictions, answers)
    if rows["label"].nunique() < 2:
        return rows.head(0)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="IProgress not found")  # nor is it used
        # A class with at most one image has nothing that could be compared: no news here.
        warnings.filterwarnings("ignore", message="May not flag all label issues")
        from cleanlab.filter import find_label_issues  # here, because it takes a second

        doubtful = find_label_issues(
            answers.true,
            answers.probabilities,
            return_indices_ranked_by="self_confidence",
            n_jobs=1,
        )
    return rows.iloc[doubtful].reset_index(drop=True)


def with_wrong_labels(predictions: pd.DataFrame, share: float, seed: int = 0) -> pd.DataFrame:
    """The table with `share` (0..1) of the labels turned into another class, at random.

    The new column `planted` says which: what `label_candidates` finds of them says how far
    it is to be trusted on this data and with this model.
    """
    classes = [name.removeprefix(PREFIX) for name in probability_columns(predictions)]
    draw = np.random.default_rng(seed)
    planted = np.zeros(len(predictions), bool)
    planted[draw.choice(len(planted), round(share * len(planted)), replace=False)] = True
    codes = pd.Index(classes).get_indexer(predictions["label"])
    moved = codes + draw.integers(1, len(classes), len(codes))
    labels = np.array(classes, object)[np.where(planted, moved, codes) % len(classes)]
    return predictions.assign(label=labels, planted=planted)


def _with_answers(rows: pd.DataFrame, answers: Answers) -> pd.DataFrame:
    predicted = np.array(answers.classes, object)[answers.predicted]
    return rows.assign(predicted=predicted, confidence=answers.confidence)
