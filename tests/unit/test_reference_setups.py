"""Set-ups of the reference are declared by notebook 04 with a profile, setting for setting.

There are no ImageNet weights of ResNet50 here, so these trials are declared and never trained.
"""

from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest

from wastelib.models.backbones import build_backbone
from wastelib.models.layers import flat_layers
from wastelib.models.pretrained import split_backbone
from wastelib.profiles import load_profile
from wastelib.training.trial import PretrainedModel, Trial

NOTEBOOK = "04_pretrained_fine_tuning"
FILE = Path(__file__).parents[2] / "notebooks" / f"{NOTEBOOK}.ipynb"
DECLARING = ("import ", "open_dataset(", "Trial", "train_all(", "best_rate(")


@pytest.fixture
def declared(prepare_small, monkeypatch):
    """All trials that the notebook would train with a profile, in their order; none is trained."""
    dataset = prepare_small()

    def trials_of(profile: str) -> list[Trial]:
        values = load_profile(profile, build_folder=str(dataset.build_folder)).parameters(NOTEBOOK)
        found = []

        def train_all(trials, *_, **__):
            found.extend(trials.values())
            kept = {"val_loss": 1.0}
            return {
                name: SimpleNamespace(hash=trial.hash, kept_epoch=kept)
                for name, trial in trials.items()
            }

        monkeypatch.setattr("wastelib.training.train.train_all", train_all)
        for cell in nbformat.read(FILE, as_version=4).cells:
            is_code = cell.cell_type == "code" and "parameters" not in cell.metadata.get("tags", [])
            if is_code and any(word in cell.source for word in DECLARING):
                exec(compile(cell.source, FILE.name, "exec"), values)
        return found

    trials_of.common = {
        "dataset": dataset.fingerprint,
        "split": dataset.splits["group"].fingerprint,
        "image_size": 224,
        "optimizer": "adam",
        "batch_size": 32,
        "restore_best": True,
        "seed": 42,
    }
    return trials_of


def test_resnet50_with_a_head_of_1024_and_its_last_5_layers_at_1e_4(declared):
    head = {"backbone": "ResNet50", "weights": "imagenet", "head_units": 1024}
    settings = declared.common | {"class_weights": "balanced"}
    frozen = Trial(**settings, model=PretrainedModel(**head), learning_rate=1e-3, epochs=10)
    last = PretrainedModel(**head, unfrozen_layers=5, start=frozen.hash)
    tuned = Trial(**settings, model=last, learning_rate=1e-4, epochs=5)
    assert declared("resnet50_head1024") == [frozen, tuned]


def test_only_the_first_layers_frozen_with_patience_10_on_augmented_images(declared):
    head = {"backbone": "ResNet50", "weights": "imagenet"}
    settings = declared.common | {"epochs": 300, "patience": 10}
    frozen = Trial(**settings, model=PretrainedModel(**head), learning_rate=1e-3)
    most = PretrainedModel(**head, unfrozen_layers=168, start=frozen.hash)
    tuned = Trial(**settings, model=most, learning_rate=1e-4, augmentation="published")
    assert declared("scratch_vs_transfer") == [frozen, tuned]


@pytest.mark.parametrize(("count", "frozen"), [(5, 170), (168, 7)])
def test_counts_from_the_top_leave_the_layers_of_the_reference_frozen(count, frozen):
    backbone = build_backbone("ResNet50", 32, None)
    untouched = {layer.name for layer in backbone.layers[:frozen]}
    assert len(untouched) == frozen
    learns = {layer.name for layer in backbone.layers[frozen:] if "conv" in layer.name}
    learns = {name for name in learns if name.endswith("_conv")} | {"head", "classes"}
    _, net = split_backbone("ResNet50", backbone, head_units=8, classes=3, unfrozen_layers=count)
    assert {layer.name for layer in flat_layers(net) if layer.trainable_weights} == learns
