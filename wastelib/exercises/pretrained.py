"""Checks of notebook 04: what a backbone is fed, what of it trains, and how fast."""

from collections.abc import Callable

import numpy as np

from wastelib.exercises.check import NotYetError, Slip, expect, require, right, shape_of, tried


def prepared(answer: Callable) -> None:
    """Pixels 0..255 as MobileNetV2 was trained on them, -1..1."""
    shades = np.array([0, 51, 204, 255], dtype=np.uint8)
    pixels, where = np.tile(shades[:, None, None], (1, 1, 3)), "the shades 0, 51, 204, 255"
    found = tried(answer, pixels, where=where)
    require(
        shape_of(found) == pixels.shape,
        "the result does not have the images' shape",
        where,
        "return a value for each pixel and colour",
    )
    values = np.array(found, dtype=float)
    expect(
        values[:, 0, 0],
        (-1, -0.6, 0.6, 1),
        where,
        Slip(
            (0, 0.2, 0.8, 1),
            "the pixels are 0..1, and black arrives as what this backbone knows as grey",
            "0 becomes -1 and 255 becomes 1",
        ),
        Slip(shades.astype(float), "the pixels are 0..255 still", "0 becomes -1 and 255 becomes 1"),
        Slip(
            (-0.5, -0.3, 0.3, 0.5),
            "the pixels are -0.5..0.5, half as wide as they should be",
            "0 becomes -1 and 255 becomes 1",
        ),
        Slip(
            shades / 255 / 127.5 - 1,
            "the pixels were scaled twice, and every image is nearly black",
            "one scaling alone: look whether the network you feed has its own",
        ),
        Slip(
            (-1, -1, 0, 1),
            "the pixels are whole numbers: all shades but a few are lost",
            "divide with `/`",
        ),
    )
    require(
        np.issubdtype(np.asarray(found).dtype, np.floating),
        "the result holds whole numbers",
        where,
        "return floating point numbers",
    )
    right("A wrong range raises no error: the backbone answers, only worse.")


def fine_tuned(answer: Callable) -> None:
    """A model whose top layers train, and whose normalization stands still."""
    for unfrozen, where in (
        (3, "a backbone of 7 layers, the top 3 unfrozen, after one step of training"),
        (0, "the same backbone, no layer unfrozen, after one step of training"),
    ):
        backbone, before = _after_a_step(answer, unfrozen, where)
        border = len(backbone.layers) - unfrozen
        for number, layer in enumerate(backbone.layers):
            moved = [
                weight.name
                for weight, old in zip(layer.weights, before[layer.name], strict=True)
                if not np.array_equal(weight.numpy(), old)
            ]
            if running := [name for name in moved if name.startswith("moving")]:
                raise NotYetError(
                    f"the {running[0]} of '{layer.name}' has moved",
                    where=where,
                    remedy="freeze that layer too: normalization then uses what it knows from a "
                    "million images. `training=False` in the call does not help in Keras 3, where "
                    "`fit` overrules it",
                )
            require(
                number >= border or not moved,
                f"'{layer.name}' has changed, and should be frozen",
                where,
                "freeze all layers below the top ones; with none unfrozen, `layers[:-0]` is empty",
            )
            require(
                number < border or bool(moved) or not layer.name.startswith("conv"),
                f"'{layer.name}' has not changed, and should be trained",
                where,
                "set the backbone first, then what is below: `backbone.trainable = …` acts on all "
                "its layers",
            )
    right("The top layers learn, and what the backbone knows of a million images stays.")


def _after_a_step(answer: Callable, unfrozen: int, where: str):
    """The backbone, and the weights that it had before the student's model was trained."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    backbone = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(4, 3, name="conv1"),
            layers.BatchNormalization(name="norm1"),
            layers.ReLU(name="relu1"),
            layers.Conv2D(4, 3, name="conv2"),
            layers.Conv2D(4, 1, name="conv3"),
            layers.BatchNormalization(name="norm3"),
            layers.ReLU(name="relu3"),
        ],
        name="backbone",
    )
    backbone.trainable = False  # as the stage before has left it
    before = {layer.name: [w.numpy().copy() for w in layer.weights] for layer in backbone.layers}
    model = tried(answer, backbone, 4, unfrozen, where=where)
    require(
        isinstance(model, keras.Model),
        "the result is no Keras model",
        where,
        "return `keras.Model(images, outputs)`",
    )
    require(
        model.output_shape == (None, 4),
        f"the model's output for 4 classes has the shape {model.output_shape}",
        where,
        "end with the mean over all positions and a softmax layer of as many units as classes",
    )
    rng = np.random.default_rng(0)
    model.compile("sgd", loss="sparse_categorical_crossentropy", run_eagerly=True)
    model.train_on_batch(rng.normal(3, 2, (8, 8, 8, 3)), np.arange(8) % 4)
    return backbone, before


def features(answer: Callable) -> None:
    """The features of all images in their order, from batches of at most `batch_size`."""
    images = np.arange(7 * 2 * 2 * 3, dtype=float).reshape(7, 2, 2, 3)
    sizes: list[int] = []

    def backbone(batch: np.ndarray) -> np.ndarray:
        sizes.append(len(batch))
        return batch.mean(axis=(1, 2))

    where = "7 images in batches of at most 3"
    found = tried(answer, backbone, images, 3, where=where)
    require(
        bool(sizes) and max(sizes) <= 3,
        f"the backbone was given {max(sizes, default=0)} images at once",
        where,
        "a whole dataset does not fit into memory: cut it into batches",
    )
    shape = shape_of(found)
    require(
        shape is not None,
        "the result is a list of batches of different sizes",
        where,
        "put the batches one below the other: `np.concatenate`",
    )
    require(
        shape != (6, 3),
        "the last image has no features: the last batch, which is smaller, is left out",
        where,
        "let the batches begin at every `batch_size`-th image, up to the end",
    )
    require(
        shape == (7, 3),
        f"the result has the shape {shape}",
        where,
        "return a row of features for each image: put the batches one below the other",
    )
    wanted = images.mean(axis=(1, 2))
    require(
        np.allclose(np.sort(found, axis=0), wanted),
        "some rows are not the features of any image",
        where,
        "return what the backbone returns, and nothing else",
    )
    require(
        np.allclose(found, wanted),
        "the rows are in another order than the images, so each gets the label of another",
        where,
        "do not shuffle here: shuffle features and labels together, in training",
    )
    require(
        sum(sizes) == 7,
        f"the backbone was asked for {sum(sizes)} images",
        where,
        "each image goes through it once; that is why features are stored",
    )
    right("One pass through the backbone serves every epoch and every head.")


def rates_of_groups(answer: Callable) -> None:
    """Learning rates from the lowest unfrozen group up to the head."""
    where = "a rate of 0.001, a decay of 0.5, two unfrozen groups and the head"
    expect(
        tried(answer, 0.001, 0.5, 2, where=where),
        (0.00025, 0.0005, 0.001),
        where,
        Slip(
            (0.001, 0.0005, 0.00025),
            "the lowest layers move fastest",
            "what is far down is most general and should change least: the head has the full rate",
        ),
        Slip(
            (0.000125, 0.00025, 0.0005),
            "the head's rate is lowered too",
            "it is new and has the full rate",
        ),
        Slip(
            (0.001, 0.001, 0.001),
            "all groups move at one rate",
            "each has the rate of the group above it, times the decay",
        ),
        Slip(
            (0.0005, 0.0005, 0.001),
            "all groups below the head have one rate",
            "each has the rate of the group above it, times the decay",
        ),
        close=1e-9,
    )
    where = "a rate of 0.01, a decay of 1, one unfrozen group and the head"
    expect(tried(answer, 0.01, 1.0, 1, where=where), (0.01, 0.01), where, close=1e-9)
    right("The head learns, the layers below it are adjusted, those far down hardly at all.")
