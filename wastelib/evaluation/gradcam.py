"""Grad-CAM: where in a photograph a network found what speaks for a class."""

from typing import TYPE_CHECKING

import cv2
import numpy as np

from wastelib.training.run import Run

if TYPE_CHECKING:
    import keras

AT_ONCE = 8  # images: bounds the memory, however many there are


def grad_cam(run: Run, pixels: np.ndarray, classes: np.ndarray | None = None) -> np.ndarray:
    """Heat maps (n, size, size), float32 in 0..1, of `pixels` (n, size, size, 3), 0..255.

    `classes` are the numbers (n,) of the classes to explain, in the order of `run.classes`;
    None takes the model's own answers. Pixels are as the model takes them, in its trial's view.

    Explained are the feature maps before the network gives up position, by flattening or by
    taking means. Each is multiplied with the gradient of the class's score, the products are
    added, and what is negative is cut. Where the network takes means, as pretrained ones do,
    the gradient is the same at all positions and this is Grad-CAM (Selvaraju et al. 2017, ICCV,
    618-626). Where it flattens, as the published CNN does, Grad-CAM would first average the
    gradient over positions, and so forget where the next layer wants a feature; maps of sure
    answers then come out empty. That average is left out (Draelos and Carin 2020,
    arXiv:2011.08891).

    The score is the one before softmax, whose gradient fades where the model is sure. Each map
    is scaled to its largest value; it is 0 everywhere if nothing speaks for the class.
    """
    from keras.activations import linear

    from wastelib.models.layers import flat_layers

    model = run.load_model()  # ours alone, so its layers may be changed
    *_, last = flat_layers(model)
    last.activation = linear
    heat = np.zeros(pixels.shape[:3], np.float32)
    for start in range(0, len(pixels), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        wanted = None if classes is None else classes[part]
        spoken = _spoken_for(model, pixels[part].astype(np.float32), wanted)
        heat[part] = [cv2.resize(each, pixels.shape[2:0:-1]) for each in spoken.clip(min=0)]
    largest = heat.max(axis=(1, 2), keepdims=True, initial=0)
    return np.divide(heat, largest, out=np.zeros_like(heat), where=largest > 0)


def _spoken_for(model: "keras.Model", pixels: np.ndarray, classes: np.ndarray | None) -> np.ndarray:
    """How much each position (n, height, width) of the last feature maps adds to the score."""
    import tensorflow as tf
    from keras.layers import Flatten, GlobalAveragePooling2D

    from wastelib.models.layers import flat_layers

    *_, end = (
        each for each in flat_layers(model) if isinstance(each, Flatten | GlobalAveragePooling2D)
    )
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        seen = []

        def call(inputs):
            tape.watch(inputs)
            seen.append(inputs)
            return type(end).call(end, inputs)

        end.call = call  # on this one object: what reaches it is what we are after
        scores = model(pixels, training=False)
        chosen = tf.argmax(scores, axis=1) if classes is None else tf.constant(classes, tf.int64)
        score = tf.reduce_sum(tf.gather(scores, chosen, batch_dims=1))
    gradient = tape.gradient(score, seen[0], unconnected_gradients="zero")
    return tf.reduce_sum(tf.cast(seen[0] * gradient, tf.float32), axis=3).numpy()
