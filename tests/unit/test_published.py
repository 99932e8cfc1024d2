"""Ours stands beside a published figure as its equal only under the published protocol."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from wastelib.data.sources import REALWASTE
from wastelib.data.splits import make_split
from wastelib.evaluation.published import PUBLISHED, beside_published, protocol_differences
from wastelib.training.trial import CustomModel, PretrainedModel, Trial

REFERENCE = Path(__file__).parents[3] / "shared" / "reference" / "published_results.yaml"


class RealWasteOfNames:
    """Nine classes at their published counts, without a photograph."""

    def __init__(self):
        rows = [(f"{c}/{i}", c, f"{c}-{i}") for c, n in REALWASTE.counts.items() for i in range(n)]
        self.catalogue = pd.DataFrame(rows, columns=["path", "label", "group"])
        self.made = make_split(self.catalogue, "random", seed=42, train=0.6, validation=0.2)

    def split(self, _):
        return self.made


def published_trial(**changes) -> Trial:
    settings = {
        "dataset": "d",
        "split": "s",
        "model": CustomModel(),
        "image_size": 256,
        "learning_rate": 1e-3,
        "epochs": 20,
    }
    return Trial(**settings | changes)


@pytest.fixture(scope="module")
def realwaste():
    return RealWasteOfNames()


def test_the_published_protocol_differs_in_nothing(realwaste):
    assert protocol_differences(PUBLISHED[0], published_trial(), realwaste) == []


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"image_size": 128}, "128 px"),
        ({"epochs": 5}, "5 epochs"),
        ({"restore_best": True}, "best epoch kept"),
        ({"learning_rate": 1e-4}, "adam at 0.0001"),
        ({"augmentation": "mixup"}, "augmentation: mixup"),
        ({"class_weights": "balanced"}, "class weights: balanced"),
        ({"view": "grey"}, "view: grey"),
        ({"optimizer": "adamw", "weight_decay": 0.1}, "adamw at 0.001"),
        ({"schedule": "cosine"}, "learning rate: cosine"),
        ({"warmup_epochs": 2}, "warm-up: 2 epochs"),
        ({"label_smoothing": 0.1}, "label smoothing: 0.1"),
        ({"averaging": 0.99}, "averaging: 0.99"),
    ],
)
def test_each_departure_is_named(realwaste, changes, named):
    assert protocol_differences(PUBLISHED[0], published_trial(**changes), realwaste) == [named]


def test_a_published_model_that_was_not_trained_has_no_figure_of_ours(realwaste):
    table = beside_published({}, {}, realwaste)
    assert table["ours"].isna().all()
    assert set(table["protocol"]) == {"not trained here"}


def test_the_two_best_published_figures_are_no_different():
    """Either lies well within the other's interval, though that takes images as independent."""
    inception, densenet = (row.interval for row in PUBLISHED[1:])
    assert inception == pytest.approx((0.840, 0.885), abs=0.001)
    assert inception[0] < PUBLISHED[2].test_accuracy < inception[1]
    assert densenet[0] < PUBLISHED[1].test_accuracy < densenet[1]


def test_backbones_match_by_name():
    model = PretrainedModel(backbone="DenseNet121", weights="imagenet")
    matching = [p.model for p in PUBLISHED if p.matches(published_trial(model=model))]
    assert matching == ["DenseNet121"]


@pytest.mark.skipif(not REFERENCE.exists(), reason="the reference file is not beside this checkout")
def test_figures_are_those_of_the_reference():
    reference = yaml.safe_load(REFERENCE.read_text("utf-8"))
    cnn = reference["custom_cnn"]
    assert (PUBLISHED[0].test_accuracy, PUBLISHED[0].test_loss) == (
        cnn["test_accuracy"],
        cnn["test_loss"],
    )
    for published in PUBLISHED[1:]:
        row = reference["pretrained"][published.model]
        assert (published.test_accuracy, published.test_loss) == (
            row["test_accuracy"],
            row["test_loss"],
        )
    assert reference["dataset"]["counts"] == REALWASTE.counts
    assert reference["dataset"]["zip_sha256"] == REALWASTE.sha256
    assert reference["dataset"]["zip_bytes"] == REALWASTE.size_bytes
