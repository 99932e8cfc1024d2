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


def optimizer_of(trial: Trial) -> keras.optimizers.Optimizer:
    """A fresh optimizer with the trial's learning rate and momentum."""
    if trial.optimizer == "sgd":
        return keras.optimizers.SGD(trial.learning_rate, momentum=trial.momentum)
    on_tensorflow = keras.backend.backend() == "tensorflow"
    return (FusedAdam if on_tensorflow else keras.optimizers.Adam)(trial.learning_rate)
