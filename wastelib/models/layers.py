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


def stages(model: keras.Model) -> dict[str, list[keras.layers.Layer]]:
    """The layers of a deep network in stages of one resolution, in the model's order.

    A stage ends where no later layer has maps so large: what is smaller on the way, such as a
    squeeze to one value and back, belongs to the stage around it. Its name is that size, for
    example "56 x 56"; what comes after the last map is the stage "vector". Inputs are left out,
    and so are borders of zeros, which are larger than what they surround.
    """
    left_out = keras.layers.InputLayer, keras.layers.ZeroPadding2D
    found: dict[str, list[keras.layers.Layer]] = {}
    largest = (0, 0)
    for layer in reversed([x for x in flat_layers(model) if not isinstance(x, left_out)]):
        shape = tuple(layer.output.shape[1:])
        largest = max(largest, shape[:2] if len(shape) == 3 else (0, 0))
        name = "{} x {}".format(*largest) if any(largest) else "vector"
        found.setdefault(name, []).insert(0, layer)
    return dict(reversed(found.items()))


def stage_rows(model: keras.Model) -> list[dict]:
    """The stages of a deep network as a table, one dict per stage.

    Keys: stage (for example "56 x 56"), layers, channels (the most in the stage), parameters.
    """
    return [
        {
            "stage": name,
            "layers": len(layers),
            "channels": max(layer.output.shape[-1] for layer in layers),
            "parameters": sum(layer.count_params() for layer in layers),
        }
        for name, layers in stages(model).items()
    ]
