"""Averages: a network's weights, averaged over the steps of its training."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras


class Averages(keras.callbacks.Callback):
    """An exponential moving average of what `net` learns; in validation it is what `net` has.

    Given to `fit`, it follows each step. Averaged are the trained weights and, since they
    belong to weights, the moving statistics of BatchNormalization, as in the training of
    EfficientNet (Tan and Le 2019). Momentum 0 averages nothing.

    Keras's own, `use_ema` of its optimizers, leaves the statistics out, and gives the network
    the average for good whenever `fit` ends, which is after each epoch here.
    """

    def __init__(self, net: keras.Model, momentum: float) -> None:
        super().__init__()
        self.momentum = momentum
        self._learnt = [*net.trainable_variables, *_moving_statistics(net)] if momentum else []
        self.variables = [
            keras.Variable(value, trainable=False, name="average") for value in self._learnt
        ]
        self._follow = self._followed
        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            self._follow = tf.function(self._followed)  # one call instead of one per weight

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """In this block the network has the averaged weights, and is not to be trained."""
        self.exchange()
        try:
            yield
        finally:
            self.exchange()

    def exchange(self) -> None:
        """Give the network the averaged weights, and keep its own in their place; or back."""
        for learnt, average in zip(self._learnt, self.variables, strict=True):
            own = keras.ops.copy(learnt.value)
            learnt.assign(average.value)
            average.assign(own)

    def on_train_batch_end(self, batch, logs=None) -> None:
        """Follow the step that was made."""
        if self.variables:
            steps = int(self.model.optimizer.iterations)
            share = 1 - momentum_after(steps, self.momentum)
            self._follow(keras.ops.convert_to_tensor(share, "float32"))

    def on_test_begin(self, logs=None) -> None:
        """Validation is of the averaged weights."""
        self.exchange()

    def on_test_end(self, logs=None) -> None:
        """And training goes on with its own."""
        self.exchange()

    def _followed(self, share) -> None:
        for learnt, average in zip(self._learnt, self.variables, strict=True):
            average.assign_add(share * (learnt.value - average.value))


def momentum_after(steps: int, momentum: float) -> float:
    """The momentum at a step, counted from 1: less at first, when there is little to keep.

    The weights that a training began with would otherwise stay in the average for as many
    epochs as a small dataset is trained for. Source: TensorFlow's `ExponentialMovingAverage`.
    """
    return min(momentum, (1 + steps) / (10 + steps))


def _moving_statistics(net: keras.Model) -> list[keras.Variable]:
    return [
        statistic
        for layer in net._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
        for statistic in layer.non_trainable_variables
    ]
