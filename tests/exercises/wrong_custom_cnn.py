"""Typical wrong answers to the exercises of notebook 02, by what their check says."""

import numpy as np


def counted(bias=1, norm=4, side=None, maps=64, seen=32):
    def parameters(image_size, classes):
        last = side(image_size) if side else image_size // 2 // 2
        convolutions = (27 + bias) * 32 + (9 * seen + bias) * 64 + norm * 96
        dense = (last * last * maps + bias) * 128 + (128 + bias) * 64 + (64 + bias) * classes
        return convolutions + dense

    return parameters


def softmax(scores, axis=1):
    return np.exp(scores) / np.exp(scores).sum(axis=axis, keepdims=True)


def true_ones(values, labels):
    return values[np.arange(len(labels)), labels]


def shifted(scores):
    return scores - scores.max(axis=1, keepdims=True)


def last_batch(batches, predict):
    for images, labels in batches:
        right = (predict(images) == labels).sum()
        total = len(labels)
    return right / total


def first_batch(batches, predict):
    for images, labels in batches:
        return (predict(images) == labels).mean()


def mean_of_batches(batches, predict):
    return np.mean([(predict(images) == labels).mean() for images, labels in batches])


def right_images(batches, predict):
    return sum((predict(images) == labels).sum() for images, labels in batches)


def epoch_of(name, place=np.nanargmin, first=1):
    return lambda history: place(history[name]) + first


def below_the_batch(scores, labels):
    scores = scores - scores.max()
    return (np.log(np.exp(scores).sum(axis=1)) - true_ones(scores, labels)).mean()


def scores(axis=1, mean="harmonic", safe=True):
    def found(matrix, number):
        right = matrix[number, number]
        called, true = matrix.sum(axis=1 - axis)[number], matrix.sum(axis=axis)[number]
        with np.errstate(invalid="ignore"):
            precision, recall = right / called, right / true
            f1 = 2 * precision * recall / (precision + recall)
        if mean == "plain":
            f1 = (precision + recall) / 2
        return tuple(np.nan_to_num([precision, recall, f1])) if safe else (precision, recall, f1)

    return found


def guarded_once(matrix, number):
    precision, recall, f1 = scores(safe=False)(matrix, number)
    if not matrix[:, number].sum():
        return 0, recall, 0
    return precision, recall, f1


def of_all(matrix, number):
    return (matrix[number, number] / matrix.sum(),) * 3


WRONG = {
    "parameters": {
        "each has a bias": counted(bias=0),
        "half of what normalization has": counted(norm=2),
        "normalization has none": counted(norm=0),
        "16 times too large": counted(side=lambda size: size),
        "four times too large": counted(side=lambda size: size // 2),
        "the first dense layer sees one map": counted(maps=1),
        "the second convolution sees one map": counted(seen=1),
        "half pixels": counted(side=lambda size: size / 4),
        "rounds up": counted(side=lambda size: -(-size // 4)),
    },
    "cross_entropy": {
        "the sign is wrong": lambda z, y: np.log(true_ones(softmax(z), y)).mean(),
        "the sum over the images": lambda z, y: -np.log(true_ones(softmax(z), y)).sum(),
        "the base 2": lambda z, y: -np.log2(true_ones(softmax(z), y)).mean(),
        "the base 10": lambda z, y: -np.log10(true_ones(softmax(z), y)).mean(),
        "over the images, so the batch": lambda z, y: (
            -np.log(true_ones(softmax(z, axis=0), y)).mean()
        ),
        "the mean is over the classes too": lambda z, y: (
            -np.log(true_ones(softmax(z), y)).sum() / z.size
        ),
        "exp(1000) is more": lambda z, y: -np.log(true_ones(softmax(z), y)).mean(),
        "is infinite": lambda z, y: -np.log(true_ones(softmax(shifted(z)), y)).mean(),
        "largest score of all": below_the_batch,
    },
    "accuracy": {
        "only the last batch": last_batch,
        "only the first batch": first_batch,
        "the batches count alike": mean_of_batches,
        "the last batch is left out": lambda batches, predict: mean_of_batches(
            batches[:-1], predict
        ),
        "that is how many are right": right_images,
        "by the number of batches": lambda batches, predict: (
            right_images(batches, predict) / len(batches)
        ),
    },
    "kept_epoch": {
        "counted from 0": epoch_of("val_loss", first=0),
        "the training loss is lowest": epoch_of("loss"),
        "made by accuracy": epoch_of("val_accuracy", np.nanargmax),
        "the highest loss": epoch_of("val_loss", np.nanargmax),
        "is no number was chosen": epoch_of("val_loss", np.argmin),
        "the later was chosen": lambda history: (
            len(history["val_loss"]) - np.nanargmin(history["val_loss"][::-1])
        ),
    },
    "class_scores": {
        "changed places": scores(axis=0),
        "the plain mean": scores(mean="plain"),
        "divided by all images": of_all,
        "0 / 0 is no number": scores(safe=False),
        "recall of no images": guarded_once,
        "the result is a float": lambda matrix, number: scores()(matrix, number)[2],
    },
}
