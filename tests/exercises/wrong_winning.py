"""Typical wrong answers to the exercises of notebook 09, by what their check says."""

import numpy as np
from scipy.stats import t


def values(table):
    return table.filter(like="p_").to_numpy()


def in_order(tables):
    first = tables[0]["image"]
    return [values(table.set_index("image").loc[first]) for table in tables]


def worth(quantile=None, ddof=1, root=True, paired=True, sign=1):
    def found(without, after):
        differences = sign * (after - without)
        middle, count = differences.mean(), len(differences)
        spread = differences.std(ddof=ddof)
        if not paired:
            spread = np.sqrt(without.var(ddof=1) + after.var(ddof=1))
        half = (quantile or t.ppf(0.975, count - 1)) * spread / (np.sqrt(count) if root else 1)
        return middle, middle - half, middle + half

    return found


def softened(p, temperature):
    raised = p ** (1 / temperature)
    return raised / raised.sum()


def distilled(soften=("teacher", "student"), square=True, swap=False, turned=False, weigh=True):
    def loss(student, teacher, label, share, temperature):
        of_label = -np.log(student[label])
        p = softened(teacher, temperature) if "teacher" in soften else teacher
        q = softened(student, temperature) if "student" in soften else student
        p, q = (q, p) if turned else (p, q)
        of_teacher = (p * np.log(p / q)).sum() * (temperature**2 if square else 1)
        share = 1 - share if swap else share
        return (1 - share) * of_label + share * of_teacher if weigh else of_label + of_teacher

    return loss


def with_label_loss(of_label):
    """The right loss, but for what the label costs."""

    def loss(student, teacher, label, share, temperature):
        of_teacher = distilled()(student, teacher, label, 1.0, temperature)
        return (1 - share) * of_label(student, label, temperature) + share * of_teacher

    return loss


def seen(pictures, together=np.mean):
    def answer(predict, image):
        return together([predict(one[np.newaxis])[0] for one in pictures(image)], axis=0)

    return answer


def row(table, number, column):
    return table["model"][number], table[column][number]


WRONG = {
    "averaged": {
        "of different images": lambda tables: np.mean([values(one) for one in tables], axis=0),
        "sum to 2": lambda tables: np.sum(in_order(tables), axis=0),
        "reduced to the class that it names": lambda tables: np.mean(
            [np.eye(2)[one.argmax(axis=1)] for one in in_order(tables)], axis=0
        ),
        "divided by two": lambda tables: np.sum(in_order(tables), axis=0) / 2,
        "no array": lambda tables: tables[0],
        "however many": lambda tables: np.mean(in_order(tables[:2]), axis=0),
    },
    "best_model": {
        "chosen by its test accuracy": lambda table: row(table, table["test"].idxmax(), "test"),
        "later of two equals": lambda table: row(table, table["validation"][::-1].idxmax(), "test"),
        "flattered by the choice": lambda table: row(
            table, table["validation"].idxmax(), "validation"
        ),
        "'frozen' is chosen": lambda table: row(table, table["validation"].idxmin(), "test"),
        "not a name and an accuracy": lambda table: table["model"][1],
        "the name is a Series": lambda table: tuple(
            table.sort_values("validation")[["model", "test"]].tail(1).to_dict("series").values()
        ),
    },
    "mirrored_too": {
        "no part in it": seen(lambda image: [image]),
        "on its head": seen(lambda image: [image, image[::-1]]),
        "colours are reversed": seen(lambda image: [image, image[:, :, ::-1]]),
        "sum to 2": seen(lambda image: [image, image[:, ::-1]], np.sum),
        "only the mirror image": seen(lambda image: [image[:, ::-1]]),
        "a batch of one": lambda predict, image: predict(image),
    },
    "distillation_loss": {
        "the share of the label": distilled(swap=True),
        "from the student to the teacher": distilled(turned=True),
        "count in full": distilled(weigh=False),
        "not softened": distilled(soften=()),
        "changes nothing": distilled(soften=(), square=False),
        "counts for less": distilled(square=False),
        "only the teacher is softened": distilled(soften=("teacher",)),
        "multiplies the label's loss too": with_label_loss(
            lambda student, label, temperature: -np.log(student[label]) * temperature**2
        ),
        "that of the softened student": with_label_loss(
            lambda student, label, temperature: -np.log(softened(student, temperature)[label])
        ),
        "that of class 0": with_label_loss(lambda student, *_: -np.log(student[0])),
    },
    "worth_of_a_step": {
        "wrong sign": worth(sign=-1),
        "that of very many splits": worth(quantile=1.959964),
        "one less": worth(ddof=0),
        "of a single split": worth(root=False),
        "in common": worth(paired=False),
    },
}
