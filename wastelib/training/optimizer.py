"""The optimizer that a trial names, and the share of its rate that each layer has."""

from collections.abc import Sequence

import keras

from wastelib.models.layers import stages
from wastelib.training.trial import Trial


class FusedAdam(keras.optimizers.Adam):
    """Adam whose step is one kernel of TensorFlow, with the same figures.

    Keras's own passes over weights and both moments once for each of its ten operations; with
    33 million weights the step is then bound by the memory. Only for dense gradients.
    Source: Kingma and Ba 2015, "Adam: A Method for Stochastic Optimization", in the form that
    the remark before their section 2.1 gives.
    """

    def update_step(self, gradient, variable, learning_rate):
        """Update one variable and its two moments in place."""
        if keras.backend.backend() != "tensorflow":
            super().update_step(gradient, variable, learning_rate)
            return
        import tensorflow as tf

        index = self._get_variable_index(variable)
        step = tf.cast(self.iterations + 1, variable.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.pow(tf.cast(self.beta_1, variable.dtype), step),
            beta2_power=tf.pow(tf.cast(self.beta_2, variable.dtype), step),
            lr=tf.cast(learning_rate, variable.dtype),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.cast(gradient, variable.dtype),
        )


class _Shared:
    """An optimizer each of whose variables has a share of the learning rate.

    `shares` has one number per variable, in the order that `build` is given them. What a
    variable loses to weight decay is in proportion to its rate, so it has the same share.
    """

    shares: Sequence[float]

    def update_step(self, gradient, variable, learning_rate):
        """Update one variable at its own rate."""
        super().update_step(gradient, variable, learning_rate * self._share(variable))

    def _apply_weight_decay(self, variables):
        if self.weight_decay is None:
            return
        for variable in variables:
            if self._use_weight_decay(variable):
                rate = self.learning_rate * self._share(variable)
                self.assign_sub(variable, variable * (self.weight_decay * rate))

    def _share(self, variable) -> float:
        return self.shares[self._get_variable_index(variable)]


class SharedAdam(_Shared, FusedAdam):
    """Adam with a share of the rate for each variable."""


class SharedSGD(_Shared, keras.optimizers.SGD):
    """Gradient descent with a share of the rate for each variable."""


def rate_shares(net: keras.Model, decay: float) -> list[float]:
    """Which share of the learning rate each trainable variable of `net` has, in their order.

    The head has all of it, and each stage of the backbone `decay` times that of the stage above:
    what lies lower is more general, and has less to change. Source: Howard and Ruder 2018,
    "Universal Language Model Fine-tuning for Text Classification" (discriminative fine-tuning,
    there layer by layer); by stages of one resolution it means the same in every backbone.
    """
    shares = {
        id(variable): decay**below
        for below, layers in enumerate(reversed(stages(net).values()))
        for layer in layers
        for variable in layer.trainable_variables
    }
    return [shares[id(variable)] for variable in net.trainable_variables]


def optimizer_of(
    trial: Trial, epoch_steps: int, shares: Sequence[float] | None = None
) -> keras.optimizers.Optimizer:
    """A fresh optimizer with the trial's settings; an epoch has so many steps.

    `shares` are those of `rate_shares`, where layers have rates of their own.
    """
    rate = _learning_rate(trial, epoch_steps)
    if trial.optimizer == "sgd":
        kind = keras.optimizers.SGD if shares is None else SharedSGD
        optimizer = kind(rate, momentum=trial.momentum)
    else:
        # Keras's AdamW is its Adam with a weight decay, and nothing else.
        kind = FusedAdam if shares is None else SharedAdam
        optimizer = kind(rate, weight_decay=trial.weight_decay or None)
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    if shares is not None:
        optimizer.shares = tuple(shares)
    return optimizer


def _learning_rate(
    trial: Trial, epoch_steps: int
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """A number, or a function of the steps that the optimizer has made.

    These are in a checkpoint, so that a training that was interrupted goes on with its rate.
    """
    warmup = trial.warmup_epochs * epoch_steps
    if trial.schedule == "constant" and not warmup:
        return trial.learning_rate
    # Half a cosine from the rate to `alpha` times the rate: with 1 it does not move.
    return keras.optimizers.schedules.CosineDecay(
        0.0 if warmup else trial.learning_rate,
        decay_steps=trial.epochs * epoch_steps - warmup,
        alpha=1.0 if trial.schedule == "constant" else 0.0,
        warmup_target=trial.learning_rate if warmup else None,
        warmup_steps=warmup,
    )
