"""Checks of notebook 07: what a probability is worth, and when to say nothing."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from wastelib.exercises.check import (
    NotYetError,
    Slip,
    expect,
    numbers,
    require,
    right,
    shape_of,
    tried,
)


def calibration_error(answer: Callable) -> None:
    """The expected calibration error over bins of equal width."""
    confidence = np.array([0.95, 0.95, 0.95, 0.95, 0.55, 0.55])
    correct = np.array([1, 1, 1, 0, 1, 1])
    where = "4 answers at 95 %, 3 of them right, and 2 at 55 %, both right; 10 bins"
    expect(
        tried(answer, confidence, correct, 10, where=where),
        (4 * 0.20 + 2 * 0.45) / 6,
        where,
        Slip(
            (0.20 + 0.45) / 2,
            "every bin counts the same",
            "weigh each bin by its share of the images",
        ),
        Slip(
            abs(-4 * 0.20 + 2 * 0.45) / 6,
            "too sure in one bin and too modest in another cancel out",
            "take the distance in each bin before you add up",
        ),
        Slip(
            (4 * 0.20 - 2 * 0.45) / 6,
            "too sure in one bin and too modest in another cancel out",
            "take the distance in each bin before you add up",
        ),
        Slip(
            (3 * 0.05 + 0.95 + 2 * 0.45) / 6,
            "each answer is compared with its own confidence",
            "compare the means of a bin: one answer is right or wrong, never to 95 %",
        ),
        Slip(
            float("nan"),
            "an empty bin has no mean, and made the result no number",
            "leave empty bins out",
        ),
        Slip(
            (0.20 + 0.45) / 10,
            "the sum is divided by the number of bins, the empty ones too",
            "weigh each bin by its share of the images",
        ),
    )
    where = "2 answers at 100 %, one of them right; 10 bins"
    expect(
        tried(answer, np.ones(2), np.array([1, 0]), 10, where=where),
        0.5,
        where,
        Slip(
            0.0,
            "an answer at 100 % is in no bin",
            "the last bin has both its ends",
        ),
    )
    right("A confidence can be taken at its word as far as this number is small.")


def at_temperature(answer: Callable) -> None:
    """Probabilities after their scores have been divided by a temperature."""
    given = np.array([[0.64, 0.36], [0.9, 0.1]])
    where = "the probabilities (0.64, 0.36) and (0.9, 0.1) at temperature 2"
    found = _table(tried(answer, given, 2.0, where=where), given.shape, where)
    expect(
        found[0],
        (0.8 / 1.4, 0.6 / 1.4),
        where,
        Slip(
            (0.32, 0.18),
            "the probabilities themselves were divided, and no longer sum to 1",
            "the temperature divides the scores before softmax, that is the logarithms",
        ),
        Slip(
            (0.64, 0.36),
            "nothing has changed: dividing all by one number is undone when they are made to sum "
            "to 1",
            "the temperature divides the scores before softmax, that is the logarithms",
        ),
        Slip(
            (0.8, 0.6),
            "they do not sum to 1",
            "divide each row by its sum",
        ),
        Slip(
            (0.8 / (1.4 + 0.9**0.5 + 0.1**0.5), 0.6 / (1.4 + 0.9**0.5 + 0.1**0.5)),
            "they were divided by the sum over all images",
            "divide each row by its own sum: `axis=1, keepdims=True`",
        ),
        Slip(
            (0.64**2 / (0.64**2 + 0.36**2), 0.36**2 / (0.64**2 + 0.36**2)),
            "a temperature above 1 made the model surer of itself",
            "the scores are divided by it, not multiplied",
        ),
        Slip(
            _softmax(np.array([0.32, 0.18])),
            "softmax was taken of probabilities",
            "the scores are their logarithms",
        ),
    )
    expect(found[1], (0.75, 0.25), where)
    where = "the same at temperature 1"
    found = _table(tried(answer, given, 1.0, where=where), given.shape, where)
    expect(found[1], (0.9, 0.1), where)
    right("One number makes a model more modest, and changes none of its answers.")


def _softmax(scores: np.ndarray) -> np.ndarray:
    return np.exp(scores) / np.exp(scores).sum()


def _table(found: object, shape: tuple[int, int], where: str) -> np.ndarray:
    require(
        shape_of(found) == shape,
        "the result does not have a probability for each image and class",
        where,
        f"return an array of {shape[0]} rows and {shape[1]} columns, as it was given",
    )
    return numbers(found, shape, where)


def abstain(answer: Callable) -> None:
    """(threshold, share answered, accuracy there): chosen on validation, measured on the test."""
    validation = pd.DataFrame(
        {"confidence": [0.6, 0.95, 0.5, 0.9, 0.8, 0.7], "right": [1, 1, 0, 0, 1, 1]}
    )
    test = pd.DataFrame(
        {
            "confidence": [0.99, 0.3, 0.6, 0.55, 0.4, 0.65, 0.2, 0.1],
            "right": [1, 0, 1, 0, 0, 0, 0, 1],
        }
    )
    where = "six validation answers, 80 % wanted; with those from 0.60 on, 4 of 5 are right"
    expect(
        _three(tried(answer, validation, test, 0.8, where=where), where),
        (0.6, 3 / 8, 2 / 3),
        where,
        Slip(
            (0.95, 1 / 8, 1.0),
            "the threshold is higher than need be: it stops where the accuracy first falls short",
            "try every confidence that occurs, and take the lowest that is enough",
        ),
        Slip(
            (0.99, 1 / 8, 1.0),
            "the threshold was chosen on the test, to the figure that was wanted",
            "choose it on validation, then look what becomes of it on the test",
        ),
        Slip(
            (0.6, 5 / 6, 0.8),
            "share and accuracy are of the validation images, which chose the threshold",
            "measure both on the test",
        ),
        Slip(
            (0.6, 3 / 8, 2 / 8),
            "the accuracy is of all test images",
            "divide by the answers that are given",
        ),
        Slip(
            (0.6, 2 / 8, 0.5),
            "an answer at the threshold itself is not given",
            "it was counted when the threshold was chosen: give it, with `>=`",
        ),
        Slip(
            (0.5, 4 / 8, 0.5),
            "the threshold lets too many answers through",
            "of the validation answers from it on, the wanted share must be right",
        ),
    )
    where = "validation answers that are all wrong"
    found = tried(answer, validation.assign(right=0), test, 0.8, where=where)
    require(
        found is None,
        f"the result is {found!r} though no threshold reaches what is wanted",
        where,
        "return None",
    )
    _of_equals(answer, test)
    right("'I don't know' is an answer too, and its price was set before the test.")


def _of_equals(answer: Callable, test: pd.DataFrame) -> None:
    """No threshold lies between answers of one confidence, in whichever order they stand."""
    for right_ones in ([1, 1, 0, 0], [1, 0, 0, 1]):
        validation = pd.DataFrame({"confidence": [0.9, 0.8, 0.8, 0.8], "right": right_ones})
        where = "validation: one right answer at 0.90, and one of three at 0.80; 100 % wanted"
        expect(
            _three(tried(answer, validation, test, 1.0, where=where), where),
            (0.9, 1 / 8, 1.0),
            where,
            Slip(
                (0.8, 1 / 8, 1.0),
                "from 0.80 on, half of the answers are right: equally sure ones were torn apart",
                "of a confidence that occurs several times, take the last row, or `groupby` it",
            ),
        )


def _three(found: object, where: str) -> tuple[float, float, float]:
    if found is None:
        raise NotYetError(
            "the result is None, as if no threshold were enough",
            where=where,
            remedy="take the answers from each confidence on, and compute how many are right",
        )
    return tuple(numbers(found, (3,), where))


def brier_score(answer: Callable) -> None:
    """The mean squared distance between probabilities and truth."""
    probabilities, labels = np.array([[0.7, 0.2, 0.1], [0.5, 0.3, 0.2]]), np.array([0, 2])
    where = "(0.7, 0.2, 0.1) for class 0 and (0.5, 0.3, 0.2) for class 2"
    one, two = 0.09 + 0.04 + 0.01, 0.25 + 0.09 + 0.64
    expect(
        tried(answer, probabilities, labels, where=where),
        (one + two) / 2,
        where,
        Slip(
            (0.09 + 0.64) / 2,
            "only the true class is counted",
            "a probability given to a wrong class counts too: its truth is 0",
        ),
        Slip(
            (one + two) / 6,
            "the mean is over the classes too",
            "sum over the classes, and take the mean over the images",
        ),
        Slip(one + two, "that is the sum over the images", "take their mean"),
        Slip(
            (one**0.5 + two**0.5) / 2,
            "that is the mean distance",
            "leave it squared",
        ),
        Slip(
            (0.09 + 0.25) / 2,
            "only the class that the model names is counted",
            "sum over all classes",
        ),
    )
    where = "three classes, each with a third, for one image"
    third = np.full((1, 3), 1 / 3)
    expect(tried(answer, third, np.array([1]), where=where), 2 / 3, where)
    right("It is small only for a model that is right, and says how sure it may be.")


def surest_mistakes(answer: Callable) -> None:
    """The images of the wrong answers given with the highest confidence, the surest first."""
    table = pd.DataFrame(
        {
            "image": ["a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg", "f.jpg"],
            "label": ["Glass", "Glass", "Metal", "Metal", "Metal", "Paper"],
            "p_Glass": [0.95, 0.25, 0.45, 0.05, 0.85, 0.27],
            "p_Metal": [0.03, 0.70, 0.12, 0.90, 0.13, 0.25],
            "p_Paper": [0.02, 0.05, 0.43, 0.05, 0.02, 0.48],  # f: right, and below one half
        }
    )
    for count in (2, 3):
        where = f"six images, of which b, c, e are answered wrongly, at 70, 45, 85 %; {count=}"
        _expect_surest(tried(answer, table, count, where=where), count, where)
    right("Look at these first: here the model, or the label, is thoroughly wrong.")


def _expect_surest(found: object, count: int, where: str) -> None:
    require(
        len(shape_of(found) or ()) == 1,
        "the result is no list of images",
        where,
        "return the column `image` of the rows that you chose, as a list",
    )
    names, wanted = list(found), ["e.jpg", "b.jpg", "c.jpg"]
    least, wanted = wanted[::-1][:count], wanted[:count]
    told = [
        (
            not {"a.jpg", "d.jpg", "f.jpg"}.isdisjoint(names),
            "there are right answers among them",
            "keep the rows whose most probable class is not the label",
        ),
        (
            len(names) != count,
            f"there are {len(names)} images, and {count} were asked for",
            "return as many as are asked for",
        ),
        (names == least, "these are the least sure", "sort from high to low"),
        (
            set(names) != set(wanted),
            f"it names {names}",
            "sort by the probability of the class that the model names",
        ),
        (names != wanted, "the surest does not come first", "sort from high to low"),
    ]
    for wrong, what, remedy in told:
        require(not wrong, what, where, remedy)
