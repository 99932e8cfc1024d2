"""Checks of notebook 05: the same images, a choice without the test, and honest p values."""

import math
from collections.abc import Callable

import numpy as np
import pandas as pd

from wastelib.exercises.check import (
    Slip,
    expect,
    name_and_accuracy,
    numbers,
    refuses,
    require,
    right,
    shape_of,
    tried,
)


def only_one_right(answer: Callable) -> None:
    """How many images only A gets right, and only B; a `ValueError` for other test images."""
    a = pd.DataFrame(
        {
            "image": [f"{n}.jpg" for n in range(6)],
            "label": list("GGGMMM"),
            "predicted": list("GGGMGG"),
        }
    )
    b = a.assign(predicted=list("MGGMMG")).iloc[[5, 3, 1, 0, 2, 4]].reset_index(drop=True)
    where = "six images that A and B list in different orders"
    expect(
        tried(answer, a, b, where=where),
        (1, 1),
        where,
        Slip(
            (2, 2),
            "rows were compared that show different images",
            "bring both tables into one order by their image before you compare",
        ),
    )
    b = a.assign(predicted=list("GGGMMG"))
    where = "six images, of which A gets four right and B these and another"
    expect(
        tried(answer, a, b, where=where),
        (0, 1),
        where,
        Slip((1, 0), "A and B have changed places", "name first what only A gets right"),
        Slip(
            (4, 5),
            "all right answers are counted",
            "count the images that one gets right and the other wrong",
        ),
    )
    remedy = "compare the sets of images first, and `raise ValueError` if they differ"
    for case, other in {
        "B was tested on one image less": b.iloc[1:],
        "B was tested on one image more": pd.concat(
            [b, b.iloc[:1].assign(image="6.jpg")], ignore_index=True
        ),
        "B was tested on another image": b.replace({"image": {"5.jpg": "6.jpg"}}),
    }.items():
        refuses(answer, a, other, where=case, remedy=remedy)
    right("Two figures stand side by side only if they are of the same images.")


def chosen_model(answer: Callable) -> None:
    """(name of the model that validation chooses, its test accuracy)."""
    scores = pd.DataFrame(
        {
            "name": ["small", "medium", "large", "huge"],
            "parameters": [10, 100, 1000, 10_000],
            "validation_accuracy": [0.70, 0.86, 0.86, 0.80],
            "test_accuracy": [0.72, 0.81, 0.83, 0.88],
        }
    )
    where = "four models, of which medium and large are the best on validation"
    name, accuracy = name_and_accuracy(tried(answer, scores, where=where), where)
    told = {
        "huge": ("the choice was made on the test images", "look at validation_accuracy only"),
        "large": (
            "of two equals, the larger was chosen, or the one that is better on the test",
            "parameters decide between equals: the fewer, the better",
        ),
    }
    what, remedy = told.get(name, (f"{name!r} is not the best on validation", "take the highest"))
    require(name == "medium", what, where, remedy)
    expect(
        accuracy,
        0.81,
        where,
        Slip(
            0.86,
            "the figure to report is that of validation",
            "the best of many is also the luckiest there: report its test accuracy",
        ),
        Slip(
            0.88,
            "the figure is the test accuracy of another model",
            "report that of the model chosen",
        ),
    )
    where = "the same models, in another order and with other test accuracies"
    shuffled = (
        scores.iloc[[3, 2, 1, 0]].reset_index(drop=True).assign(test_accuracy=[0.5, 0.9, 0.6, 0.7])
    )
    name, accuracy = name_and_accuracy(tried(answer, shuffled, where=where), where)
    require(
        name == "medium",
        "other test accuracies, or another order of the rows, change the choice",
        where,
        "let neither take part: validation accuracy first, then the parameters",
    )
    expect(accuracy, 0.6, where)
    right("The test has judged the choice, and had no say in it.")


def mcnemar(answer: Callable) -> None:
    """The two-sided p of McNemar's exact test."""
    cases = [
        ((0, 5), 2 / 32),
        ((9, 1), 22 / 1024),
        ((1, 9), 22 / 1024),
        ((5, 5), 1.0),
        ((40, 60), 0.0568879),
        ((0, 0), 1.0),
    ]
    for (a, b), wanted in cases:
        where = f"{a} images that only A gets right, {b} that only B does"
        expect(
            tried(answer, a, b, where=where),
            wanted,
            where,
            Slip(
                wanted / 2,
                "p counts one side only",
                "an equally uneven division the other way is as surprising: count it too",
            ),
            Slip(
                1.0,
                "p is 1 for so uneven a division: it counts the larger side",
                "count the divisions that are at least as uneven as this one",
            ),
            Slip(
                _chi_square(a, b),
                "p is that of the chi-square approximation, which is wrong for few images",
                "add up the probabilities of a fair coin",
            ),
            Slip(
                2 * wanted if (a, b) != (5, 5) else 1 + 252 / 1024,
                "p is too large: a division is counted twice, and p may exceed 1",
                "no p is above 1; an even division has a p of 1",
            ),
            close=1e-5,
            remedy="a fair coin is thrown for each image that only one of the two gets right: how "
            "often would it fall at least as unevenly?",
        )
    right("Only the images that one alone gets right can tell two models apart.")


def _chi_square(a: int, b: int) -> float:
    """With one degree of freedom, the root of the statistic is a standard normal deviate."""
    return math.erfc(abs(a - b) / math.sqrt(2 * (a + b))) if a + b else 1.0


def holm(answer: Callable) -> None:
    """Holm's corrected p values, in the order of the given ones."""
    given, where = [0.01, 0.04, 0.03, 0.005], "the p values 0.01, 0.04, 0.03, 0.005"
    expect(
        tried(answer, given, where=where),
        [0.03, 0.06, 0.06, 0.02],
        where,
        Slip(
            [0.04, 0.16, 0.12, 0.02],
            "every p is multiplied by their number: that is Bonferroni's correction",
            "the smallest by their number, the next by one less, and so on",
        ),
        Slip(
            [0.03, 0.04, 0.06, 0.02],
            "0.04 is corrected to less than 0.03 is, so a weaker finding would count for more",
            "let no corrected value be below that of a smaller p",
        ),
        Slip(
            [0.02, 0.03, 0.06, 0.06],
            "the results are in order of size",
            "put each where its p came from",
        ),
        Slip(
            [0.02, 0.06, 0.06, 0.03],
            "the factors belong to other values",
            "the smallest p has the largest factor",
        ),
    )
    where = "the p values 0.9, 0.6, 0.8"
    found = tried(answer, [0.9, 0.6, 0.8], where=where)
    expect(found, [1, 1, 1], where, remedy="no p is above 1")
    where = "a single p value, 0.2"
    expect(tried(answer, [0.2], where=where), [0.2], where)
    right("Who compares often enough finds something by chance; this is the price for it.")


def group_interval(answer: Callable) -> None:
    """A 95 % interval of the accuracy, from resampling whole groups: (low, high)."""
    group, correct = np.repeat(np.arange(40), 5), np.repeat([0, 1], 100)
    where = "200 photographs of 40 items; each item is right or wrong in all five photographs"
    low, high = _interval(answer, correct, group, where)
    width = (high - low) / 0.30  # what 40 fair coins give
    require(
        width > 0.01,
        "every draw has the same accuracy",
        where,
        "draw as many groups as there are, with replacement: some twice, some not at all",
    )
    require(
        width > 0.6,
        f"the interval is {high - low:.2f} wide; 40 items cannot say it so exactly",
        where,
        "five photographs of one item are one witness: draw groups and take all their images",
    )
    require(
        0.9 < width < 1.1,
        f"the interval is {high - low:.2f} wide, and should be about 0.30",
        where,
        "a group that is drawn twice counts twice; the ends are the 2.5 and 97.5 % quantiles",
    )
    group = np.r_[np.repeat(np.arange(20), 4), np.arange(20, 60)]
    correct = np.r_[np.ones(80), np.zeros(40)].astype(int)
    where = "20 items of four photographs, all right, and 40 single photographs, all wrong"
    low, high = _interval(answer, correct, group, where)
    require(
        low < 80 / 120 < high,
        f"the interval, {low:.2f} to {high:.2f}, does not hold the accuracy, 0.67",
        where,
        "the accuracy is right images by images: a group counts by its size",
    )
    group = np.repeat(np.arange(90), np.arange(90) % 9 + 1)  # many sizes: no two draws agree
    correct = (group * 7 % 10 < 6).astype(int)
    where = "90 items of 1 to 9 photographs, twice"
    require(
        _interval(answer, correct, group, where) == _interval(answer, correct, group, where),
        "the same seed gives another interval when it is used again",
        where,
        "draw from `np.random.default_rng(seed)`, made inside the function",
    )
    right("An interval is only as wide as it should be if it draws what is independent.")


def _interval(answer: Callable, correct: np.ndarray, group: np.ndarray, where: str):
    found = tried(answer, correct, group, 1000, 3, where=where)
    require(
        shape_of(found) == (2,),
        "the result is not a lower and an upper end",
        where,
        "return both, with a comma between",
    )
    low, high = numbers(found, (2,), where)
    return float(low), float(high)
