"""Predictions tables as runs store them, for tests in several files."""

import numpy as np
import pandas as pd


def table(labels, groups, probabilities, classes, subset="test"):
    """A predictions table as runs store it."""
    about = {
        "image": [f"{number}.jpg" for number in range(len(labels))],
        "label": labels,
        "group": groups,
        "subset": subset,
    }
    columns = {f"p_{name}": np.asarray(probabilities)[:, i] for i, name in enumerate(classes)}
    return pd.DataFrame(about | columns)


def right_or_wrong(hits, groups=None):
    """Two classes, all images of class a; a hit gives it 0.9."""
    likelihood = np.where(hits, 0.9, 0.1)
    groups = range(len(hits)) if groups is None else groups
    return table(["a"] * len(hits), groups, np.c_[likelihood, 1 - likelihood], ["a", "b"])


def random_table(seed, images=60, classes=4, groups=20):
    draw = np.random.default_rng(seed)
    names = [f"class {number}" for number in range(classes)]
    labels = draw.choice(names, images)
    return table(
        labels, draw.integers(groups, size=images), draw.dirichlet(np.ones(classes), images), names
    )
