"""Checks of notebook 10: small files, fair calibration, the front, and other photographs."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from wastelib.exercises.check import NotYetError, Slip, expect, require, right, shape_of, tried


def scale_and_zero(answer: Callable) -> None:
    """The scale and the zero point of bytes that stand for a range of numbers."""
    remedy = "the zero point is the byte, 0 to 255, that stands for 0: `round(-low / scale)`"
    where = "the range from -1 to 3"
    expect(
        tried(answer, -1.0, 3.0, where=where),
        (4 / 255, 64),
        where,
        Slip(
            (4 / 256, 64),
            "256 bytes have 255 steps between them",
            "divide the range by 255",
        ),
        Slip((4 / 255, 63.75), "no byte stands for exactly 0", "round the zero point"),
        Slip((4 / 255, 63), "the zero point is cut off, not rounded", "use `round`"),
        Slip((4 / 255, -64), "the zero point is below all bytes", remedy),
        remedy=remedy,
    )
    where = "the range from 0.5 to 2.55, which 0 is not in"
    expect(
        tried(answer, 0.5, 2.55, where=where),
        (0.01, 0),
        where,
        Slip(
            (2.05 / 255, round(-0.5 / (2.05 / 255))),
            "no byte stands for 0, and an image has zeros around it",
            "widen the range to 0 first: `min(low, 0)`, `max(high, 0)`",
        ),
    )
    where = "the range from -2.55 to -0.5, which 0 is not in"
    expect(
        tried(answer, -2.55, -0.5, where=where),
        (0.01, 255),
        where,
        Slip(
            (2.05 / 255, round(2.55 / (2.05 / 255))),
            "the zero point is above all bytes: the range is still below 0",
            "0 may be missing at either end: `max(high, 0)`",
        ),
    )
    right("A quarter of the bytes, and the zeros around an image stay exact.")


def folded(answer: Callable) -> None:
    """The weights and the bias of a convolution with the normalization after it."""
    rng = np.random.default_rng(0)
    weights, bias = rng.normal(size=(1, 1, 3, 2)), np.array([0.5, -1.0])
    gamma, beta = np.array([3.0, 0.5]), np.array([0.1, -0.2])
    mean, variance, epsilon = np.array([1.0, -1.0]), np.array([4.0, 0.25]), 0.01
    given = (weights, bias, gamma, beta, mean, variance, epsilon)
    where = "a convolution of 1 x 1 from 3 channels to 2"
    found = tried(answer, *given, where=where)
    require(
        isinstance(found, tuple | list) and len(found) == 2,
        "the result is no pair",
        where,
        "return the new weights and the new bias",
    )
    deviation = np.sqrt(variance + epsilon)
    _folded_weights(found[0], weights, gamma, deviation, where)
    expect(
        found[1],
        beta + gamma * (bias - mean) / deviation,
        where,
        Slip(
            beta - gamma * mean / deviation,
            "the convolution's own bias is lost",
            "it is normalized as all else: `bias - mean`",
        ),
        Slip(
            bias + beta - gamma * mean / deviation,
            "the convolution's own bias is not normalized",
            "it is scaled as all else: `gamma * (bias - mean) / deviation`",
        ),
    )
    right("One layer less, and the same answers to the last digits.")


def _folded_weights(
    found: object, weights: np.ndarray, gamma: np.ndarray, deviation: np.ndarray, where: str
) -> None:
    require(
        shape_of(found) == weights.shape,
        f"the weights have the shape {shape_of(found)} instead of {weights.shape}",
        where,
        "the last axis is that of the channels that come out: NumPy's rules fit it by themselves",
    )
    variance = deviation**2
    expect(
        np.ravel(found),
        (weights * gamma / deviation).ravel(),
        where,
        Slip(
            (weights * gamma / variance).ravel(),
            "the weights are divided by the variance",
            "divide by its root, the standard deviation",
        ),
        Slip(
            (weights * gamma / np.sqrt(variance - 0.01)).ravel(),
            "epsilon is missing",
            "the layer divides by `np.sqrt(variance + epsilon)`, and what replaces it must too",
        ),
        Slip(weights.ravel(), "the weights have not changed", "scale them by `gamma / deviation`"),
        remedy="multiply by gamma, divide by the standard deviation, for each channel that "
        "comes out",
    )


def calibration_images(answer: Callable) -> None:
    """Names of images that show the converter what to expect."""
    subsets = [name for name in ("train", "validation", "test") for _ in range(20)]
    table = pd.DataFrame({"image": [f"{n}.jpg" for n in range(60)], "subset": subsets})
    table = table.sample(frac=1, random_state=0, ignore_index=True)
    where = "60 images, 20 of them for training; 16 are asked for"
    first = _names(tried(answer, table, 16, 1, where=where), 16, where)
    training = set(table.loc[table["subset"] == "train", "image"])
    if strangers := set(first) - training:
        subset = table.set_index("image").loc[min(strangers), "subset"]
        raise NotYetError(
            f"an image of the {subset} subset is shown to the converter",
            where=where,
            remedy="draw from the training images: the file would be fitted to the others",
        )
    require(
        len(set(first)) == 16,
        "an image is drawn twice",
        where,
        "draw without putting back: `sample` does by itself, `choice` with `replace=False`",
    )
    again = _names(tried(answer, table, 16, 1, where=where), 16, where)
    require(
        again == first,
        "the same seed draws other images the second time",
        where,
        "pass the seed on: `random_state=seed`, or `np.random.default_rng(seed)`",
    )
    other = _names(tried(answer, table, 16, 2, where=where), 16, where)
    require(
        other != first,
        "another seed draws the same images",
        where,
        "draw at random: the first ones may be of one class only",
    )
    where = "the same, and 100 are asked for"
    _names(tried(answer, table, 100, 1, where=where), 20, where)
    right("What the converter sees is part of the training, and must not be of the test.")


def _names(found: object, count: int, where: str) -> list[str]:
    require(
        isinstance(found, list) and all(isinstance(name, str) for name in found),
        "the result is no list of names",
        where,
        '`list(table["image"])` makes one of a column',
    )
    require(
        len(found) == count,
        f"{len(found)} images are drawn, and it should be {count}",
        where,
        "as many as are asked for, or all training images if there are fewer",
    )
    return found


def front(answer: Callable) -> None:
    """Which files are on the Pareto front of size and accuracy."""
    where = "files of 100, 200, 300 and 250 kB that are right on 70, 80, 75 and 85 %"
    found = tried(
        answer, np.array([100, 200, 300, 250]), np.array([0.7, 0.8, 0.75, 0.85]), where=where
    )
    expect(
        found,
        (1, 1, 0, 1),
        where,
        Slip(
            (0, 0, 0, 1),
            "only the most accurate is left",
            "a file leaves the front only if another is at least as small *and* as accurate",
        ),
        Slip(
            (1, 0, 0, 0),
            "only the smallest is left",
            "a file leaves the front only if another is at least as small *and* as accurate",
        ),
        Slip(
            (0, 0, 1, 0),
            "these are the files that are not on the front",
            "turn the answer round: `~`",
        ),
        Slip(
            (0, 0, 0, 0),
            "every file was beaten, by itself",
            "one that is equal in both beats nobody: one of the two has to be better",
        ),
        remedy="compare each file with every other one",
    )
    where = "two files of 100 kB that are right on 70 and 80 %, and one of 200 kB on 80 %"
    expect(
        tried(answer, np.array([100, 100, 200]), np.array([0.7, 0.8, 0.8]), where=where),
        (0, 1, 0),
        where,
        Slip(
            (1, 1, 1),
            "a file that is as small and less accurate is still on the front",
            "at least as good in both and better in one is enough: `<=` twice, and `<` in one",
        ),
        Slip(
            (0, 0, 0),
            "the best file was beaten by one that is equal in one thing and worse in the other",
            "it has to be at least as good in both",
        ),
    )
    where = "two files of 100 kB that are right on 70 %"
    expect(
        tried(answer, np.array([100, 100]), np.array([0.7, 0.7]), where=where),
        (1, 1),
        where,
        Slip((0, 0), "two equal files have beaten each other", "one of the two must be better"),
        Slip((1, 0), "of two equal files one is gone", "neither beats the other: both stay"),
    )
    right("What is not on the front nobody needs; what is on it is a matter of what one has.")


def accuracy_elsewhere(answer: Callable) -> None:
    """The accuracy on another dataset, whose classes are matched by their names."""
    probabilities = np.array(
        [[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.2, 0.5, 0.3], [0.1, 0.8, 0.1], [0.6, 0.3, 0.1]]
    )
    ours = ["Glass", "Metal", "Paper"]
    labels = np.array(["Glass", "Metal", "Metal", "Wood", "Glass"])
    where = (
        "a model that knows Glass, Metal and Paper, and photographs of Glass, Metal, Metal, Wood "
        "and Glass; it says Glass, Paper, Metal, Metal and Glass"
    )
    expect(
        tried(answer, probabilities, ours, labels, where=where),
        3 / 4,
        where,
        Slip(
            3 / 5,
            "a class that the model cannot know counts as a mistake",
            "leave out images whose class the model does not have",
        ),
        Slip(
            1.0,
            "the model was kept from naming a class that the others do not have",
            "it may answer any class that it knows, and is wrong then",
        ),
        Slip(
            (1.0 + 0.5) / 2,
            "each class counts the same",
            "the accuracy is the share of the images",
        ),
    )
    where = "the same photographs; the model has its classes in another order"
    turned = [2, 0, 1]
    expect(
        tried(answer, probabilities[:, turned], [ours[i] for i in turned], labels, where=where),
        3 / 4,
        where,
        remedy="look every class up by its name, never by its place",
    )
    where = "photographs of Wood alone"
    found = tried(answer, probabilities[:1], ours, np.array(["Wood"]), where=where)
    require(
        found is None,
        "a result is returned where no image can be judged",
        where,
        "return None: nothing is known",
    )
    right("Matched by name, and without the classes that one of them lacks.")
