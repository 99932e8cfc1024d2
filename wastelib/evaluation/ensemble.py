"""Several models that answer together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from wastelib.evaluation.calibration import at_temperature, fit_temperature
from wastelib.evaluation.metrics import SMALLEST_PROBABILITY
from wastelib.evaluation.predictions import aligned, checked
from wastelib.training.run import Run, predictions_table


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
    return predictions_table(members[0].rows.assign(subset=subset), mean, members[0].classes)


@dataclass(frozen=True)
class Ensemble:
    """Runs of one split that answer together; a single run is an ensemble of one.

    As of a run, what choices may be made by is of validation images, and the test is apart.
    """

    runs: tuple[Run, ...]

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """The mean of the members' answers to the validation images, as `Run.predictions`."""
        return averaged([run.predictions for run in self.runs], "validation")

    @cached_property
    def temperature(self) -> float:
        """What that mean has to be divided by, in logits, to mean what it says."""
        return fit_temperature(self.predictions)

    def open_test(self) -> pd.DataFrame:
        """The mean of their answers to the test images, before any temperature.

        Raises `WasteError` unless every member is declared, as `Run.open_test`.
        """
        return averaged([run.open_test() for run in self.runs])

    def open_test_tempered_first(self) -> pd.DataFrame:
        """The same if every member had its own temperature before averaging."""
        return averaged(
            [at_temperature(run.open_test(), fit_temperature(run.predictions)) for run in self.runs]
        )

    @property
    def parameters(self) -> int:
        """Of all its networks; one that is shown several pictures of an image counts once."""
        networks = {run.trial.trained.hash: run.manifest["parameters"] for run in self.runs}
        return sum(networks.values())


def best_of(candidates: Mapping[str, Ensemble]) -> str:
    """The name of the one that is right on most validation images.

    Of equals, the one with the lower loss there, and of these the first.
    """

    def standing(name: str) -> tuple[float, float]:
        answers = checked(candidates[name].predictions, "validation")
        likelihood = answers.likelihood.clip(SMALLEST_PROBABILITY)
        return -answers.right.mean(), -np.log(likelihood).mean()

    return min(candidates, key=standing)
