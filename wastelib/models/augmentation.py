"""Augmentation: training images changed at random, so that no two epochs show the same ones."""

from collections.abc import Callable
from functools import partial

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


AUGMENTATIONS: dict[str, Callable[[], list[layers.Layer]]] = {
    "flips_shifts": _flips_shifts,
    "published": _published,
    "randaugment": _randaugment,
    "mixup": _mixup,
    "cutmix": _cutmix,
}

# These mix labels as they mix images, and take labels as shares of each class.
MIXING = frozenset({"mixup", "cutmix"})
