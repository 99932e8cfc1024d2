"""A model's layers: one after the other, and as a table, for the reader and for the drawing."""

from collections.abc import Iterator

import keras


def flat_layers(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """All layers in the order that an image passes them, those of models inside it included."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from flat_layers(layer)
        else:
            yield layer


def layer_rows(model: keras.Model) -> list[dict]:
    """One dict per layer, models inside models unfolded, inputs left out.

    Keys: name, type, output_shape (a tuple without the batch), parameters, trainable (bool).
    """
    return [
        {
            "name": layer.name,
            "type": type(layer).__name__,
            "output_shape": tuple(layer.output.shape[1:]),
            "parameters": layer.count_params(),
            "trainable": bool(layer.trainable_weights),
        }
        for layer in flat_layers(model)
        if not isinstance(layer, keras.layers.InputLayer)
    ]


def stage_rows(model: keras.Model) -> list[dict]:
    """The same for deep networks: consecutive layers of one resolution are one stage.

    Keys: stage (for example "56 x 56"), layers, channels (the most in the stage), parameters.
    """
    stages: list[dict] = []
    for layer in layer_rows(model):
        shape = layer["output_shape"]
        if layer["type"] == "ZeroPadding2D":
            continue  # a border for the next convolution, not a stage of its own
        name = f"{shape[0]} x {shape[1]}" if len(shape) == 3 else "vector"
        if not stages or stages[-1]["stage"] != name:
            stages.append({"stage": name, "layers": 0, "channels": 0, "parameters": 0})
        stage = stages[-1]
        stage["layers"] += 1
        stage["channels"] = max(stage["channels"], shape[-1])
        stage["parameters"] += layer["parameters"]
    return stages
