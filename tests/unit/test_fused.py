"""Fused kernels compute what the standard layers compute, and leave no trace in a saved model."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from wastelib.models.backbones import build_backbone, preprocess
from wastelib.models.custom import published_cnn
from wastelib.models.fused import use_fused_kernels
from wastelib.training.optimizer import FusedAdam

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3)).astype(np.float32)
LABELS = np.array([0, 1, 2, 0, 1, 2])


def twins(build):
    """The same network twice, the second with fused kernels."""
    standard, fused = build(), build()
    fused.set_weights(standard.get_weights())
    use_fused_kernels(fused)
    return standard, fused


def small_cnn():
    keras.utils.clear_session()  # layers without a name are numbered from the start
    keras.utils.set_random_seed(3)
    return published_cnn(32, 3)


def small_backbone():
    keras.utils.clear_session()
    keras.utils.set_random_seed(3)
    return build_backbone("MobileNetV2-0.35", 32, None)


def step(net, training):
    """Outputs, gradients and moving statistics of one step, each scaled to about 1.

    All gradients have one scale: that of a bias before a normalization is nothing but rounding.
    """
    with tf.GradientTape() as tape:
        outputs = net(PIXELS, training=training)
        loss = tf.reduce_mean(tf.square(tf.cast(outputs, tf.float32) - 0.3))
    gradients = tape.gradient(loss, [weight.value for weight in net.trainable_weights])
    gradients = [np.asarray(gradient) for gradient in gradients]
    largest = max(np.abs(gradient).max() for gradient in gradients)
    moving = [weight.numpy() for weight in net.non_trainable_weights]
    return [
        np.asarray(outputs, np.float32),
        *[gradient / largest for gradient in gradients],
        *[values / (np.abs(values).max() + 1) for values in moving],
    ]


def assert_same_step(standard, fused, training):
    for expected, found in zip(step(standard, training), step(fused, training), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("build", [small_cnn, small_backbone])
@pytest.mark.parametrize("training", [True, False])
def test_outputs_gradients_and_moving_statistics_are_those_of_the_standard_layers(build, training):
    assert_same_step(*twins(build), training)


def test_a_normalization_in_inference_mode_keeps_its_statistics_while_others_train():
    standard, fused = twins(small_cnn)
    for net in (standard, fused):
        net.get_layer("norm1").trainable = False
    assert_same_step(standard, fused, True)
    assert np.array_equal(fused.get_layer("norm1").moving_mean, np.zeros(32))
    assert not np.array_equal(fused.get_layer("norm2").moving_mean, np.zeros(64))


def test_normalizations_without_scale_or_offset_are_computed_too():
    def build():
        keras.utils.set_random_seed(3)
        shifts = layers.BatchNormalization(scale=False)
        scales = layers.BatchNormalization(center=False)
        return keras.Sequential([keras.Input((32, 32, 3)), shifts, scales])

    assert_same_step(*twins(build), True)


@pytest.mark.parametrize("build", [small_cnn, small_backbone])
def test_a_network_with_fused_kernels_saves_and_loads_as_the_standard_one(build, tmp_path):
    standard, fused = twins(build)
    assert fused.to_json() == standard.to_json()
    fused.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert not any("call" in vars(layer) for layer in loaded._flatten_layers())
    assert np.array_equal(loaded(PIXELS), standard(PIXELS))


def test_every_normalization_and_convolution_of_what_is_trained_is_fused():
    net = small_cnn()
    use_fused_kernels(keras.Sequential([keras.Input((32, 32, 3)), net]))
    replaced = [layer.name for layer in net._flatten_layers() if "call" in vars(layer)]
    assert replaced == ["conv1", "norm1", "conv2", "norm2"]


def test_layers_of_other_kinds_are_left_alone():
    inputs = keras.Input((8, 8, 3))
    first = layers.BatchNormalization(axis=1)(inputs)
    flat = layers.BatchNormalization()(layers.Flatten()(first))
    net = keras.Model(inputs, flat)
    use_fused_kernels(net)
    assert not any("call" in vars(layer) for layer in net._flatten_layers())


def test_fused_adam_takes_the_steps_of_adam():
    state = {}
    for adam in (keras.optimizers.Adam, FusedAdam):
        keras.utils.set_random_seed(3)
        hidden, classes = layers.Dense(8, activation="tanh"), layers.Dense(3, activation="softmax")
        net = keras.Sequential([keras.Input((5,)), hidden, classes])
        net.compile(adam(1e-2), loss="sparse_categorical_crossentropy")
        for _ in range(20):
            net.train_on_batch(PIXELS[:, 0, :5, 0] / 255, LABELS)
        state[adam] = net.get_weights() + [np.asarray(v) for v in net.optimizer.variables]
    for expected, found in zip(*state.values(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_training_in_bfloat16_keeps_weights_and_probabilities_in_float32():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        standard, fused = twins(small_cnn)
    finally:
        keras.config.set_dtype_policy(before)
    assert {weight.dtype for weight in fused.weights} == {"float32"}
    assert fused(PIXELS).dtype == tf.float32
    expected, found = step(standard, True), step(fused, True)
    np.testing.assert_allclose(found[0], expected[0], atol=0.02)


def test_a_preprocessed_backbone_gives_the_same_features():
    standard, fused = twins(small_backbone)
    pixels = preprocess("MobileNetV2-0.35", PIXELS.copy())
    np.testing.assert_allclose(fused.predict(pixels, verbose=0), standard(pixels), atol=1e-4)
