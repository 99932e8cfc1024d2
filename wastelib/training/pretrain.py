"""Pre-train the demo's backbone: MobileNetV2 0.35 on rendered pictures of other classes.

`python -m wastelib.training.pretrain` makes the weights file that the repository holds. None
of the nine classes of the demo takes part, so what the frozen backbone brings to them is
transfer, as ImageNet's weights bring it to photographs of waste.
"""

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from wastelib.demo.arrange import arranged
from wastelib.demo.other_classes import OTHER_CLASSES, any_other
from wastelib.files import whole_file

IMAGE_SIZE = 96
MARGIN = 8  # training images are larger by this many pixels, to be cropped at random
WEIGHTS_NAME = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_96_no_top.h5"  # Keras's own
WEIGHTS = Path(__file__).parent.parent / "demo" / "weights" / WEIGHTS_NAME
BATCH_SIZE = 32
BATCH_NORM_MOMENTUM = 0.98  # Keras's 0.999 needs tens of thousands of steps to forget its start
TRAIN, HELD_OUT = 0, 1  # first key of every scene's generator: the two never share one


def pretrain(
    target: Path = WEIGHTS,
    *,
    seed: int = 0,
    scenes: int = 240,
    epochs: int = 18,
    say: Callable[[str], None] = print,
) -> float:
    """Train on `scenes` images of each other class and write the backbone's weights.

    `target` becomes a file for `keras.applications.MobileNetV2(alpha=0.35,
    include_top=False, input_shape=(96, 96, 3), weights=target)`; it is written whole or
    not at all. Returns the accuracy on held-out images, a tenth as many again.
    """
    import keras

    started = time.monotonic()
    keras.utils.set_random_seed(seed)
    train, labels = rendered(TRAIN, scenes, seed, IMAGE_SIZE + MARGIN)
    held_out, truth = rendered(HELD_OUT, scenes // 10, seed, IMAGE_SIZE)
    rendering = time.monotonic() - started

    backbone = keras.applications.MobileNetV2(
        alpha=0.35, include_top=False, input_shape=(IMAGE_SIZE, IMAGE_SIZE, 3), weights=None
    )
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = BATCH_NORM_MOMENTUM
    pooled = keras.layers.GlobalAveragePooling2D()(backbone.output)
    scores = keras.layers.Dense(len(OTHER_CLASSES))(keras.layers.Dropout(0.2)(pooled))
    model = keras.Model(backbone.input, scores)
    steps = epochs * -(-len(train) // BATCH_SIZE)
    rate = keras.optimizers.schedules.CosineDecay(
        1e-4, steps, warmup_target=2e-3, warmup_steps=steps // 20
    )
    model.compile(
        keras.optimizers.AdamW(rate, weight_decay=1e-4),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(augmented(train, labels, seed), epochs=epochs, verbose=2)
    _, accuracy = model.evaluate(preprocessed(held_out), truth, verbose=0)

    with whole_file(Path(target)) as temporary:
        backbone.save(temporary)
    say(
        f"{len(OTHER_CLASSES)} classes, {len(train)} training images, {len(held_out)} held out: "
        f"held-out accuracy {accuracy:.3f}; rendering {rendering:.0f} s, "
        f"in all {time.monotonic() - started:.0f} s; {Path(target).stat().st_size / 1e6:.2f} MB"
    )
    return accuracy


def rendered(part: int, scenes: int, seed: int, image_size: int) -> tuple[np.ndarray, np.ndarray]:
    """`scenes` images of each other class: ((n, size, size, 3) uint8 RGB, (n,) labels)."""
    keys = [[part, seed, label, n] for label in range(len(OTHER_CLASSES)) for n in range(scenes)]
    images = np.empty((len(keys), image_size, image_size, 3), np.uint8)

    def render(index: int) -> None:
        rng = np.random.default_rng(keys[index])
        item = list(OTHER_CLASSES.values())[keys[index][2]](rng)
        image = arranged(rng, item, any_other).shot(rng)
        images[index] = cv2.resize(image, (image_size, image_size), interpolation=cv2.INTER_AREA)

    with ThreadPoolExecutor(2) as pool:
        list(tqdm(pool.map(render, range(len(keys))), total=len(keys), desc="rendering"))
    return images, np.array([key[2] for key in keys])


def preprocessed(images):
    """Pixels 0..255 as MobileNetV2 takes them: -1..1, float32."""
    return images / np.float32(127.5) - np.float32(1)


def augmented(images: np.ndarray, labels: np.ndarray, seed: int):
    """A tf.data set of shuffled batches, each image turned, cropped and coloured anew."""
    import tensorflow as tf

    def vary(image, label):
        image = tf.image.random_crop(image, (IMAGE_SIZE, IMAGE_SIZE, 3))
        image = tf.image.rot90(image, tf.random.uniform([], 0, 4, tf.int32))
        image = tf.image.random_flip_left_right(image)
        image = tf.cast(image, tf.float32) / 255
        image = tf.image.random_hue(image, 0.04)
        image = tf.image.random_saturation(image, 0.6, 1.4)
        image = tf.image.random_contrast(image, 0.75, 1.3)
        image = tf.clip_by_value(tf.image.random_brightness(image, 0.12), 0, 1)
        return preprocessed(image * 255), label

    data = tf.data.Dataset.from_tensor_slices((images, labels)).shuffle(len(images), seed=seed)
    return data.map(vary, num_parallel_calls=2).batch(BATCH_SIZE).prefetch(2)


if __name__ == "__main__":
    pretrain(*[Path(argument) for argument in sys.argv[1:2]])
