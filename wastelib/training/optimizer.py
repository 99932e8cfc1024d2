"""The optimizer that a trial names."""

import keras

from wastelib.training.trial import Trial


class FusedAdam(keras.optimizers.Adam):
    """Adam whose step is one kernel of TensorFlow, with the same figures.

    Keras's own passes over weights and both moments once for each of its ten operations; with
    33 million weights the step is then bound by the memory. Only for dense gradients.
    Source: Kingma and Ba 2015, "Adam: A Method for Stochastic Optimization", in the form that
    the remark before their section 2.1 gives.
    """

    def update_step(self, gradient, variable, learning_rate):
        """Update one TensorFlow variable and its two moments in place."""
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


def optimizer_of(trial: Trial, epoch_steps: int) -> keras.optimizers.Optimizer:
    """A fresh optimizer with the trial's settings; an epoch has so many steps."""
    rate = _learning_rate(trial, epoch_steps)
    if trial.optimizer == "sgd":
        return keras.optimizers.SGD(rate, momentum=trial.momentum)
    on_tensorflow = keras.backend.backend() == "tensorflow"
    # Keras's AdamW is its Adam with a weight decay, and nothing else.
    decay = trial.weight_decay or None
    adam = (FusedAdam if on_tensorflow else keras.optimizers.Adam)(rate, weight_decay=decay)
    adam.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return adam


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
