"""The way of the published assignment: every epoch decodes every file and runs every layer."""

from pathlib import Path

import keras
import pandas as pd
import tensorflow as tf
from keras import layers

from wastelib.models.backbones import build_backbone, preprocess
from wastelib.models.custom import published_cnn


def batches(folder: Path, images: pd.DataFrame, image_size: int, batch_size: int, **options):
    """Keras's ImageDataGenerator over the files of a table with columns path and label."""
    generator = tf.keras.preprocessing.image.ImageDataGenerator(**options)
    return generator.flow_from_dataframe(
        images,
        folder,
        x_col="path",
        y_col="label",
        target_size=(image_size, image_size),
        batch_size=batch_size,
        class_mode="sparse",
        seed=42,
        validate_filenames=False,
    )


def cnn(image_size: int, classes: int) -> keras.Model:
    """The published network, of Keras's own layers and optimizer. Scales its input itself."""
    return compiled(published_cnn(image_size, classes))


def frozen(name: str, image_size: int, classes: int) -> keras.Model:
    """A frozen backbone with a new head, as one model. Takes preprocessed input."""
    backbone = build_backbone(name, image_size, None)
    backbone.trainable = False
    features = layers.GlobalAveragePooling2D()(backbone.output)
    hidden = layers.Dense(128, activation="relu")(features)
    outputs = layers.Dense(classes, activation="softmax")(hidden)
    return compiled(keras.Model(backbone.input, outputs))


def preprocessing(name: str):
    """What ImageDataGenerator calls for each image of a backbone."""
    return lambda pixels: preprocess(name, pixels)


def compiled(model: keras.Model) -> keras.Model:
    """With Adam at the published rate."""
    adam = keras.optimizers.Adam(1e-3)
    model.compile(adam, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
