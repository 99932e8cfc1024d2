"""A search over a declared space of trials. It sees validation images of whole groups only.

The search keeps no state of its own. Each suggestion follows from the seed and from what the
finished runs before it say, and a run that exists is never trained again: so a search that is
called anew asks the same questions, finds most of them answered, and goes on where it was.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import optuna
from optuna.distributions import BaseDistribution

from wastelib.data.dataset import Dataset
from wastelib.errors import WasteError
from wastelib.training.run import Run
from wastelib.training.space import Space, changed, distributions_of
from wastelib.training.train import train_all
from wastelib.training.trial import Trial

# So many suggestions are drawn blindly before the first that learns from those before it. Half
# of Optuna's default: a course can afford a dozen trainings.
BLIND = 5


@dataclass(frozen=True)
class Suggestion:
    """One point of the space, trained: `number` counts from 1, `runs` has one run per seed."""

    number: int
    values: dict[str, object]
    runs: tuple[Run, ...]

    @cached_property
    def loss(self) -> float:
        """Mean validation loss of the runs' kept epochs; infinite where a training diverged."""
        loss = float(np.mean([run.kept_epoch["val_loss"] for run in self.runs]))
        return loss if np.isfinite(loss) else np.inf


@dataclass(frozen=True)
class Search:
    """What a search tried, in order, and what Optuna drew each field from."""

    distributions: dict[str, BaseDistribution]
    tried: tuple[Suggestion, ...]

    @property
    def best(self) -> Suggestion:
        """The one with the lowest validation loss; of equals the first."""
        return min(self.tried, key=lambda suggestion: suggestion.loss)


def search(
    trial: Trial,
    space: Space,
    dataset: Dataset,
    *,
    budget: int,
    seed: int,
    seeds: int = 1,
    at_once: int = 1,
    weights: str = "demo",
    scheduler: str = "",
) -> Search:
    """Train `budget` variations of `trial` within `space`, each chosen in the light of the last.

    Each is trained under `seeds` seeds, from the trial's own upwards, and judged by the mean
    validation loss; one that diverges counts as the worst. `at_once` suggestions are made
    together, before their outcomes are known, and are trained side by side; `weights` and
    `scheduler` are those of `train_all`. The sampler is Optuna's TPE (Watanabe 2023,
    "Tree-Structured Parzen Estimator", arXiv 2304.11127), drawn from `seed`.

    The same arguments give the same search, on the same machine with the same Optuna, however
    often it is interrupted; a larger budget goes on with a smaller one's. No run is declared,
    so no test is opened.

    Raises `WasteError` before anything is trained if the space does not fit the trial or the
    split tears groups apart, and as `train_all` does; `ValueError` for a number below 1.
    """
    if min(budget, seeds, at_once) < 1:
        raise ValueError("budget, seeds and at_once are 1 or more")
    distributions = distributions_of(space, trial)
    _refuse_torn_groups(trial, dataset)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=BLIND)
    study = optuna.create_study(sampler=sampler)
    tried: list[Suggestion] = []
    while len(tried) < budget:
        together = min(at_once, budget - len(tried))
        asked = [study.ask(distributions) for _ in range(together)]
        trials = {
            f"search {one.number + 1}, seed {number}": changed(trial, one.params | {"seed": number})
            for one in asked
            for number in range(trial.seed, trial.seed + seeds)
        }
        runs = iter(train_all(trials, dataset, weights=weights, scheduler=scheduler).values())
        for one in asked:
            own = tuple(next(runs) for _ in range(seeds))
            tried.append(Suggestion(one.number + 1, dict(one.params), own))
            study.tell(one, tried[-1].loss)
    return Search(distributions, tuple(tried))


def _refuse_torn_groups(trial: Trial, dataset: Dataset) -> None:
    if torn := dataset.split(trial.split).leaking_groups():
        raise WasteError(
            f"{torn} groups of the split stand on more than one side: a search would be drawn to "
            "what learns training images by heart",
            remedy='search on a split by group, such as dataset.splits["group"]',
        )
