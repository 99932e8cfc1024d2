"""The figures that the published assignment reports, and when ours may stand beside them.

Source: "Simple convolutional neural network to perform classification", EN3150, University
of Moratuwa, 2024-12-12; facts only.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from wastelib.data.dataset import Dataset
from wastelib.data.sources import REALWASTE
from wastelib.evaluation.metrics import Evaluation
from wastelib.evaluation.resampling import Interval
from wastelib.training.run import Run
from wastelib.training.trial import Trial

TEST_IMAGES = 951  # a fifth of RealWaste's 4752


@dataclass(frozen=True)
class PublishedResult:
    """One published model: its test accuracy and loss, and the settings it was trained with."""

    model: str
    test_accuracy: float
    test_loss: float
    image_size: int
    epochs: int

    @property
    def interval(self) -> Interval:
        """The exact 95 % interval of the accuracy, if the test images were independent.

        Clopper and Pearson 1934, Biometrika 26, 404-413. With several photographs of one item
        in the test, the true interval is wider.
        """
        from scipy.stats import binomtest

        right = round(self.test_accuracy * TEST_IMAGES)
        return tuple(map(float, binomtest(right, TEST_IMAGES).proportion_ci(0.95)))

    def matches(self, trial: Trial) -> bool:
        """Whether the trial is of this network, whatever its settings."""
        network = trial.model.network if trial.model.kind == "custom" else trial.model.backbone
        return network == self.model


PUBLISHED = (
    PublishedResult("published_cnn", 0.6183, 1.9897, image_size=256, epochs=20),
    PublishedResult("InceptionResNetV2", 0.8637, 0.4119, image_size=524, epochs=10),
    PublishedResult("DenseNet121", 0.8617, 0.3919, image_size=524, epochs=10),
)


def protocol_differences(published: PublishedResult, trial: Trial, dataset: Dataset) -> list[str]:
    """In what a trial departs from the published protocol; empty means like for like."""
    counts = dataset.catalogue["label"].value_counts().to_dict()
    split = dataset.split(trial.split)
    unfrozen = getattr(trial.model, "unfrozen_layers", 0)
    departures = {
        f"{len(counts)} classes, {sum(counts.values()):,} images": counts != REALWASTE.counts,
        f"split by {split.method}, seed {split.seed}": (split.method, split.seed) != ("random", 42),
        f"{trial.image_size} px": trial.image_size != published.image_size,
        f"{trial.epochs} epochs": trial.epochs != published.epochs,
        f"{trial.optimizer} at {trial.learning_rate:g}": (trial.optimizer, trial.learning_rate)
        != ("adam", 1e-3),
        f"{unfrozen} layers unfrozen": unfrozen > 0,
        "best epoch kept": trial.restore_best or trial.patience > 0,
        f"augmentation: {trial.augmentation}": trial.augmentation != "none",
        f"class weights: {trial.class_weights}": trial.class_weights != "none",
        f"view: {trial.view}": trial.view != "colour",
        f"learning rate: {trial.schedule}": trial.schedule != "constant",
        f"warm-up: {trial.warmup_epochs} epochs": trial.warmup_epochs > 0,
        f"label smoothing: {trial.label_smoothing:g}": trial.label_smoothing > 0,
        f"averaging: {trial.averaging:g}": trial.averaging > 0,
        "taught by another model": trial.teacher is not None,
    }
    return [what for what, departs in departures.items() if departs]


def beside_published(
    runs: Mapping[str, Run], tests: Mapping[str, Evaluation], dataset: Dataset
) -> pd.DataFrame:
    """Published accuracies with ours beside them.

    Columns: model, published and ours (accuracies, 0..1, each with the ends of its 95 %
    interval under `_low` and `_high`), and protocol, which says in what our trial departs from
    the published one. A published model that no run is of has no figure of ours.
    """
    rows = []
    for published in PUBLISHED:
        row = _with_interval("published", published.test_accuracy, published.interval)
        ours = [name for name, run in runs.items() if published.matches(run.trial)]
        for name in ours:
            departures = protocol_differences(published, runs[name].trial, dataset)
            protocol = "the same" if not departures else "differs: " + "; ".join(departures)
            test = _with_interval("ours", tests[name].accuracy, tests[name].accuracy_interval)
            rows.append({"model": name} | row | test | {"protocol": protocol})
        if not ours:
            none = _with_interval("ours", math.nan, (math.nan, math.nan))
            rows.append({"model": published.model} | row | none | {"protocol": "not trained here"})
    return pd.DataFrame(rows)


def _with_interval(name: str, value: float, interval: Interval) -> dict[str, float]:
    return {name: value, f"{name}_low": interval[0], f"{name}_high": interval[1]}
