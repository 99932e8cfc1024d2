"""Whether a model's probabilities mean what they say, and what it gains from silence.

A model is calibrated if, of the images for which it names a class with a probability of 0.8,
it is right on 80 %. The *confidence* of an answer is the probability of the named class.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from wastelib.evaluation.predictions import Answers, checked, probability_columns
from wastelib.evaluation.resampling import group_sums, ratio, resample
from wastelib.models.temperature import SMALLEST_PROBABILITY, tempered

COLDEST, HOTTEST = 0.05, 20.0  # temperatures beyond which probabilities no longer change
SHARES = tuple(np.round(np.arange(0.05, 1.001, 0.05), 2).tolist())


def reliability(
    predictions: pd.DataFrame,
    subset: str = "test",
    bins: int = 10,
    *,
    samples: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """One row per bin of equal width in confidence, `(from, to]`; empty bins have none.

    Columns: from, to, images, confidence (mean), accuracy, low and high (its 95 % interval,
    from draws of the groups that have images in the bin). All in 0..1 but images.

    Raises `ValueError` as `predictions.checked` does, and for fewer than one bin.
    """
    answers = checked(predictions, subset)
    number = _bin_numbers(answers.confidence, bins)
    rows = []
    for bin_ in np.unique(number):
        inside = number == bin_
        row = {"from": bin_ / bins, "to": (bin_ + 1) / bins, "images": int(inside.sum())}
        row["confidence"] = float(answers.confidence[inside].mean())
        rows.append(row | _accuracy(answers, inside, samples, seed))
    return pd.DataFrame(rows)


def expected_calibration_error(
    predictions: pd.DataFrame, subset: str = "test", bins: int = 10
) -> float:
    """ECE: the mean distance between confidence and accuracy over the bins of `reliability`.

    Each bin counts by its share of the images (Guo et al. 2017, On calibration of modern
    neural networks, ICML, equation 3). 0 is perfect, 1 the worst; it is biased upwards where
    bins hold few images.
    """
    answers = checked(predictions, subset)
    bin_ = _bin_numbers(answers.confidence, bins)
    rows = pd.DataFrame({"confidence": answers.confidence, "accuracy": answers.right})
    means = rows.groupby(bin_).mean()
    return calibration_error(means.assign(images=np.bincount(bin_)[means.index]))


def calibration_error(bins: pd.DataFrame) -> float:
    """The same from a table that has the columns images, confidence and accuracy of each bin."""
    gaps = (bins["accuracy"] - bins["confidence"]).abs()
    return float(np.average(gaps, weights=bins["images"]))


def brier_score(predictions: pd.DataFrame, subset: str = "test") -> float:
    """Mean over the images of the squared distance between probabilities and truth.

    The truth is 1 for the true class and 0 for all others, and the distance is summed over
    the classes (Brier 1950, Mon. Weather Rev. 78, 1-3). 0 is perfect, 2 the worst; naming
    each of K classes with 1/K always gives 1 - 1/K.
    """
    answers = checked(predictions, subset)
    truth = np.eye(len(answers.classes))[answers.true]
    return float(((answers.probabilities - truth) ** 2).sum(axis=1).mean())


def fit_temperature(validation_predictions: pd.DataFrame) -> float:
    """The temperature that gives the validation images the lowest loss (Guo et al. 2017).

    Above 1 the model was too sure of itself, below 1 not sure enough. The loss has one
    minimum, sought in 0.05..20; a model that is right on every image has it at the low end.
    Where no temperature is better than 1 (probabilities all alike), it is 1.

    Raises `ValueError` as `predictions.checked` does, for the subset "validation".
    """
    from scipy.optimize import minimize_scalar

    answers = checked(validation_predictions, "validation")

    def loss(log_temperature: float) -> float:
        probabilities = tempered(answers.probabilities, float(np.exp(log_temperature)))
        true = probabilities[np.arange(len(probabilities)), answers.true]
        return float(-np.log(true.clip(SMALLEST_PROBABILITY)).mean())

    bounds = (np.log(COLDEST), np.log(HOTTEST))
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.x)) if found.fun < loss(0.0) - 1e-12 else 1.0


def at_temperature(predictions: pd.DataFrame, temperature: float) -> pd.DataFrame:
    """The predictions that the model would make with its logits divided by `temperature`.

    The most probable class stays the same, and so does accuracy (see `models.temperature`).
    Raises `ValueError` if it is not a positive number.
    """
    if not (np.isfinite(temperature) and temperature > 0):
        raise ValueError(f"a temperature is a positive number, not {temperature}")
    columns = probability_columns(predictions)
    probabilities = tempered(predictions[columns].to_numpy(float), temperature)
    return predictions.assign(**dict(zip(columns, probabilities.T, strict=True)))


def accuracy_against_kept(
    predictions: pd.DataFrame,
    subset: str = "test",
    *,
    shares: Sequence[float] = SHARES,
    samples: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Accuracy on the answers that are kept, if unsure ones are replaced by 'I don't know'.

    An answer is kept if its confidence reaches a threshold (Chow 1970, On optimum recognition
    error and reject tradeoff, IEEE Trans. Inf. Theory 16, 41-46). Each of `shares` (0..1, of
    the images) sets the highest threshold that keeps at least so many. Equally confident
    answers are kept or given up together, so a constant predictor has one row.

    Columns: kept (share of the images), images, threshold, accuracy, low, high (95 %
    interval, from draws of the groups that have kept images), in rising order of kept.
    Raises `ValueError` as `predictions.checked` does, and for shares outside 0..1.
    """
    if not shares or min(shares) <= 0 or max(shares) > 1:
        raise ValueError("the shares of images to keep lie above 0 and up to 1")
    answers = checked(predictions, subset)
    confidence, images = answers.confidence, len(answers.rows)
    falling = np.sort(confidence)[::-1]
    wanted = np.ceil(np.array(shares) * images - 1e-9).astype(int).clip(1)
    rows = []
    for threshold in sorted(set(falling[wanted - 1]), reverse=True):
        kept = confidence >= threshold
        row = {"kept": float(kept.mean()), "images": int(kept.sum()), "threshold": float(threshold)}
        rows.append(row | _accuracy(answers, kept, samples, seed))
    return pd.DataFrame(rows)


def answer_threshold(predictions: pd.DataFrame, wanted_accuracy: float) -> float | None:
    """The lowest threshold with which the validation answers are right often enough.

    Of the thresholds of `accuracy_against_kept`; None if none of them reaches
    `wanted_accuracy` (0..1). Raises `ValueError` as `predictions.checked` does.
    """
    curve = accuracy_against_kept(predictions, "validation")
    enough = curve.loc[curve["accuracy"] >= wanted_accuracy, "threshold"]
    return None if enough.empty else float(enough.min())


def _accuracy(answers: Answers, chosen: np.ndarray, samples: int, seed: int) -> dict[str, float]:
    """Accuracy on the chosen images, and its interval over the groups that have any of them."""
    counts = np.c_[answers.right[chosen], np.ones(chosen.sum())]
    sums = group_sums(counts, answers.rows["group"][chosen])
    low, high = resample(sums, samples, seed).score(ratio)
    accuracy = float(answers.right[chosen].mean())
    return {"accuracy": accuracy, "low": float(low), "high": float(high)}


def _bin_numbers(confidence: np.ndarray, bins: int) -> np.ndarray:
    """The bin (from, to] of each confidence, from 0."""
    if bins < 1:
        raise ValueError(f"needs at least one bin, not {bins}")
    return np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
