"""Cross-validation: one trial on each of several splits that test every image once."""

from wastelib.data.dataset import Dataset
from wastelib.training.run import Run
from wastelib.training.train import train_all
from wastelib.training.trial import Trial


def cross_validate(
    trial: Trial,
    dataset: Dataset,
    folds: int = 5,
    *,
    seed: int,
    weights: str = "demo",
    scheduler: str = "",
    name: str = "",
) -> list[Run]:
    """Train `trial` on each of `folds` splits, and return the runs in the order of the folds.

    The splits are stratified and by group, drawn from `seed` (see `Dataset.folds`); all else of
    the trial stays as it is. Raises what `Dataset.folds` and `train_all` raise; the latter also
    refuses a trial that starts from a finished run, which has seen what other folds test.
    """
    name = name or trial.hash
    trials = {
        f"{name}, fold {number}": trial.model_copy(update={"split": fold.fingerprint})
        for number, fold in enumerate(dataset.folds(folds, seed), start=1)
    }
    return list(train_all(trials, dataset, weights=weights, scheduler=scheduler).values())
