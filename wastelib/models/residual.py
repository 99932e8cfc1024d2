"""Small residual networks, trained from scratch: one design in three sizes.

He et al. 2016, "Deep Residual Learning for Image Recognition", with what He et al. 2019, "Bag of
Tricks for Image Classification with Convolutional Neural Networks", changes of it: the way
around a block that halves the image pools before it projects, and each block begins as if it
were not there. Every layer is one that converters to integers know, and each normalization
follows a convolution, into which they merge it.
"""

from dataclasses import dataclass

import keras
from keras import layers


@dataclass(frozen=True)
class Size:
    """How large a network is: the stem's channels, and (channels, blocks) of each stage.

    The stem halves the side of the image, and so does every stage but the first.
    """

    stem: int
    stages: tuple[tuple[int, int], ...]


SIZES = {
    "residual_s": Size(16, ((16, 1), (32, 1), (64, 1))),
    "residual_m": Size(16, ((16, 1), (32, 1), (64, 2), (128, 1))),
    "residual_l": Size(16, ((16, 1), (32, 1), (64, 2), (128, 2), (192, 1))),
}


def residual(name: str, image_size: int, classes: int) -> keras.Model:
    """The network of that size; `name` is a key of `SIZES`.

    Takes float or uint8 pixels 0..255 of shape (batch, image_size, image_size, 3) and returns
    (batch, classes) probabilities, which are float32 also where the rest is computed in
    bfloat16. The mean over all places stands where the published network lays them out in a
    vector: the number of parameters does not depend on the image's size.
    """
    size = SIZES[name]
    pixels = keras.Input((image_size, image_size, 3), name="pixels")
    x = layers.Rescaling(1 / 127.5, offset=-1, name="scale")(pixels)
    x = layers.ReLU(name="stem_relu")(_convolution(x, size.stem, "stem", stride=2))
    for stage, (channels, blocks) in enumerate(size.stages, start=1):
        for block in range(1, blocks + 1):
            halves = stage > 1 and block == 1
            x = _block(x, channels, f"stage{stage}_block{block}", stride=2 if halves else 1)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dense(classes, activation="softmax", dtype="float32", name="classes")(x)
    return keras.Model(pixels, x, name=name)


def _block(x, channels: int, name: str, stride: int):
    """Two convolutions, added to what came in: they learn what to change of it."""
    around = x
    if stride > 1:
        around = layers.AveragePooling2D(stride, padding="same", name=f"{name}_around_pool")(around)
    if x.shape[-1] != channels:
        around = _convolution(around, channels, f"{name}_around", kernel=1)
    x = layers.ReLU(name=f"{name}_relu1")(_convolution(x, channels, f"{name}_1", stride=stride))
    # A scale of 0: the block begins as the way around it alone.
    x = _convolution(x, channels, f"{name}_2", scale="zeros")
    return layers.ReLU(name=f"{name}_relu2")(layers.Add(name=f"{name}_add")([around, x]))


def _convolution(x, channels: int, name: str, kernel: int = 3, stride: int = 1, scale="ones"):
    """A convolution and its normalization, whose offset makes a bias needless."""
    x = layers.Conv2D(
        channels,
        kernel,
        strides=stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(x)
    # Moving statistics of the last ten or so batches: a small dataset has few in an epoch.
    return layers.BatchNormalization(momentum=0.9, gamma_initializer=scale, name=f"{name}_norm")(x)
