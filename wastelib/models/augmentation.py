"""Augmentation: training images changed at random, so that no two epochs show the same ones."""

from collections.abc import Callable
from functools import partial
from math import pi

import keras
from keras import layers

# The published set: turns of up to 20 degrees, and 0.2 of all else.
TURN = 20 / 360
AMOUNT = 0.2

# Colours stay 0..255; computed in float32 whatever the network computes in, since bfloat16 has
# too few digits to tell neighbouring shades apart.
_FLOATS = {"dtype": "float32"}
_EDGE = {"fill_mode": "nearest", **_FLOATS}


def _flips_shifts() -> list[layers.Layer]:
    return [
        layers.RandomFlip("horizontal", **_FLOATS),
        layers.RandomTranslation(AMOUNT, AMOUNT, **_EDGE),
    ]


def _published() -> list[layers.Layer]:
    return [
        *_flips_shifts(),
        layers.RandomRotation(TURN, **_EDGE),
        layers.RandomShear(x_factor=AMOUNT, **_EDGE),
        layers.RandomZoom(AMOUNT, AMOUNT, **_EDGE),
    ]


class DrawnRandAugment(layers.RandAugment):
    """Keras's RandAugment with the same outcome, in a fraction of the time.

    Keras's computes all eleven operations each time, and keeps the one that was drawn. It
    serves pipelines of tf.data only, where a branch that is not taken is not computed.
    """

    def transform_images(self, images, transformation, training=True):
        """Apply the operations that were drawn to float32 images, one after the other."""
        import tensorflow as tf

        operations = [
            partial(getattr(self, name).transform_images, transformation=values)
            for name, values in transformation["transforms"].items()
        ]
        for drawn in tf.unstack(transformation["layer_idxes"], self.num_ops):
            images = tf.switch_case(drawn, [partial(change, images) for change in operations])
        return images


def _randaugment() -> list[layers.Layer]:
    """Cubuk et al. 2020, "RandAugment: Practical Automated Data Augmentation".

    Keras's defaults: two operations, drawn anew for each batch, at half their strength.
    """
    return [DrawnRandAugment(value_range=(0, 255), num_ops=2, factor=0.5, **_FLOATS)]


def _mixup() -> list[layers.Layer]:
    """Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization"."""
    return [layers.MixUp(alpha=0.2, **_FLOATS)]


def _cutmix() -> list[layers.Layer]:
    """Yun et al. 2019, "CutMix", with shares drawn evenly, as there.

    Keras's default would draw the parameter of the shares' distribution too.
    """
    return [layers.CutMix(factor=(1.0, 1.0), **_FLOATS)]


class RandomView(layers.Layer):
    """A part of each image, turned and perhaps mirrored, at the size of the whole.

    The part's side is at least `part` of the image's, its place is drawn evenly, it turns by up
    to `turn` (1: all around) either way, and it is mirrored in each direction every other time;
    corners that a turn has left empty reflect what is beside them. One resampling does it all:
    Keras's layers for flips, turns and zooms resample one after the other, and together take
    three times as long.
    """

    def __init__(self, part: float, turn: float, **options) -> None:
        super().__init__(**options)
        self.part, self.turn = part, turn
        self.generator = keras.random.SeedGenerator()

    def call(self, images, training=True):
        """Images of shape (batch, side, side, channels), as float32."""
        images = keras.ops.cast(images, self.compute_dtype)
        if not training:
            return images
        batch, centre = keras.ops.shape(images)[:1], (images.shape[1] - 1) / 2

        def drawn(low, high):
            return keras.random.uniform(batch, low, high, seed=self.generator)

        angle = drawn(-2 * pi * self.turn, 2 * pi * self.turn)
        side = drawn(self.part, 1)
        width, height = (side * keras.ops.sign(drawn(-1, 1)) for _ in range(2))
        left, up = ((1 - side) * drawn(-centre, centre) for _ in range(2))
        # From places in the view, counted from its centre, to places in the image.
        rows = [
            (width * keras.ops.cos(angle), -height * keras.ops.sin(angle), left),
            (width * keras.ops.sin(angle), height * keras.ops.cos(angle), up),
        ]
        flat = [(x, y, centre * (1 - x - y) + shift) for x, y, shift in rows]
        none = keras.ops.zeros_like(side)
        matrix = keras.ops.stack([*flat[0], *flat[1], none, none], axis=1)
        return keras.ops.image.affine_transform(images, matrix, fill_mode="reflect")


def _strong() -> list[layers.Layer]:
    """For a network that has seen no other photographs: where, how large, which way, what light.

    Saturation is only ever taken away, in a third of the time that it takes to add some.
    """
    colours = {"value_range": (0, 255), **_FLOATS}
    return [
        RandomView(part=0.65, turn=TURN, **_FLOATS),
        layers.RandomBrightness(AMOUNT, **colours),
        layers.RandomContrast(AMOUNT, **colours),
        layers.RandomColorDegeneration(2 * AMOUNT, **colours),
    ]


AUGMENTATIONS: dict[str, Callable[[], list[layers.Layer]]] = {
    "flips_shifts": _flips_shifts,
    "published": _published,
    "randaugment": _randaugment,
    "mixup": _mixup,
    "cutmix": _cutmix,
    "strong": _strong,
}

# These mix labels as they mix images, and take labels as shares of each class.
MIXING = frozenset({"mixup", "cutmix"})
