"""A pretrained backbone with a new head, cut where training begins.

What is frozen never changes, so it is a function of the image alone: its outputs, the
*features*, can be computed once and stored. A model is therefore built in two parts: the
*trunk*, frozen, from pixels to features, and the *net*, which is trained, from features to
probabilities. With no layer unfrozen the net is just the head.
"""

import keras
from keras import layers

from wastelib.models.backbones import preprocess
from wastelib.models.layers import flat_layers


def split_backbone(
    name: str, backbone: keras.Model, *, head_units: int, classes: int, unfrozen_layers: int
) -> tuple[keras.Model, keras.Model]:
    """Build trunk and net from a backbone of which the top `unfrozen_layers` are trained.

    BatchNormalization layers stay in inference mode, unfrozen or not: their moving
    statistics are ImageNet's, and a small dataset would spoil them.
    Source: Keras guide "Transfer learning and fine-tuning".
    """
    pixels = keras.Input(backbone.input_shape[1:], name="pixels")
    everything = keras.Model(pixels, backbone(preprocess(name, pixels)), name=name)
    if unfrozen_layers == 0:
        pooled = layers.GlobalAveragePooling2D(name="pool")(everything.output)
        trunk = keras.Model(pixels, pooled, name="trunk")
        features = keras.Input(trunk.output_shape[1:], name="features")
        net = keras.Model(features, _head(features, head_units, classes), name="net")
    else:
        cut = cut_layer(backbone, unfrozen_layers)
        lower = keras.Model(backbone.input, cut.output, name="lower")
        trunk = keras.Model(pixels, lower(preprocess(name, pixels)), name="trunk")
        upper = keras.Model(cut.output, backbone.output, name="upper")
        _freeze_all_but(upper, backbone.layers[-unfrozen_layers:])
        features = keras.Input(cut.output.shape[1:], name="features")
        pooled = layers.GlobalAveragePooling2D(name="pool")(upper(features))
        net = keras.Model(features, _head(pooled, head_units, classes), name="net")
    trunk.trainable = False
    return trunk, net


def join(trunk: keras.Model | None, net: keras.Model) -> keras.Model:
    """The whole model, from pixels 0..255 to probabilities."""
    if trunk is None:
        return net
    pixels = keras.Input(trunk.input_shape[1:], name="pixels")
    return keras.Model(pixels, net(trunk(pixels)), name="pretrained")


def start_from(model: keras.Model, trained: keras.Model) -> None:
    """Give a whole model the weights of a finished one with the same backbone and head.

    A random head would send large gradients into good layers, so training starts from a frozen
    model's head; further down it goes on from what was tuned so far. Source: Kumar et al. 2022,
    "Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution".

    Raises `KeyError` or `ValueError` for a model of another kind.
    """
    theirs = _by_lasting_name(trained)
    for name, layer in _by_lasting_name(model).items():
        layer.set_weights(theirs[name].get_weights())


def _by_lasting_name(model: keras.Model) -> dict[tuple[str, int], keras.layers.Layer]:
    """The layers that have weights; what Keras only numbered is numbered within the model.

    Keras counts layers without a name of their own from the start of the process.
    """
    named = {layer.name: layer for layer in flat_layers(model) if layer.weights}
    places: dict[str, int] = {}
    found = {}
    for name in sorted(named, key=_name_and_number):
        base, _ = _name_and_number(name)
        places[base] = places.get(base, -1) + 1
        found[base, places[base]] = named[name]
    return found


def _name_and_number(name: str) -> tuple[str, int]:
    base, _, number = name.rpartition("_")
    return (base, int(number)) if number.isdigit() and base else (name, 0)


def cut_layer(backbone: keras.Model, unfrozen_layers: int) -> keras.Operation:
    """The last layer below the unfrozen ones through which everything passes.

    Residual and dense connections jump over layers; where one crosses the border, the cut
    moves down to the next place where a single tensor carries all. That place always
    exists: at worst it is the input. It may be a bare sum, which is no layer.
    """
    stack = backbone.operations
    place = {operation.name: index for index, operation in enumerate(stack)}
    last_reader = [0] * len(stack)
    for index, operation in enumerate(stack):
        for node in operation._inbound_nodes:
            for parent in node.parent_nodes:
                if parent.operation.name in place:
                    reader = place[parent.operation.name]
                    last_reader[reader] = max(last_reader[reader], index)
    border = place[backbone.layers[-min(unfrozen_layers, len(backbone.layers) - 1)].name]
    cut, reach = 0, 0
    for index in range(max(border, 1)):
        # A model inside the backbone has an output of its own, which is not the one it has here.
        if reach <= index and not isinstance(stack[index], keras.Model):
            cut = index
        reach = max(reach, last_reader[index])
    return stack[cut]


def _head(features, head_units: int, classes: int):
    hidden = layers.Dense(head_units, activation="relu", name="head")(features)
    # Probabilities need more digits than bfloat16 has, whatever the rest computes in.
    return layers.Dense(classes, activation="softmax", dtype="float32", name="classes")(hidden)


def _freeze_all_but(upper: keras.Model, unfrozen: list[keras.layers.Layer]) -> None:
    names = {layer.name for layer in unfrozen}
    for layer in upper.layers:
        is_norm = isinstance(layer, layers.BatchNormalization)
        layer.trainable = layer.name in names and not is_norm
