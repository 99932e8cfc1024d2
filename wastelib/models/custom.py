"""Custom CNNs, trained from scratch. Notebook 02 builds and explains them layer by layer."""

from functools import partial

import keras
from keras import layers

from wastelib.models.residual import SIZES, residual


def published_cnn(image_size: int, classes: int) -> keras.Sequential:
    """The network of the published assignment: 33 583 177 parameters at 256 px, 9 classes.

    Takes float or uint8 pixels 0..255 of shape (batch, image_size, image_size, 3), scales them
    to 0..1 as published, and returns (batch, classes) probabilities, which are float32 also
    where the rest is computed in bfloat16.
    """
    return keras.Sequential(
        [
            keras.Input((image_size, image_size, 3), name="pixels"),
            layers.Rescaling(1 / 255, name="scale"),
            layers.Conv2D(32, 3, padding="same", name="conv1"),
            layers.BatchNormalization(name="norm1"),
            layers.ReLU(name="relu1"),
            layers.MaxPooling2D(2, name="pool1"),
            layers.Conv2D(64, 3, padding="same", name="conv2"),
            layers.BatchNormalization(name="norm2"),
            layers.ReLU(name="relu2"),
            layers.MaxPooling2D(2, name="pool2"),
            layers.Flatten(name="flatten"),
            layers.Dense(128, activation="relu", name="dense1"),
            layers.Dense(64, activation="relu", name="dense2"),
            layers.Dense(classes, activation="softmax", dtype="float32", name="classes"),
        ],
        name="published_cnn",
    )


CUSTOM = {"published_cnn": published_cnn} | {name: partial(residual, name) for name in SIZES}
