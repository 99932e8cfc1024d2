"""Typical wrong answers to the exercises of notebook 04, by what their check says."""

import numpy as np


def model_of(backbone, classes, **call):
    import keras  # here, or every test of this folder would wait for it

    images = keras.Input(backbone.input_shape[1:])
    features = keras.layers.GlobalAveragePooling2D()(backbone(images, **call))
    return keras.Model(images, keras.layers.Dense(classes, activation="softmax")(features))


def freeze_below(backbone, unfrozen):
    backbone.trainable = True
    for layer in backbone.layers[: len(backbone.layers) - unfrozen]:
        layer.trainable = False


def normalization_moves(backbone, classes, unfrozen):
    freeze_below(backbone, unfrozen)
    return model_of(backbone, classes)


def usual_advice(backbone, classes, unfrozen):
    freeze_below(backbone, unfrozen)
    return model_of(backbone, classes, training=False)


def convolutions_frozen(backbone, classes, unfrozen):
    backbone.trainable = True
    for layer in backbone.layers[: len(backbone.layers) - unfrozen]:
        layer.trainable = not layer.name.startswith("conv")
    return model_of(backbone, classes)


def keep_normalization(backbone):
    for layer in backbone.layers:
        layer.trainable = layer.trainable and not layer.name.startswith("norm")


def frozen_whole(backbone, classes, unfrozen):
    freeze_below(backbone, unfrozen)
    backbone.trainable = False
    return model_of(backbone, classes)


def all_but_zero(backbone, classes, unfrozen):
    backbone.trainable = True
    for layer in backbone.layers[:-unfrozen]:
        layer.trainable = False
    keep_normalization(backbone)
    return model_of(backbone, classes)


def wrong_end(backbone, classes, unfrozen):
    backbone.trainable = True
    for layer in backbone.layers[unfrozen:]:
        layer.trainable = False
    keep_normalization(backbone)
    return model_of(backbone, classes)


def one_class(backbone, classes, unfrozen):
    freeze_below(backbone, unfrozen)
    return model_of(backbone, 5)


def in_batches(backbone, images, starts, size):
    return np.concatenate([backbone(images[start : start + size]) for start in starts])


def shuffled(backbone, images, size):
    order = np.random.default_rng(0).permutation(len(images))
    return in_batches(backbone, images[order], range(0, len(images), size), size)


def asked_twice(backbone, images, size):
    in_batches(backbone, images, range(0, len(images), size), size)
    return in_batches(backbone, images, range(0, len(images), size), size)


WRONG = {
    "prepared": {
        "the pixels are 0..1,": lambda pixels: pixels / 255,
        "the pixels are 0..255 still": lambda pixels: pixels.astype(float),
        "-0.5..0.5": lambda pixels: pixels / 255 - 0.5,
        "scaled twice": lambda pixels: pixels / 255 / 127.5 - 1,
        "all shades but a few": lambda pixels: pixels // 127.5 - 1,
        "the images' shape": lambda pixels: (pixels / 127.5 - 1).mean(axis=-1),
    },
    "fine_tuned": {
        "of 'norm3' has moved": normalization_moves,
        "`fit` overrules it": usual_advice,
        "of 'norm1' has moved": convolutions_frozen,
        "has not changed, and should be trained": frozen_whole,
        "is empty": all_but_zero,
        "and should be frozen": wrong_end,
        "the shape (None, 5)": one_class,
        "no Keras model": lambda backbone, classes, unfrozen: backbone.layers,
    },
    "features": {
        "the last batch, which is smaller": lambda backbone, images, size: in_batches(
            backbone, images, range(0, len(images) - size + 1, size), size
        ),
        "images at once": lambda backbone, images, size: backbone(images),
        "has the shape": lambda backbone, images, size: (
            np.concatenate(
                [backbone(images[start : start + size]) for start in range(0, len(images), size)]
            ).T
        ),
        "in another order": shuffled,
        "batches of different sizes": lambda backbone, images, size: [
            backbone(images[start : start + size]) for start in range(0, len(images), size)
        ],
        "was asked for 14 images": asked_twice,
        "not the features of any image": lambda backbone, images, size: (
            2 * in_batches(backbone, images, range(0, len(images), size), size)
        ),
    },
    "rates_of_groups": {
        "the lowest layers move fastest": lambda rate, decay, groups: [
            rate * decay**depth for depth in range(groups + 1)
        ],
        "the head's rate is lowered too": lambda rate, decay, groups: [
            rate * decay**depth for depth in range(groups + 1, 0, -1)
        ],
        "at one rate": lambda rate, decay, groups: [rate] * (groups + 1),
        "have one rate": lambda rate, decay, groups: [rate * decay] * groups + [rate],
        "return 3 numbers": lambda rate, decay, groups: [
            rate * decay**depth for depth in range(groups, 0, -1)
        ],
    },
}
