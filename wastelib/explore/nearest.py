"""The training photographs that look most like a given one."""

import numpy as np
import pandas as pd

from wastelib.data.dataset import Dataset
from wastelib.training.look import BackboneLook
from wastelib.training.run import Run

AT_ONCE = 4096  # rows of features read from their file


def nearest_training(dataset: Dataset, run: Run, image: str, count: int = 5) -> pd.DataFrame:
    """The training photographs of `run` most like `image`, a path of the catalogue.

    Likeness is the cosine of the features that notebook 01 stored to find groups by. One row
    each, the likest first: image, label, group, likeness (-1..1).
    """
    look = BackboneLook(dataset.build_folder)(dataset.root, dataset.catalogue)
    (number,) = np.flatnonzero(dataset.catalogue["path"] == image)
    wanted = look[int(number)]
    training = dataset.split(run.trial.split).rows("train")
    parts = (training[start : start + AT_ONCE] for start in range(0, len(training), AT_ONCE))
    likeness = np.concatenate([look[part] @ wanted for part in parts])
    order = np.argsort(-likeness, kind="stable")[:count]
    rows = dataset.catalogue.iloc[training[order]]
    found = rows[["path", "label", "group"]].rename(columns={"path": "image"})
    return found.assign(likeness=likeness[order]).reset_index(drop=True)
