"""Trainings that no submission has a hand in: its trials are data, and the code is ours."""

from pathlib import Path

from wastelib.data.dataset import open_dataset
from wastelib.training.train import train_all
from wastelib.training.trial import Trial


def train_trials(order: dict) -> None:
    """Train `order["trials"]` (name -> description) in the reference's build folder.

    They are trained in their order, each in a call of its own, since one may start from another.
    """
    dataset = open_dataset(Path(order["build"]))
    for name, description in order["trials"].items():
        try:
            train_all({name: Trial.model_validate(description)}, dataset, weights=order["weights"])
        except Exception as error:  # one that cannot be trained stops no other
            print(f"{name}: {error}", flush=True)
