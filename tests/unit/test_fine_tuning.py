"""Earlier layers change less: each stage of a backbone has its share of the learning rate."""

import keras
import numpy as np
import pytest
from pydantic import ValidationError
from small_trials import BACKBONE, fitted, small_backbone, trial_of

from wastelib.models.backbones import build_backbone
from wastelib.models.layers import stages
from wastelib.models.pretrained import join, split_backbone
from wastelib.training.optimizer import optimizer_of, rate_shares
from wastelib.training.trial import CustomModel, PretrainedModel, Trial

RATE = 0.5


def declared(**changes) -> Trial:
    settings = {"dataset": "d", "split": "s", "model": CustomModel(), "image_size": 16}
    return Trial(**settings | {"learning_rate": RATE, "epochs": 4} | changes)


@pytest.mark.parametrize("from_pixels", [False, True])
def test_the_head_has_the_whole_rate_and_each_stage_less_than_the_one_above(from_pixels):
    backbone = build_backbone(BACKBONE, 64, None)
    trunk, net = split_backbone(BACKBONE, backbone, head_units=8, classes=3, unfrozen_layers=60)
    net = join(trunk, net) if from_pixels else net
    shares = rate_shares(net, 0.5)
    places = {
        id(variable): share for variable, share in zip(net.trainable_variables, shares, strict=True)
    }
    found = {
        name: {places[id(v)] for layer in layers for v in layer.trainable_variables}
        for name, layers in stages(net).items()
    }
    assert len(shares) == len(net.trainable_variables)
    assert {name: share for name, share in found.items() if share} == {
        "vector": {1.0},
        "2 x 2": {0.5},
        "4 x 4": {0.25},
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer": "adam"},
        {"optimizer": "adamw", "weight_decay": 0.1},
        {"optimizer": "sgd", "momentum": 0.9},
        {"optimizer": "adam", "schedule": "cosine"},
    ],
)
def test_a_share_of_the_rate_is_a_training_at_that_rate(changes):
    """What three variables do together, each does alone at its share, bit for bit."""
    shares = [1.0, 0.5, 0.125]
    starts = [np.full((2, 2), number, np.float32) for number in (1, 2, 3)]
    together = [keras.Variable(start, name="kernel") for start in starts]
    alone = [keras.Variable(start, name="kernel") for start in starts]
    optimizers = [optimizer_of(declared(**changes), 1, shares)]
    optimizers += [
        optimizer_of(declared(**changes | {"learning_rate": RATE * share}), 1) for share in shares
    ]
    for optimizer, variables in zip(optimizers, [together, *([v] for v in alone)], strict=True):
        optimizer.build(variables)
        for step in range(3):
            optimizer.apply([keras.ops.ones((2, 2)) * (step - 0.7) for _ in variables])
    for one, other, start in zip(together, alone, starts, strict=True):
        assert np.array_equal(one.numpy(), other.numpy())
        assert not np.array_equal(one.numpy(), start)


def test_lower_layers_that_have_almost_no_rate_stay_while_the_head_learns(prepare_small):
    dataset = prepare_small()
    settings = {"image_size": 32, "epochs": 1}
    frozen = fitted(trial_of(dataset, model=small_backbone(), **settings), dataset)
    model = small_backbone(unfrozen_layers=20, start=frozen.hash)
    still, moved = (
        fitted(trial_of(dataset, model=model, rate_decay=decay, **settings), dataset)
        for decay in (1e-9, 0.5)
    )
    before, after, other = (weights_of(run) for run in (frozen, still, moved))
    assert not np.array_equal(before["head"], after["head"])
    assert np.allclose(before["Conv_1"], after["Conv_1"], atol=1e-6)
    assert not np.allclose(before["Conv_1"], other["Conv_1"], atol=1e-6)


def weights_of(run) -> dict[str, np.ndarray]:
    layers = {layer.name: layer for layer in run.load_model()._flatten_layers()}
    return {name: layers[name].get_weights()[0] for name in ("head", "Conv_1")}


@pytest.mark.parametrize("model", [CustomModel(), PretrainedModel(backbone="A", weights="w")])
def test_a_rate_for_earlier_layers_is_refused_where_none_is_unfrozen(model):
    with pytest.raises(ValidationError, match="rate_decay is of unfrozen layers"):
        declared(model=model, rate_decay=0.5)
