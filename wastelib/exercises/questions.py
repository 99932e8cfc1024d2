"""Checks of notebook 08: experiments that answer the question they ask."""

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


def images_of_epoch(answer: Callable) -> None:
    """What a network sees in an epoch: training images augmented anew, all others as they are."""
    images = np.arange(12.0).reshape(3, 2, 2)

    def augment(images: np.ndarray, seed: int) -> np.ndarray:
        images += np.random.default_rng(seed).normal(size=images.shape)  # in place, as some do
        return images

    def seen(subset: str, epoch: int) -> np.ndarray:
        where = f"the {subset} images in epoch {epoch}"
        found = tried(answer, images, subset, epoch, augment, where=where)
        require(
            shape_of(found) == images.shape,
            "the result does not have the images' shape",
            where,
            "return all images, augmented or not",
        )
        return np.array(found)

    for subset in ("validation", "test"):
        where = f"the {subset} images in epoch 1"
        require(
            np.array_equal(seen(subset, 1), images),
            f"the {subset} images are augmented",
            where,
            "only training images are: a score of turned and recoloured photographs is of others "
            "than the question is about, and differs from time to time",
        )
    first = seen("train", 1)
    require(
        not np.array_equal(first, images),
        "the training images are not augmented",
        "the train images in epoch 1",
        "return what `augment` makes of them",
    )
    require(
        not np.array_equal(first, seen("train", 2)),
        "the training images look the same in epochs 1 and 2",
        "the train images in epochs 1 and 2",
        "draw anew in each epoch: give `augment` another seed, made from the epoch",
    )
    require(
        np.array_equal(first, seen("train", 1)),
        "epoch 1 looks different when it is repeated",
        "the train images in epoch 1, twice",
        "make the seed from the epoch alone, so that an interrupted training can go on",
    )
    right("Augmentation is for learning; what measures must stand still.")


def balanced_weights(answer: Callable) -> None:
    """{label: weight}: each class weighs the same in training, an image 1 on average."""
    labels = ["Glass"] * 6 + ["Metal"] * 2 + ["Metal"] * 8
    subsets = ["train"] * 8 + ["test"] * 8
    table = pd.DataFrame({"label": labels, "subset": subsets})
    where = "6 training images of Glass and 2 of Metal, and 8 test images of Metal"
    found = tried(answer, table, where=where)
    require(
        isinstance(found, dict) and set(found) == {"Glass", "Metal"},
        "the result is no dictionary with a weight for each label",
        where,
        "return {label: weight}",
    )
    expect(
        [found["Glass"], found["Metal"]],
        (8 / 12, 8 / 4),
        where,
        Slip(
            (16 / 12, 16 / 20),
            "the test images were counted too",
            "training knows its own images only",
        ),
        Slip(
            (1 / 6, 1 / 2),
            "the classes weigh the same, but the loss became smaller, and with it every step",
            "scale the weights so that their mean over the training images is 1",
        ),
        Slip(
            (8 / 6, 8 / 2),
            "the mean weight over the training images is the number of classes",
            "divide by it, so that the loss keeps its size and the learning rate its meaning",
        ),
        Slip(
            (6 / 8, 2 / 8),
            "the rare class counts for less",
            "the fewer images a class has, the more each must weigh",
        ),
        Slip(
            (0.25, 0.75),
            "the weights sum to 1 over the classes, and every step is smaller for it",
            "scale them so that their mean over the training images is 1",
        ),
    )
    right("Every class weighs the same now, and the learning rate means what it meant before.")


def unfair(answer: Callable) -> None:
    """The arms that do not differ from the reference in exactly one setting."""
    arms = {
        "plain": {"optimizer": "adam", "rate": 0.001, "epochs": 8},
        "longer": {"optimizer": "adam", "rate": 0.001, "epochs": 16},
        "SGD": {"optimizer": "sgd", "rate": 0.01, "epochs": 8},
        "MixUp": {"optimizer": "adam", "rate": 0.001, "epochs": 8, "augmentation": "mixup"},
        "CutMix": {"optimizer": "adam", "rate": 0.001, "epochs": 16, "augmentation": "cutmix"},
        "again": {"optimizer": "adam", "rate": 0.001, "epochs": 8},
        "no epochs": {"optimizer": "adam", "rate": 0.001},
        "two left out": {"optimizer": "adam"},
        "set to None": {"optimizer": "adam", "rate": 0.001, "epochs": 8, "augmentation": None},
    }
    where = "nine arms, compared with 'plain'"
    found = tried(answer, arms, "plain", where=where)
    if not isinstance(found, list | tuple | set):
        raise NotYetError("the result is no list of names", where=where, remedy="return the names")
    reasons = {
        "plain": ("is the reference itself", "leave it out"),
        "longer": ("differs in one setting only, and that is fair", "name the others"),
        "MixUp": (
            "differs in one setting only, one that the reference does not have",
            "a setting that an arm adds counts as one difference",
        ),
        "no epochs": (
            "differs in one setting only, one that it does not have",
            "a setting that an arm lacks counts as one difference",
        ),
        "SGD": ("differs in optimizer and rate", "two differences are too many"),
        "CutMix": (
            "differs in epochs and in augmentation, which the reference does not have",
            "go through the settings of both",
        ),
        "two left out": ("lacks two settings", "go through the settings of both"),
        "again": (
            "does not differ at all, so it answers no question",
            "exactly one difference is wanted",
        ),
        "set to None": (
            "has one setting that the reference lacks: one difference, though its value is None",
            "`get(key)` returns None for a missing setting: ask it for something else instead",
        ),
    }
    unfair_ones = {"SGD", "CutMix", "again", "two left out"}
    for name, (reason, remedy) in reasons.items():
        named, wanted = name in found, name in unfair_ones
        verb = "is named" if named else "is not named"
        require(named == wanted, f"'{name}' {verb}; it {reason}", where, remedy)
    right("Whatever differs between two arms is part of what is compared.")


def best_of(answer: Callable) -> None:
    """The accuracy that the best of equally good models shows, on average."""

    def shown(models: int, where: str) -> float:
        found = numbers(tried(answer, models, 0.7, 100, 4000, 5, where=where), (), where)
        require(found <= 1, "the result counts images", where, "divide by their number")
        return float(found)

    where = "1 model of accuracy 70 %, on 100 images"
    expect(shown(1, where), 0.7, where, close=0.005)
    where = "20 models of accuracy 70 % each, on 100 images"
    found = shown(20, where)
    require(
        not 0.695 < found < 0.705,
        "the result is the mean of the models",
        where,
        "in each draw, look at the best of the models only",
    )
    require(
        found < 0.82,
        "the result is the best of all draws",
        where,
        "take the best in each draw, and the mean of these",
    )
    expect(found, 0.78342, where, close=0.004)
    require(
        found == shown(20, where),
        "the same seed gives another result when it is used again",
        where,
        "draw from `np.random.default_rng(seed)`, made inside the function",
    )
    right("Eight points for nothing: so much may be luck in the best of twenty.")


def images_needed(answer: Callable) -> None:
    """How many images the law a - b n^-c needs for an accuracy; None if it never gets there."""
    where = "ceiling 0.9, b = 2, c = 0.5, wanted 0.8"
    expect(
        tried(answer, 0.9, 2.0, 0.5, 0.8, where=where),
        400,
        where,
        Slip(
            20**0.5,
            "the exponent is c and not 1 / c",
            "solve 0.8 = 0.9 - 2 n^-0.5 for n, step by step",
        ),
        Slip(
            1 / 400,
            "that is one by the number",
            "mind the sign of the exponent",
        ),
        Slip(
            (2 / 0.8) ** 2,
            "the ceiling is left out",
            "what is still missing is ceiling minus wanted",
        ),
    )
    for wanted in (0.9, 0.95):
        where = f"ceiling 0.9, b = 2, c = 0.5, wanted {wanted:g}"
        found = tried(answer, 0.9, 2.0, 0.5, wanted, where=where)
        require(
            found is None,
            f"the result is {found}, and no number of images leads to or beyond the ceiling",
            where,
            "return None",
        )
    right("Beyond the ceiling, more of the same photographs do not help.")
