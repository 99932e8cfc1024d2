"""Typical wrong answers to the exercises of notebook 08, by what their check says."""

import numpy as np


def weights(table, scale=lambda counts: counts.sum() / len(counts), rows=("train",)):
    counts = table.loc[table["subset"].isin(rows), "label"].value_counts()
    return (scale(counts) / counts).to_dict()


def summing_to_one(table):
    found = weights(table)
    return {label: weight / sum(found.values()) for label, weight in found.items()}


def by_frequency(table):
    return table.loc[table["subset"] == "train", "label"].value_counts(normalize=True).to_dict()


def arms_with(count, settings):
    def named(arms, reference):
        first = arms[reference]
        names = []
        for name, arm in arms.items():
            keys = settings(first, arm)
            if count(sum(first.get(key) != arm.get(key) for key in keys)):
                names.append(name)
        return [name for name in names if name != reference]

    return named


def both(first, arm):
    return first.keys() | arm.keys()


def measured(models, accuracy, images, draws, seed):
    return np.random.default_rng(seed).binomial(images, accuracy, size=(draws, models))


def without_else(ceiling, b, c, wanted):
    return (b / (ceiling - wanted)) ** (1 / c)


WRONG = {
    "images_of_epoch": {
        "the validation images are augmented": lambda images, subset, epoch, augment: augment(
            images.copy(), epoch
        ),
        "the test images are augmented": lambda images, subset, epoch, augment: (
            images if subset == "validation" else augment(images.copy(), epoch)
        ),
        "look the same in epochs 1 and 2": lambda images, subset, epoch, augment: (
            augment(images.copy(), 42) if subset == "train" else images
        ),
        "looks different when it is repeated": lambda images, subset, epoch, augment: (
            augment(images.copy(), None) if subset == "train" else images
        ),
        "changes what it is given": lambda images, subset, epoch, augment: (
            augment(images, epoch) if subset == "train" else images
        ),
        "the training images are not augmented": lambda images, *rest: images,
    },
    "balanced_weights": {
        "the test images were counted too": lambda table: weights(table, rows=("train", "test")),
        "the loss became smaller": lambda table: weights(table, lambda counts: 1),
        "is the number of classes": lambda table: weights(table, lambda counts: counts.sum()),
        "the rare class counts for less": by_frequency,
        "sum to 1 over the classes": summing_to_one,
    },
    "unfair": {
        "'plain' is named": lambda arms, reference: [
            name for name in arms if name not in ("longer", "MixUp", "no epochs")
        ],
        "'again' is not named": arms_with(lambda differing: differing > 1, both),
        "'MixUp' is named": arms_with(lambda differing: differing != 1, lambda first, arm: first),
        "'longer' is named": arms_with(lambda differing: differing > 0, both),
        "'set to None' is named": arms_with(lambda differing: differing != 1, both),
        "ends with KeyError": lambda arms, reference: [
            name
            for name, arm in arms.items()
            if sum(arms[reference][key] != arm[key] for key in arms[reference]) != 1
        ],
        "no list of names": lambda arms, reference: len(arms),
    },
    "best_of": {
        "the mean of the models": lambda *given: measured(*given).mean() / given[2],
        "the best of all draws": lambda *given: (
            measured(*given).max() / given[2] if given[0] > 1 else given[1]
        ),
        "the result counts images": lambda *given: measured(*given).max(axis=1).mean(),
        "the same seed gives another": lambda *given: (
            measured(*given[:-1], None).max(axis=1).mean() / given[2]
        ),
    },
    "images_needed": {
        "the exponent is c": lambda a, b, c, y: (b / (a - y)) ** c,
        "one by the number": lambda a, b, c, y: (b / (a - y)) ** (-1 / c),
        "the ceiling is left out": lambda a, b, c, y: (b / y) ** (1 / c),
        "ends with ZeroDivisionError": without_else,
        "no number of images leads": lambda a, b, c, y: (
            without_else(a, b, c, y) if y != a else float("inf")
        ),
    },
}
