"""Several models that answer together."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from wastelib.evaluation.predictions import PREFIX, aligned


def averaged(tables: Sequence[pd.DataFrame], subset: str = "test") -> pd.DataFrame:
    """The predictions of an ensemble: the mean of its members' probabilities.

    `tables` are predictions tables of models that were tested on the same images; the result
    is one of these images. Members that err differently correct each other, and the mean is
    less sure of itself than they are: a temperature is fitted after averaging, not before
    (Rahaman and Thiery 2021, Uncertainty Quantification and Deep Ensembles, NeurIPS 34).

    Raises as `predictions.aligned` does, and `ValueError` for no table at all.
    """
    if not tables:
        raise ValueError("an ensemble has at least one member")
    members = aligned(tables, subset)
    mean = np.mean([answers.probabilities for answers in members], axis=0)
    columns = [f"{PREFIX}{name}" for name in members[0].classes]
    about = members[0].rows.assign(subset=subset)
    return about.join(pd.DataFrame(mean, columns=columns))
