"""Checks of notebook 09: what several models are worth together, and how that is found out."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from wastelib.exercises.check import Slip, expect, name_and_accuracy, require, right, tried


def averaged(answer: Callable) -> None:
    """The mean of what several models say, image by image."""
    one = pd.DataFrame({"image": ["a", "b"], "p_Glass": [0.9, 0.2], "p_Metal": [0.1, 0.8]})
    other = pd.DataFrame({"image": ["b", "a"], "p_Glass": [0.6, 0.5], "p_Metal": [0.4, 0.5]})
    where = "two models and two images, which the second model has in another order"
    expect(
        _probabilities(tried(answer, [one, other], where=where), where),
        ((0.7, 0.3), (0.4, 0.6)),
        where,
        Slip(
            ((0.75, 0.25), (0.35, 0.65)),
            "rows were averaged that are of different images",
            "put every table in the order of the first by the names of the images, not by number",
        ),
        Slip(
            ((1.4, 0.6), (0.8, 1.2)),
            "the probabilities of an image sum to 2",
            "divide by the number of models",
        ),
        Slip(
            ((1.0, 0.0), (0.5, 0.5)),
            "each model was reduced to the class that it names",
            "average the probabilities: a model that is unsure shall count for less",
        ),
    )
    third = other.assign(p_Glass=[0.0, 0.1], p_Metal=[1.0, 0.9])
    where = "the same with a third model"
    expect(
        _probabilities(tried(answer, [one, other, third], where=where), where),
        ((0.5, 0.5), (0.8 / 3, 2.2 / 3)),
        where,
        Slip(
            ((0.75, 0.75), (0.4, 1.1)),
            "the sum of three models is divided by two",
            "divide by `len(tables)`",
        ),
        remedy="take all tables, however many there are",
    )
    right("Models that err on different photographs are better together than alone.")


def _probabilities(found: object, where: str) -> np.ndarray:
    require(
        isinstance(found, np.ndarray) and found.shape == (2, 2),
        "the result is no array of 2 images and 2 classes",
        where,
        "return the probabilities alone, as an array with a row per image of the first table",
    )
    return found


def best_model(answer: Callable) -> None:
    """The model to report, and the accuracy that is said of it."""
    table = pd.DataFrame(
        {
            "model": ["frozen", "tuned", "ensemble"],
            "validation": [0.84, 0.90, 0.89],
            "test": [0.85, 0.86, 0.91],
        }
    )
    equals = table.assign(validation=[0.84, 0.90, 0.90])
    for where, given in (
        ("three models, of which another one is best on validation than on the test", table),
        ("the same with two models that are equally good on validation", equals),
    ):
        name, accuracy = name_and_accuracy(tried(answer, given, where=where), where)
        require(
            name != "ensemble",
            "the model was chosen by its test accuracy, or the later of two equals was taken",
            where,
            "choose by `validation`, the first of equals; open the test afterwards",
        )
        require(
            name == "tuned",
            f"{name!r} is chosen",
            where,
            "take the highest accuracy on validation",
        )
        expect(
            accuracy,
            0.86,
            where,
            Slip(
                0.90,
                "the accuracy is that of the images by which it was chosen",
                "report the accuracy on the test: the other one is flattered by the choice",
            ),
        )
    right("A test that has helped to choose is no test any more, but one more validation.")


def mirrored_too(answer: Callable) -> None:
    """The mean of the answers to an image and to its mirror image."""
    image = np.zeros((4, 4, 3))
    image[0, :, 0] = (8, 4, 2, 1)
    where = "an image that is bright at the top left; the model looks only there"

    def predict(images: np.ndarray) -> np.ndarray:
        require(
            np.ndim(images) == 4 and np.shape(images)[1:] == (4, 4, 3),
            f"the model was given an array of shape {np.shape(images)}",
            where,
            "a model takes a batch: `image[np.newaxis]` is a batch of one",
        )
        first = np.asarray(images)[:, 0, 0, 0] / 8
        return np.stack([first, 1 - first], axis=1)

    expect(
        tried(answer, predict, image, where=where),
        (0.5625, 0.4375),
        where,
        Slip((1.0, 0.0), "the mirror image has no part in it", "reverse the columns: `[:, ::-1]`"),
        Slip(
            (0.5, 0.5),
            "the image stands on its head, or its colours are reversed",
            "the axes are rows, columns, colours: mirror the second one",
        ),
        Slip((1.125, 0.875), "the probabilities sum to 2", "take the mean of the two answers"),
        Slip(
            (0.125, 0.875),
            "only the mirror image is answered",
            "take the mean of the answers to both",
        ),
    )
    right("The same bottle, seen twice: mistakes that depend on its side cancel out.")


def distillation_loss(answer: Callable) -> None:
    """The loss of a student for one image: of the label, and of the teacher's answer."""
    student, teacher = np.array([0.5, 0.5]), np.array([0.8, 0.2])
    of_label, of_teacher = np.log(2), _divergence(teacher, student)
    for share in (1.0, 0.0, 0.25):
        where = f"a student that says (0.5, 0.5), a teacher (0.8, 0.2), label 0, {share=}"
        expect(
            tried(answer, student, teacher, 0, share, 1.0, where=where),
            (1 - share) * of_label + share * of_teacher,
            where,
            Slip(
                (1 - share) * of_teacher + share * of_label,
                "the teacher has the share of the label",
                "`share` is of the teacher's loss, the rest of the label's",
            ),
            Slip(
                (1 - share) * of_label + share * _divergence(student, teacher),
                "the divergence is from the student to the teacher",
                "the teacher's probability stands before the logarithm, and on top within it",
            ),
            Slip(
                of_label + of_teacher,
                "both losses count in full",
                "weigh them: `(1 - share)` and `share`",
            ),
        )
    raised = np.sqrt(teacher)
    softened = 4 * _divergence(raised / raised.sum(), student)
    where = "the same with share=1 and temperature 2"
    expect(
        tried(answer, student, teacher, 0, 1.0, 2.0, where=where),
        softened,
        where,
        Slip(of_teacher, "the temperature changes nothing", "soften both answers before comparing"),
        Slip(
            softened / 4,
            "a softened loss is smaller, and counts for less than its share",
            "multiply it by the square of the temperature",
        ),
        Slip(
            4 * of_teacher,
            "the answers are not softened",
            "raise the probabilities to the power 1 / temperature, and let them sum to 1 again",
        ),
    )
    _both_parts_at_a_temperature(answer)
    right("How wrong each wrong answer is: a label does not say it, a teacher does.")


def _both_parts_at_a_temperature(answer: Callable) -> None:
    """Above, softening leaves the student as it is, and only one of the losses counts."""
    student, teacher = np.array([0.6, 0.3, 0.1]), np.array([0.2, 0.7, 0.1])
    soft_student, soft_teacher = (np.sqrt(one) / np.sqrt(one).sum() for one in (student, teacher))
    of_teacher = 4 * _divergence(soft_teacher, soft_student)
    for label in (1, 2):
        of_label = -np.log(student[label])
        where = (
            "a student that says (0.6, 0.3, 0.1), a teacher (0.2, 0.7, 0.1), "
            f"{label=}, share=0.5, temperature 2"
        )
        expect(
            tried(answer, student, teacher, label, 0.5, 2.0, where=where),
            (of_label + of_teacher) / 2,
            where,
            Slip(
                (of_label + 4 * _divergence(soft_teacher, student)) / 2,
                "only the teacher is softened",
                "soften the student's probabilities too, before the two are compared",
            ),
            Slip(
                (4 * of_label + of_teacher) / 2,
                "the square of the temperature multiplies the label's loss too",
                "multiply the teacher's loss alone",
            ),
            Slip(
                (-np.log(soft_student[label]) + of_teacher) / 2,
                "the label's loss is that of the softened student",
                "take the student as it is: `-np.log(student[label])`",
            ),
            Slip(
                (-np.log(student[0]) + of_teacher) / 2,
                "the label's loss is that of class 0, whatever the label",
                "`student[label]` is the probability of the true class",
            ),
        )


def _divergence(p: np.ndarray, q: np.ndarray) -> float:
    return float((p * np.log(p / q)).sum())


def worth_of_a_step(answer: Callable) -> None:
    """What a step changes over several splits, with its interval."""
    without, after = np.array([0.70, 0.80, 0.75]), np.array([0.72, 0.83, 0.76])
    where = "the accuracies 70, 80, 75 % without a step and 72, 83, 76 % with it, on three splits"
    student, normal = 4.302653, 1.959964  # the first with 2 degrees of freedom
    error = 0.01 / np.sqrt(3)
    apart = np.sqrt((without.var(ddof=1) + after.var(ddof=1)) / 3)

    def around(middle: float, half: float) -> tuple[float, float, float]:
        return middle, middle - half, middle + half

    common = (
        "the spread of the splits is counted, which both have in common",
        "take the difference on each split first, then mean and spread of the differences",
    )
    expect(
        tried(answer, without, after, where=where),
        around(0.02, student * error),
        where,
        Slip(
            around(-0.02, student * error),
            "the difference has the wrong sign",
            "subtract what was without the step",
        ),
        Slip(
            around(0.02, normal * error),
            "the interval is that of very many splits",
            "three say little of their own spread: take Student's t with 2 degrees of freedom, "
            "`scipy.stats.t.ppf(0.975, 2)`",
        ),
        Slip(
            around(0.02, student * error * np.sqrt(2 / 3)),
            "the spread is taken around a mean that was known",
            "it comes from the same numbers, so divide by one less: `ddof=1`",
        ),
        Slip(
            around(0.02, student * error * np.sqrt(3)),
            "the interval is that of a single split, not of their mean",
            "divide by the square root of their number",
        ),
        Slip(around(0.02, student * apart), *common),
        Slip(around(0.02, 2.776445 * apart), *common),
        close=1e-4,
    )
    right("What the splits have in common cancels out, so that a small step can be seen.")
