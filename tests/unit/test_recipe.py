"""The ingredients of a training: each does what its source says, and nothing where it is off."""

import keras
import numpy as np
import pytest
from keras import layers
from small_trials import RECIPE, fitted, trial_of

from wastelib.models.fused import use_fused_kernels
from wastelib.models.residual import residual
from wastelib.training.averages import Averages, momentum_after
from wastelib.training.optimizer import optimizer_of
from wastelib.training.trial import CustomModel, Trial

PIXELS = np.random.default_rng(0).integers(0, 256, (8, 16, 16, 3)).astype(np.float32)
LABELS = np.arange(8) % 3


def declared(**changes) -> Trial:
    settings = {"dataset": "d", "split": "s", "model": CustomModel(), "image_size": 16}
    return Trial(**settings | {"learning_rate": 0.1, "epochs": 4} | changes)


def rates_of(trial, epoch_steps=10) -> np.ndarray:
    """The learning rate of every step of a training."""
    optimizer = optimizer_of(trial, epoch_steps)
    rates = []
    for step in range(trial.epochs * epoch_steps):
        optimizer.iterations.assign(step)
        rates.append(float(optimizer.learning_rate))
    return np.array(rates)


def test_a_constant_rate_is_constant():
    assert rates_of(declared()) == pytest.approx(np.full(40, 0.1))


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_a_cosine_falls_from_the_rate_to_nothing_at_the_last_epoch_s_end(optimizer):
    rates = rates_of(declared(schedule="cosine", optimizer=optimizer))
    assert rates == pytest.approx(0.05 * (1 + np.cos(np.pi * np.arange(40) / 40)), rel=1e-4)


def test_warm_up_comes_before_the_cosine_and_rises_evenly():
    rates = rates_of(declared(schedule="cosine", warmup_epochs=2))
    assert rates[:20] == pytest.approx(0.1 * np.arange(20) / 20, abs=1e-7)
    assert rates[20:] == pytest.approx(0.05 * (1 + np.cos(np.pi * np.arange(20) / 20)), rel=1e-4)


def test_after_warm_up_a_constant_rate_stays():
    rates = rates_of(declared(warmup_epochs=1))
    assert rates[:10] == pytest.approx(0.1 * np.arange(10) / 10, abs=1e-7)
    assert rates[10:] == pytest.approx(np.full(30, 0.1))


def small_net() -> keras.Model:
    keras.utils.set_random_seed(3)
    net = keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(4, 3),
            layers.BatchNormalization(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    use_fused_kernels(net)
    return net


def trained_step(trial) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Each weight of the small network before and after one step."""
    net = small_net()
    net.compile(optimizer_of(trial, 10), loss="sparse_categorical_crossentropy")
    before = [weight.numpy() for weight in net.trainable_weights]
    net.train_on_batch(PIXELS, LABELS)
    return {
        weight.name: (start, weight.numpy())
        for weight, start in zip(net.trainable_weights, before, strict=True)
    }


def test_adamw_shrinks_what_multiplies_and_no_bias_or_normalization():
    """Loshchilov and Hutter 2019: the step of Adam, less a share of the weight before it."""
    plain = trained_step(declared(optimizer="adam"))
    decayed = trained_step(declared(optimizer="adamw", weight_decay=0.5))
    assert {"kernel", "bias", "gamma", "beta"} <= set(plain)
    for name, (before, after) in plain.items():
        lost = 0.1 * 0.5 * before if name == "kernel" else np.zeros_like(before)
        np.testing.assert_allclose(decayed[name][1], after - lost, atol=1e-6, err_msg=name)


def test_adamw_without_decay_is_adam():
    plain, other = (trained_step(declared(optimizer=name)) for name in ("adam", "adamw"))
    for name in plain:
        assert np.array_equal(plain[name][1], other[name][1])


class Recorded(keras.callbacks.Callback):
    """The network's own weights and statistics after each step."""

    def __init__(self):
        super().__init__()
        self.steps = []

    def on_train_batch_end(self, batch, logs=None):
        self.steps.append(self.model.get_weights())


def test_averages_follow_weights_and_statistics_of_every_step():
    net, recorded = small_net(), Recorded()
    net.compile(keras.optimizers.Adam(0.05), loss="sparse_categorical_crossentropy")
    averages, expected = Averages(net, 0.3), net.get_weights()
    before = [value.copy() for value in expected]
    net.fit(PIXELS, LABELS, batch_size=2, epochs=3, callbacks=[recorded, averages], verbose=0)
    for number, now in enumerate(recorded.steps, start=1):
        keeps = momentum_after(number, 0.3)
        expected = [keeps * a + (1 - keeps) * b for a, b in zip(expected, now, strict=True)]
    with averages.in_place():
        found = net.get_weights()
    assert len(recorded.steps) == 12
    for value, other, start, own in zip(found, expected, before, recorded.steps[-1], strict=True):
        np.testing.assert_allclose(value, other, rtol=1e-4, atol=1e-6)
        assert not np.array_equal(value, start)
        assert not np.array_equal(value, own)


def test_a_network_has_its_own_weights_back_after_validation():
    net, recorded = small_net(), Recorded()
    net.compile(keras.optimizers.Adam(0.05), loss="sparse_categorical_crossentropy")
    averages = Averages(net, 0.9)
    given = {"validation_data": (PIXELS, LABELS), "callbacks": [recorded, averages]}
    shown = net.fit(PIXELS, LABELS, batch_size=2, verbose=0, **given).history["val_loss"][0]
    for value, own in zip(net.get_weights(), recorded.steps[-1], strict=True):
        assert np.array_equal(value, own)
    with averages.in_place():
        assert net.evaluate(PIXELS, LABELS, verbose=0) == pytest.approx(shown, rel=1e-6)
    assert net.evaluate(PIXELS, LABELS, verbose=0) != pytest.approx(shown, rel=1e-3)


def test_no_momentum_averages_nothing_and_frozen_layers_are_left_out():
    net = small_net()
    assert Averages(net, 0.0).variables == []
    everything = len(Averages(net, 0.9).variables)
    net.layers[2].trainable = False  # BatchNormalization
    assert len(Averages(net, 0.9).variables) == everything - 4


def test_an_average_keeps_little_of_the_first_steps():
    assert momentum_after(1, 0.99) == pytest.approx(2 / 11)
    assert momentum_after(10_000, 0.99) == 0.99
    assert momentum_after(10_000, 0.5) == 0.5


@pytest.mark.parametrize("restore_best", [True, False])
def test_the_kept_model_is_the_averaged_one_of_the_kept_epoch(prepare_small, restore_best):
    dataset = prepare_small()
    trial = trial_of(dataset, epochs=3, averaging=0.9, restore_best=restore_best)
    run = fitted(trial, dataset)
    named = run.predictions[[f"p_{c}" for c in run.classes]]
    labels = [run.classes.index(label) for label in run.predictions["label"]]
    loss = -np.log(named.to_numpy()[np.arange(len(labels)), labels]).mean()
    assert loss == pytest.approx(run.kept_epoch["val_loss"], rel=1e-4)
    plain = fitted(trial.model_copy(update={"averaging": 0.0}), dataset)
    assert loss != pytest.approx(plain.kept_epoch["val_loss"], rel=1e-4)
    # What is trained is not what is shown: training itself goes as it went.
    assert run.history["loss"].tolist() == plain.history["loss"].tolist()


@pytest.mark.parametrize("augmentation", ["none", "cutmix"])
def test_smoothed_labels_change_training_and_not_what_validation_means(prepare_small, augmentation):
    """A rate of nearly nothing: both networks stay what they were, and so must the figures."""
    dataset = prepare_small()
    trial = trial_of(dataset, learning_rate=1e-12, epochs=1, augmentation=augmentation)
    plain = fitted(trial, dataset).history.iloc[0]
    smooth = fitted(trial.model_copy(update={"label_smoothing": 0.3}), dataset).history.iloc[0]
    assert smooth["val_loss"] == pytest.approx(plain["val_loss"], rel=1e-4)
    assert smooth["val_accuracy"] == plain["val_accuracy"]
    assert smooth["loss"] != pytest.approx(plain["loss"], rel=1e-3)


def test_the_recipe_trains_a_residual_network_in_bfloat16(prepare_small):
    dataset = prepare_small()
    settings = {"image_size": 32, "epochs": 12, "learning_rate": 3e-3, "precision": "bfloat16"}
    trial = trial_of(dataset, **RECIPE | settings, class_weights="balanced", restore_best=True)
    run = fitted(trial, dataset)
    assert run.kept_epoch["val_accuracy"] > 0.8  # of three colours, with three classes
    assert not any("call" in vars(layer) for layer in run.load_model()._flatten_layers())


def test_every_normalization_of_a_residual_network_is_fused():
    net = residual("residual_m", 32, 3)
    use_fused_kernels(net)
    norms = [x for x in net.layers if isinstance(x, layers.BatchNormalization)]
    assert norms
    assert all("call" in vars(layer) for layer in norms)
