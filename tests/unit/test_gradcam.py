"""A heat map lights where the answer comes from, for networks of both kinds."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import layers

from wastelib.evaluation.gradcam import grad_cam
from wastelib.models.backbones import build_backbone
from wastelib.models.custom import published_cnn
from wastelib.models.pretrained import join, split_backbone

SMALL = "MobileNetV2-0.35"
SIZE = 64  # its last feature maps are 2 x 2


def run_of(model, tmp_path):
    """A run whose model is saved and loaded, as real ones are."""
    model.save(tmp_path / "model.keras")
    return SimpleNamespace(load_model=lambda: keras.saving.load_model(tmp_path / "model.keras"))


def red_in_a_corner(size=32):
    """A green picture with a red upper left quarter; and the same turned by half a circle."""
    picture = np.zeros((size, size, 3), np.uint8)
    picture[..., 1] = 200
    picture[: size // 2, : size // 2] = (200, 0, 0)
    return np.stack([picture, picture[::-1, ::-1]])


def colour_model(end, size=32, scale=1.0):
    """Class 0 is a red picture, class 1 a green one; nothing speaks for class 2."""
    pixels = keras.Input((size, size, 3))
    seen = layers.AveragePooling2D(4)(layers.Rescaling(scale / 255)(pixels))
    classes = layers.Dense(3, activation="softmax", dtype="float32")
    model = keras.Model(pixels, classes(end(seen)))
    weights = np.zeros((classes.kernel.shape[0] // 3, 3, 3), np.float32)
    weights[:, 0, 0] = weights[:, 1, 1] = 1
    classes.set_weights([weights.reshape(-1, 3), np.zeros(3, np.float32)])
    return model


@pytest.mark.parametrize("end", [layers.Flatten, layers.GlobalAveragePooling2D])
def test_the_map_lights_where_the_class_is(end, tmp_path):
    run = run_of(colour_model(end()), tmp_path)
    red, turned = grad_cam(run, red_in_a_corner(), np.array([0, 0]))
    assert red.shape == (32, 32)
    assert red.dtype == np.float32
    assert red[:12, :12].min() == 1
    assert red[20:].max() == red[:, 20:].max() == 0
    assert np.allclose(turned, red[::-1, ::-1])
    green, _ = grad_cam(run, red_in_a_corner(), np.array([1, 1]))
    assert green[:12, :12].max() == 0
    assert green[20:, 20:].min() == 1


def test_a_dense_layer_that_wants_one_corner_lights_that_corner(tmp_path):
    """Though the same feature is everywhere: flattened, each place has a weight of its own."""
    model = colour_model(layers.Flatten())
    kernel, bias = model.layers[-1].get_weights()
    places = kernel.reshape(8, 8, 3, 3)
    places[:] = 0
    places[:4, :4, 0, 0] = 1
    model.layers[-1].set_weights([kernel, bias])
    white = np.full((1, 32, 32, 3), 255, np.uint8)
    (found,) = grad_cam(run_of(model, tmp_path), white, np.array([0]))
    assert found[:12, :12].min() == 1
    assert found[20:].max() == found[:, 20:].max() == 0


def test_without_classes_the_models_own_answers_are_explained(tmp_path):
    run = run_of(colour_model(layers.Flatten()), tmp_path)
    assert np.array_equal(
        grad_cam(run, red_in_a_corner()), grad_cam(run, red_in_a_corner(), np.array([1, 1]))
    )


def test_a_class_that_nothing_speaks_for_gives_zeros(tmp_path):
    run = run_of(colour_model(layers.GlobalAveragePooling2D()), tmp_path)
    assert not grad_cam(run, red_in_a_corner(), np.array([2, 2])).any()
    black = np.zeros((1, 32, 32, 3), np.uint8)
    assert not grad_cam(run, black, np.array([0])).any()


def test_a_model_that_is_entirely_sure_is_explained_too(tmp_path):
    """Softmax at exactly 1 has no gradient; the score before it has."""
    model = colour_model(layers.Flatten(), scale=1000.0)
    assert model.predict(red_in_a_corner(), verbose=0)[0].tolist() == [0, 1, 0]
    green, _ = grad_cam(run_of(model, tmp_path), red_in_a_corner())
    assert green[20:, 20:].min() == 1


def test_many_and_no_photographs_are_explained(tmp_path):
    run = run_of(colour_model(layers.Flatten()), tmp_path)
    pictures = np.repeat(red_in_a_corner(), 10, axis=0)
    maps = grad_cam(run, pictures, np.zeros(20, int))
    assert np.array_equal(maps[0], maps[9])
    assert np.array_equal(maps[10], maps[19])
    assert not np.array_equal(maps[0], maps[19])
    assert grad_cam(run, pictures[:0]).shape == (0, 32, 32)


def custom():
    return published_cnn(SIZE, 3)


def frozen():
    return join(*pretrained(0))


def tuned():
    return join(*pretrained(5))


def pretrained(unfrozen):
    backbone = build_backbone(SMALL, SIZE, None)
    return split_backbone(SMALL, backbone, head_units=8, classes=3, unfrozen_layers=unfrozen)


@pytest.mark.parametrize("build", [custom, frozen, tuned])
def test_every_network_of_this_project_is_explained_by_the_formula(build, tmp_path):
    """Against the textbook's way, with the networks cut by hand at their last feature maps."""
    keras.utils.set_random_seed(4)
    model = build()
    pixels = np.random.default_rng(0).integers(0, 256, (3, SIZE, SIZE, 3)).astype(np.uint8)
    found = grad_cam(run_of(model, tmp_path), pixels, np.array([0, 1, 2]))
    assert found.shape == (3, SIZE, SIZE)
    assert found.min() == 0
    assert found.max() == 1
    assert np.allclose(found, expected(model, build, pixels), atol=1e-3)


def expected(model, build, pixels):
    import cv2
    import tensorflow as tf

    pixels = tf.constant(pixels, tf.float32)
    if build is custom:
        lower = keras.Model(model.inputs, model.get_layer("pool2").output)
        upper = model.layers[-4:]
    elif build is frozen:
        trunk = model.get_layer("trunk")
        lower = keras.Model(trunk.inputs, trunk.get_layer("pool").input)
        upper = [trunk.get_layer("pool"), *model.get_layer("net").layers[1:]]
    else:
        net = model.get_layer("net")
        trunk, top = model.get_layer("trunk"), net.get_layer("upper")
        lower = keras.Sequential([trunk, top])
        upper = net.layers[-3:]
    features = lower(pixels, training=False)
    with tf.GradientTape() as tape:
        tape.watch(features)
        x = features
        for layer in upper[:-1]:
            x = layer(x)
        scores = x @ upper[-1].kernel + upper[-1].bias
        score = scores[0, 0] + scores[1, 1] + scores[2, 2]
    weights = tape.gradient(score, features).numpy()
    if build is not custom:  # Grad-CAM as published: one weight for each feature map
        weights = weights.mean(axis=(1, 2), keepdims=True) * np.ones_like(weights)
    maps = np.maximum((features.numpy() * weights).sum(axis=3), 0)
    maps = np.stack([cv2.resize(each, (SIZE, SIZE)) for each in maps])
    largest = maps.max(axis=(1, 2), keepdims=True)
    return maps / np.where(largest > 0, largest, 1)
