"""Checks of notebook 02: what a network is made of, and how it is scored."""

import math
from collections.abc import Callable

import numpy as np

from wastelib.exercises.check import Slip, expect, right, tried

NAN = float("nan")


def parameters(answer: Callable) -> None:
    """The parameters of the published network, from image size and classes."""
    where = "64 px and 9 classes"
    expect(
        tried(answer, 64, 9, where=where),
        2_125_897,
        where,
        Slip(
            2_125_600,
            "297 are missing: as many as the units and filters of all layers",
            "each has a bias",
        ),
        Slip(
            2_125_705,
            "192 are missing: half of what normalization has",
            "it keeps four numbers for each feature map: scale, shift, running mean and variance",
        ),
        Slip(
            2_125_513,
            "384 are missing: normalization has none",
            "it keeps four numbers for each feature map",
        ),
        Slip(
            33_583_177,
            "the first dense layer is 16 times too large",
            "each of the two poolings halves both sides before the maps are laid out",
        ),
        Slip(
            8_417_353,
            "the first dense layer is four times too large",
            "there are two poolings, and each halves both sides",
        ),
        Slip(
            61_513,
            "the first dense layer sees one map, and there are 64",
            "all values of all maps are laid out in one vector",
        ),
        Slip(
            2_108_041,
            "the second convolution sees one map, and there are 32",
            "each of its filters has 3 x 3 weights for every map of the layer before",
        ),
        close=1e-9,
        remedy="each filter has 3 x 3 weights for every map that it sees, and a bias; add up layer "
        "by layer, and compare with the table above",
    )
    where = "50 px and 2 classes"
    expect(
        tried(answer, 50, 2, where=where),
        1_207_938,
        where,
        Slip(
            1_308_290,
            "there are half pixels after the second pooling",
            "pooling leaves an odd row and column out: 50, 25, 12",
        ),
        Slip(
            1_412_738,
            "the second pooling rounds up",
            "pooling leaves an odd row and column out: 50, 25, 12",
        ),
        close=1e-9,
    )
    right("Nearly all of them are in one layer, and the image size decides how many.")


def cross_entropy(answer: Callable) -> None:
    """The mean cross-entropy of scores before softmax, and the numbers of the true classes."""
    scores = np.log([[0.5, 0.25, 0.25], [0.25, 0.5, 0.25]])
    labels, where = (
        np.array([0, 2]),
        "probabilities (1/2, 1/4, 1/4) for class 0, (1/4, 1/2, 1/4) for 2",
    )
    wanted = (math.log(2) + math.log(4)) / 2
    expect(
        tried(answer, scores, labels, where=where),
        wanted,
        where,
        Slip(-wanted, "the sign is wrong", "the loss is minus the logarithm"),
        Slip(2 * wanted, "that is the sum over the images", "take their mean"),
        Slip(1.5, "the logarithm has the base 2", "take the natural one, as Keras does"),
        Slip(
            wanted / math.log(10),
            "the logarithm has the base 10",
            "take the natural one, as Keras does",
        ),
        Slip(
            wanted / 3,
            "the mean is over the classes too",
            "an image has one true class: take one number of each row",
        ),
        Slip(
            _wrong_axis(scores, labels),
            "softmax was taken over the images, so the batch decides the probabilities",
            "each row is an image: `axis=1, keepdims=True`",
        ),
    )
    where = "scores (0, 1000) for class 1, and (0, 1000) for class 0"
    with np.errstate(all="ignore"):
        found = tried(answer, np.array([[0.0, 1000.0]] * 2), np.array([1, 0]), where=where)
    infinite = Slip(
        math.inf,
        "the loss of a class with hardly any probability is infinite",
        "log p is the score minus the logarithm of the sum: never take the logarithm of p itself",
    )
    overflow = Slip(
        NAN,
        "exp(1000) is more than a number can hold, and the loss is none",
        "subtract the largest score of each row first: softmax stays the same",
    )
    expect(found, 500, where, infinite, overflow)
    where = "scores (0, 1000) and (0, 0), both for class 1"
    with np.errstate(all="ignore"):
        found = tried(answer, np.array([[0.0, 1000.0], [0.0, 0.0]]), np.array([1, 1]), where=where)
    of_the_batch = (
        "the largest score of all was subtracted: of an image with small ones nothing is left",
        "subtract the largest of each row by itself: `scores.max(axis=1, keepdims=True)`",
    )
    slips = (Slip(value, *of_the_batch) for value in (math.inf, -math.inf, NAN))
    expect(found, math.log(2) / 2, where, *slips)
    right("It is the surprise at the true class, and it stays a number for any scores.")


def _wrong_axis(scores: np.ndarray, labels: np.ndarray) -> float:
    shares = np.exp(scores) / np.exp(scores).sum(axis=0)
    return float(-np.log(shares[np.arange(len(labels)), labels]).mean())


def accuracy(answer: Callable) -> None:
    """The accuracy over all batches, of which the last may be smaller."""
    labels = [np.array([0, 1, 1, 0]), np.array([1, 1, 0, 0]), np.array([1])]
    images = [np.array([0, 1, 1, 1]), np.array([1, 0, 1, 1]), np.array([1])]
    batches = list(zip(images, labels, strict=True))  # an image's number is what is predicted

    def predict(images: np.ndarray) -> np.ndarray:
        return images

    where = "three batches: 3 of 4 right, 1 of 4 right, 1 of 1 right"
    expect(
        tried(answer, batches, predict, where=where),
        5 / 9,
        where,
        Slip(
            1.0,
            "only the last batch is scored",
            "add up over all batches, and divide once, after the loop",
        ),
        Slip(
            3 / 4,
            "only the first batch is scored",
            "return after the loop, not in it",
        ),
        Slip(
            2 / 3,
            "the batches count alike, and the last has one image only",
            "count right images and images over all batches",
        ),
        Slip(
            4 / 8,
            "the last batch is left out",
            "it has one image, which counts like every other",
        ),
        Slip(5, "that is how many are right", "divide by the number of all images"),
        Slip(
            5 / 3,
            "right images are divided by the number of batches",
            "divide by the number of all images",
        ),
    )
    right("Every image counts once, whichever batch it is in.")


def kept_epoch(answer: Callable) -> None:
    """The epoch, from 1, with the lowest validation loss."""
    history = {
        "loss": [1.6, 1.1, 0.8, 0.5, 0.3],
        "accuracy": [0.4, 0.6, 0.7, 0.8, 0.9],
        "val_loss": [1.5, 1.2, 1.0, 1.1, 1.3],
        "val_accuracy": [0.4, 0.5, 0.55, 0.6, 0.58],
    }
    where = "five epochs; the validation loss is lowest in the third"
    expect(
        tried(answer, history, where=where),
        3,
        where,
        Slip(2, "epochs are counted from 0", "the first epoch is 1"),
        Slip(
            5,
            "that is the last epoch, where the training loss is lowest",
            "take the validation loss: training images are learnt by heart in the end",
        ),
        Slip(
            4,
            "the choice was made by accuracy",
            "take the validation loss; the accuracy jumps from image to image",
        ),
        Slip(1, "the highest loss was chosen", "a lower loss is better"),
    )
    where = "four epochs, of which the first has no number; the second and the fourth are equal"
    history = {name: [NAN, 0.9, 1.2, 0.9] for name in history}
    expect(
        tried(answer, history, where=where),
        2,
        where,
        Slip(
            1,
            "an epoch whose loss is no number was chosen",
            "leave what is no number out before you look for the lowest",
        ),
        Slip(4, "of two equals, the later was chosen", "the earlier one has learnt less by heart"),
    )
    right("What is kept is the network that met new images best, not the one trained longest.")


def class_scores(answer: Callable) -> None:
    """(precision, recall, F1) of a class, from a matrix with a row for each true class."""
    matrix = np.array([[6, 2, 0], [1, 3, 0], [3, 1, 0]])
    where = "the rows (6, 2, 0), (1, 3, 0), (3, 1, 0), class 0"
    expect(
        tried(answer, matrix, 0, where=where),
        (6 / 10, 6 / 8, 12 / 18),
        where,
        Slip(
            (6 / 8, 6 / 10, 12 / 18),
            "precision and recall have changed places",
            "a row holds the images of a true class, a column those that were called so",
        ),
        Slip(
            (6 / 10, 6 / 8, (6 / 10 + 6 / 8) / 2),
            "F1 is the plain mean",
            "it is the harmonic mean, which is nearer to the smaller of the two",
        ),
        Slip(
            (6 / 16, 6 / 16, 6 / 16),
            "right images are divided by all images",
            "precision asks of those that were called so, recall of those that are so",
        ),
    )
    where = "the same, class 2, which is never named"
    found = tried(answer, matrix, 2, where=where)
    expect(
        found,
        (0, 0, 0),
        where,
        Slip((NAN, 0, NAN), "0 / 0 is no number", "count what cannot be computed as 0"),
        Slip((0, 0, NAN), "0 / 0 is no number", "count what cannot be computed as 0"),
    )
    where = "the rows (6, 2, 1), (1, 3, 0), (0, 0, 0), class 2, which has no images"
    found = tried(answer, np.array([[6, 2, 1], [1, 3, 0], [0, 0, 0]]), 2, where=where)
    missing = ("the recall of no images is no number", "count what cannot be computed as 0")
    expect(found, (0, 0, 0), where, Slip((0, NAN, NAN), *missing), Slip((0, NAN, 0), *missing))
    right("Who reads a confusion matrix asks first what its rows are.")
