"""Typical wrong answers to the exercises of notebook 06, by what their check says."""

import numpy as np
import pandas as pd
from scipy import stats


def seen(known, asked, by="image"):
    def share(table):
        have = table.loc[table["subset"].isin(known), "group"]
        want = table.loc[table["subset"] == asked, "group"]
        return pd.Series(want.unique() if by == "item" else want).isin(have).mean()

    return share


def of_all_images(table):
    return seen(["train"], "test")(table) * (table["subset"] == "test").mean()


def expected(exponent, complement=True, weighted=True):
    def share(sizes, train):
        sizes = np.array(sizes)
        chance = 1 - (1 - train) ** exponent(sizes) if complement else train ** exponent(sizes)
        return np.average(chance, weights=sizes if weighted else None)

    return share


def interval(t=None, ddof=1, root=True, sign=1):
    def found(random, grouped):
        gaps = sign * np.subtract(random, grouped)
        factor = stats.t.ppf(0.975, len(gaps) - 1) if t is None else t
        half = factor * gaps.std(ddof=ddof) / (np.sqrt(len(gaps)) if root else 1)
        return gaps.mean(), gaps.mean() - half, gaps.mean() + half

    return found


def two_samples(random, grouped):
    test = stats.ttest_ind(random, grouped)
    low, high = test.confidence_interval()
    return np.mean(random) - np.mean(grouped), low, high


def remembered(train, test):
    return test["group"].map(train.groupby("group")["label"].first())


def score(answers, test):
    return (answers == test["label"]).mean()


def only_known(train, test):
    known = test[test["group"].isin(train["group"])]
    return score(remembered(train, known), known)


def mend(order, only=("train", "validation", "test")):
    def mended(table):
        number = table["subset"].map(order.index)
        chosen = table["subset"].isin(only)
        first = number.where(chosen).groupby(table["group"]).transform("min").fillna(number)
        return first.map(dict(enumerate(order))).where(chosen, table["subset"])

    return mended


def only_from_training(table):
    known = table["group"].isin(table.loc[table["subset"] == "train", "group"])
    return table["subset"].mask(known, "train")


def last_of_the_alphabet(table):
    return table.groupby("group")["subset"].transform("max")


def left_out(table):
    sides = table.groupby("group")["subset"].transform("nunique")
    return table.loc[sides == 1, "subset"]


WRONG = {
    "seen_share": {
        "items are counted, not images": seen(["train"], "test", by="item"),
        "validation counts as training": seen(["train", "validation"], "test"),
        "share is of the training images": seen(["test"], "train"),
        "share is of all images": of_all_images,
    },
    "expected_share": {
        "the test image itself is counted": expected(lambda sizes: sizes),
        "all others are in training": expected(lambda sizes: sizes - 1, complement=False),
        "no other is in training": lambda sizes, train: (1 - train) ** (sizes[0] - 1),
        "one other is taken into account": expected(lambda sizes: np.minimum(sizes - 1, 1)),
        "every item counts the same": expected(lambda sizes: sizes - 1, weighted=False),
    },
    "paired_interval": {
        "1.96 is for many values": interval(t=stats.norm.ppf(0.975)),
        "too many degrees of freedom": interval(t=stats.t.ppf(0.975, 4)),
        "divided by n": interval(ddof=0),
        "not of their mean": interval(root=False),
        "one standard error": interval(t=1),
        "wrong sign": interval(sign=-1),
        "two independent samples": two_samples,
        "the result is a float": lambda random, grouped: np.mean(np.subtract(random, grouped)),
    },
    "memoriser": {
        "an unknown item is always answered wrongly": lambda train, test: score(
            remembered(train, test), test
        ),
        "only the known items are scored": only_known,
        "looked up in the test": lambda train, test: score(
            remembered(train, test).fillna(test["label"].mode()[0]), test
        ),
        "every image is answered with": lambda train, test: score(train["label"].mode()[0], test),
    },
    "mended": {
        "the group 'jar' is not on one side": only_from_training,
        "leave no row out": left_out,
        "the group 'mug' is in validation": last_of_the_alphabet,
        "cannot be unseen": lambda table: table.groupby("group")["subset"].transform("first"),
        "the group 'can' is in test": mend(["test", "validation", "train"]),
        "was on one side already": lambda table: ["train"] * len(table),
        "not on one side": lambda table: table["subset"],
    },
}
