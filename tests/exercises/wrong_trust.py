"""Typical wrong answers to the exercises of notebook 07, by what their check says."""

import numpy as np
import pandas as pd


def bins_of(confidence, correct, bins, last=True):
    number = (confidence * bins).astype(int)
    number = number.clip(max=bins - 1) if last else number
    inside = [number == one for one in range(bins)]
    return [
        (one.mean(), correct[one].mean() - confidence[one].mean()) for one in inside if one.any()
    ]


def ece(weighted=True, signed=False, last=True, over_all=False):
    def error(confidence, correct, bins):
        found = bins_of(confidence, correct, bins, last=last)
        gaps = [gap if signed else abs(gap) for _, gap in found]
        if over_all:
            return sum(gaps) / bins
        return sum(
            (share if weighted else 1 / len(gaps)) * gap
            for (share, _), gap in zip(found, gaps, strict=True)
        )

    return error


def with_empty_bins(confidence, correct, bins):
    number = (confidence * bins).astype(int)
    inside = [number == one for one in range(bins)]
    with np.errstate(invalid="ignore"):
        gaps = [abs(np.sum(correct[i] - confidence[i]) / i.sum()) * i.mean() for i in inside]
    return sum(gaps)


def each_row(values):
    return values / values.sum(axis=1, keepdims=True)


def softmax(scores):
    return each_row(np.exp(scores))


def abstaining(chosen_on=0, measured_on=1, at_least=True, of_all=False, lowest=True):
    def found(*given):
        *tables, wanted = given
        table = tables[chosen_on].sort_values("confidence", ascending=False)
        accuracy = table["right"].expanding().mean()
        enough = accuracy >= wanted
        enough = enough if lowest else enough & (~enough).cumsum().eq(0)
        if not enough.any():
            return None
        threshold = table.loc[enough, "confidence"].min()
        test = tables[measured_on]
        kept = test["confidence"] >= threshold if at_least else test["confidence"] > threshold
        right = test.loc[kept, "right"].sum()
        return threshold, kept.mean(), right / (len(test) if of_all else kept.sum())

    return found


def lowest_right_answer(validation, test, wanted):
    return abstaining()(validation, test, 0.5) if validation["right"].any() else None


def brier(over="images"):
    def score(probabilities, labels):
        squares = (probabilities - np.eye(probabilities.shape[1])[labels]) ** 2
        rows = np.arange(len(labels))
        return {
            "true": squares[rows, labels].mean(),
            "named": squares[rows, probabilities.argmax(axis=1)].mean(),
            "classes": squares.mean(),
            "sum": squares.sum(),
            "root": np.sqrt(squares.sum(axis=1)).mean(),
        }[over]

    return score


def below_half(by, ascending):
    def found(table, count):
        chances = table.filter(like="p_")
        own = [row[f"p_{row['label']}"] for _, row in table.iterrows()]
        rows = table.assign(own=own, confidence=chances.max(axis=1))
        rows = rows[rows["own"] < 0.5].sort_values(by, ascending=ascending)
        return list(rows["image"].head(count))

    return found


def mistakes(ascending=False, only_wrong=True, by="confidence"):
    def found(table, count):
        chances = table.filter(like="p_")
        named = chances.idxmax(axis=1).str[2:]
        rows = table.assign(confidence=chances.max(axis=1))
        rows = rows[named != table["label"]] if only_wrong else rows
        return list(rows.sort_values(by, ascending=ascending)["image"].head(count))

    return found


WRONG = {
    "calibration_error": {
        "every bin counts the same": ece(weighted=False),
        "cancel out": ece(signed=True),
        "with its own confidence": lambda confidence, correct, bins: abs(
            correct - confidence
        ).mean(),
        "an empty bin has no mean": with_empty_bins,
        "the empty ones too": ece(over_all=True),
        "an answer at 100 % is in no bin": ece(last=False),
    },
    "at_temperature": {
        "no longer sum to 1": lambda p, t: p / t,
        "nothing has changed": lambda p, t: each_row(p / t),
        "they do not sum to 1": lambda p, t: p ** (1 / t),
        "sum over all images": lambda p, t: p ** (1 / t) / (p ** (1 / t)).sum(),
        "surer of itself": lambda p, t: each_row(p**t),
        "softmax was taken of probabilities": lambda p, t: softmax(p / t),
        "a probability for each image and class": lambda p, t: each_row(p ** (1 / t))[:, 0],
    },
    "abstain": {
        "where the accuracy first falls short": abstaining(lowest=False),
        "the threshold was chosen on the test": abstaining(chosen_on=1),
        "are of the validation images": abstaining(measured_on=0),
        "accuracy is of all test images": abstaining(of_all=True),
        "an answer at the threshold itself": abstaining(at_least=False),
        "lets too many answers through": lowest_right_answer,
        "no threshold reaches what is wanted": lambda validation, test, wanted: (
            abstaining()(validation, test, wanted) or (1.0, 0.0, 0.0)
        ),
        "equally sure ones were torn apart": abstaining(),
        "as if no threshold were enough": lambda validation, test, wanted: None,
    },
    "brier_score": {
        "only the true class": brier("true"),
        "over the classes too": brier("classes"),
        "the sum over the images": brier("sum"),
        "the mean distance": brier("root"),
        "that the model names": brier("named"),
    },
    "surest_mistakes": {
        "right answers among them": mistakes(only_wrong=False),
        "the least sure": mistakes(ascending=True),
        "it names ['c.jpg', 'e.jpg']": below_half("own", ascending=True),
        "most probable class is not the label": below_half("confidence", ascending=False),
        "it names": lambda table, count: mistakes(by="p_Glass")(table, count),
        "there are 3 images": lambda table, count: mistakes()(table, 3),
        "the surest does not come first": lambda table, count: sorted(mistakes()(table, count)),
        "ends with ValueError": lambda table, count: list(
            pd.Series(table["image"]).sample(count, replace=False, weights=[1, 0, 0, 0, 0])
        ),
    },
}
