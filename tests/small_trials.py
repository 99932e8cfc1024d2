"""A dataset that is made and a trial that is trained in a second, for tests in several folders."""

import numpy as np

from wastelib.data.dataset import Dataset, prepare
from wastelib.data.groups import GroupRule
from wastelib.training.run import Run
from wastelib.training.trial import CustomModel, PretrainedModel, Trial

BACKBONE = "MobileNetV2-0.35"

# Every ingredient on, in a residual network.
RECIPE = {
    "model": CustomModel(network="residual_s"),
    "epochs": 4,
    "optimizer": "adamw",
    "weight_decay": 0.05,
    "schedule": "cosine",
    "warmup_epochs": 1,
    "label_smoothing": 0.1,
    "averaging": 0.9,
    "augmentation": "strong",
}


def prepared_small(folder, build, **changes) -> Dataset:
    """The photographs of `folder` as a dataset, every one a group unless `changes` say else."""
    settings = {
        "seed": 42,
        "dataset_name": "",
        "demo_images": 90,
        "unreadable_limit": 0.05,
        "rule": GroupRule(similarity=1.0),
        "train_share": 0.5,
        "validation_share": 0.25,
    }
    return prepare(str(folder), build, **settings | changes)


def trial_of(dataset, **changes) -> Trial:
    """The published network at 16 px on a dataset as `prepare_small` makes it."""
    settings = {
        "dataset": dataset.fingerprint,
        "split": dataset.splits["group"].fingerprint,
        "model": CustomModel(),
        "image_size": 16,
        "learning_rate": 1e-3,
        "batch_size": 8,
        "epochs": 2,
    }
    return Trial(**settings | changes)


def small_backbone(image_size: int = 32, **changes) -> PretrainedModel:
    """The demo's own backbone, with a small head."""
    from wastelib.models.backbones import find_weights

    weights = find_weights("demo", BACKBONE, image_size).identity
    settings = {"backbone": BACKBONE, "weights": weights, "head_units": 8}
    return PretrainedModel(**settings | changes)


def fitted(trial, dataset) -> Run:
    """The run of a trial, made in this process: much sooner than in one of its own."""
    from wastelib.training.fit import fit

    return fit(trial, dataset, weights="demo", on_epoch=lambda history: None)


def cross_entropy(run) -> float:
    """Of the run's validation images, from what its predictions say."""
    named = run.predictions[[f"p_{name}" for name in run.classes]].to_numpy()
    labels = [run.classes.index(label) for label in run.predictions["label"]]
    return float(-np.log(named[np.arange(len(labels)), labels].clip(1e-7)).mean())


def stored(run) -> np.ndarray:
    """What the run says of its first three validation images, (3, classes)."""
    return run.predictions.filter(like="p_").to_numpy()[:3]


def predicted_again(run, dataset) -> np.ndarray:
    """The same from the photographs and the stored model."""
    from wastelib.training.predict import classifier_of, predict_images

    paths = [dataset.root / image for image in run.predictions["image"][:3]]
    return np.array([one.probabilities for one in predict_images(paths, classifier_of(run))])
