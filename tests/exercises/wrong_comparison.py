"""Typical wrong answers to the exercises of notebook 05, by what their check says."""

import math

import numpy as np
import pandas as pd


def won(a, b):
    a, b = np.asarray(a, dtype=bool), np.asarray(b, dtype=bool)
    return (a & ~b).sum(), (b & ~a).sum()


def by_position(a, b):
    if set(a["image"]) != set(b["image"]):
        raise ValueError
    return won(a["predicted"] == a["label"], (b["predicted"] == b["label"]).to_numpy())


def what_both_have(a, b):
    both = a.merge(b, on="image")
    return won(both["predicted_x"] == both["label_x"], both["predicted_y"] == both["label_y"])


def swapped(a, b):
    return what_both_have(a, b)[::-1]


def same_number(a, b):
    if len(a) != len(b):
        raise ValueError
    return what_both_have(a, b)


def all_right(a, b):
    found = [(table["predicted"] == table["label"]).sum() for table in (a, b)]
    return found if len(set(found)) > 1 else what_both_have(a, b)


def best(by, ascending=False, report="test_accuracy"):
    def chosen(scores):
        row = scores.sort_values(by, ascending=ascending).iloc[0]
        return row["name"], row[report]

    return chosen


def tail(a, b, side=min):
    return sum(math.comb(a + b, k) for k in range(side(a, b) + 1)) / 2 ** (a + b)


def chi_square(a, b):
    return math.erfc(abs(a - b) / math.sqrt(2 * (a + b)))


def not_monotone(p):
    p = np.array(p)
    corrected = np.empty(len(p))
    corrected[np.argsort(p)] = np.sort(p) * np.arange(len(p), 0, -1)
    return corrected


def in_order_of_size(p):
    return np.maximum.accumulate(np.sort(p) * np.arange(len(p), 0, -1))


def above_one(p):
    p = np.array(p)
    corrected = np.empty(len(p))
    corrected[np.argsort(p)] = in_order_of_size(p)
    return corrected


def quantiles(values, ends=(0.025, 0.975)):
    return np.quantile(values, ends)


def over_images(correct, group, samples, seed):
    rng = np.random.default_rng(seed)
    return quantiles(rng.choice(correct, (samples, len(correct))).mean(axis=1))


def over_groups(correct, group, samples, seed, replace=True, ends=(0.025, 0.975)):
    table = pd.DataFrame({"right": correct, "group": group})
    sums = table.groupby("group")["right"].agg(["sum", "size"]).to_numpy()
    rng = np.random.default_rng(seed)
    rows = [rng.choice(len(sums), len(sums), replace=replace) for _ in range(samples)]
    return quantiles([np.divide(*sums[row].sum(axis=0)) for row in rows], ends)


def doubles_lost(correct, group, samples, seed):
    rng, names = np.random.default_rng(seed), np.unique(group)
    drawn = [np.isin(group, rng.choice(names, len(names))) for _ in range(samples)]
    return quantiles([correct[inside].mean() for inside in drawn])


def mean_of_groups(correct, group, samples, seed):
    means = pd.Series(correct).groupby(group).mean().to_numpy()
    rng = np.random.default_rng(seed)
    return quantiles(rng.choice(means, (samples, len(means))).mean(axis=1))


WRONG = {
    "only_one_right": {
        "rows were compared that show different images": by_position,
        "returns a result where it should refuse": what_both_have,
        "A and B have changed places": swapped,
        "where it should refuse": same_number,
        "all right answers are counted": all_right,
    },
    "chosen_model": {
        "made on the test images": best("test_accuracy"),
        "of two equals": best(["validation_accuracy", "test_accuracy"]),
        "figure to report is that of validation": best(
            ["validation_accuracy", "parameters"], [False, True], report="validation_accuracy"
        ),
        "of another model": lambda scores: ("medium", scores["test_accuracy"].max()),
        "'small' is not the best": best("parameters", ascending=True),
        "not a name and an accuracy": lambda scores: "medium",
        "the name is a Series": lambda scores: (
            scores.loc[scores["parameters"] == 100, "name"],
            0.81,
        ),
    },
    "mcnemar": {
        "one side only": tail,
        "the larger side": lambda a, b: min(tail(a, b, max), 1) if a + b else 1,
        "ends with ZeroDivisionError": lambda a, b: min(2 * tail(a, b), 1) * (a + b) / (a + b),
        "p is too large": lambda a, b: 2 * tail(a, b),
        "chi-square": chi_square,
    },
    "holm": {
        "Bonferroni": lambda p: [min(one * len(p), 1) for one in p],
        "would count for more": not_monotone,
        "in order of size": in_order_of_size,
        "no p is above 1": above_one,
    },
    "group_interval": {
        "40 items cannot say it so exactly": over_images,
        "every draw has the same accuracy": lambda *given: over_groups(*given, replace=False),
        "a group that is drawn twice counts twice": doubles_lost,
        "2.5 and 97.5": lambda *given: over_groups(*given, ends=(0.05, 0.95)),
        "does not hold the accuracy": mean_of_groups,
        "the same seed gives another interval": lambda correct, group, samples, seed: over_groups(
            correct, group, samples, None
        ),
        "not a lower and an upper end": lambda *given: over_groups(*given)[0],
    },
}
