"""What a trial's network learns with: its optimizer, and a teacher where there is one."""

from pathlib import Path

import keras

from wastelib.models.fused import use_fused_kernels
from wastelib.training.examples import Examples
from wastelib.training.optimizer import optimizer_of, rate_shares
from wastelib.training.run import open_run
from wastelib.training.trial import Trial

SMALLEST_PROBABILITY = 1e-7  # has a logarithm in float32


class SoftAnswers(keras.distillation.LogitsDistillation):
    """How far a student's answers are from its teacher's, both softened by a temperature.

    Networks here end in probabilities, whose logarithms are logits. Source: Hinton, Vinyals and
    Dean 2015, "Distilling the Knowledge in a Neural Network".
    """

    def compute_loss(self, teacher_outputs, student_outputs, **kwargs):
        """The mean of a batch; both are probabilities, (batch, classes)."""
        teacher, student = (
            keras.ops.log(keras.ops.maximum(outputs, SMALLEST_PROBABILITY))
            for outputs in (teacher_outputs, student_outputs)
        )
        return super().compute_loss(teacher, student, **kwargs)


class Taught(keras.distillation.Distiller):
    """Keras's distiller, whose loss in validation is the student's own, of the labels alone.

    So best epoch and early stopping mean the same with a teacher as without. The student must
    be compiled with that loss.
    """

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """As Keras's in training; in validation the student's loss."""
        if training:
            return super().compute_loss(x, y, y_pred, sample_weight, training)
        return self.student.compute_loss(x, y, y_pred, sample_weight, training)


def teacher_of(folder: Path) -> keras.Model:
    """The model of the finished run in `folder`, ready to be asked in every step."""
    teacher = open_run(folder).load_model()
    use_fused_kernels(teacher)
    return teacher


def learner_of(
    trial: Trial, net: keras.Model, teacher: keras.Model | None, examples: Examples
) -> keras.Model:
    """What `fit` is called on to train `net`, which has the optimizer: itself, or its distiller.

    Both give the history's columns loss, accuracy, val_loss and val_accuracy. With a teacher the
    training loss is the sum of both losses, weighted by `teacher_share`.
    """
    shares = rate_shares(net, trial.rate_decay) if trial.rate_decay < 1 else None
    optimizer = optimizer_of(trial, examples.steps, shares)
    net.compile(optimizer, loss=examples.loss, metrics=[examples.accuracy()])
    # A step that finds its variables made is traced once, one that has to make them twice.
    optimizer.build(net.trainable_variables)
    if teacher is None:
        return net
    learner = Taught(
        teacher,
        net,
        # An object: by its name Keras 3.15 finds a function, and then takes no softmax before it.
        SoftAnswers(trial.teacher_temperature, keras.losses.KLDivergence()),
        student_loss_weight=1 - trial.teacher_share,
        dtype="float32",  # or pixels would lose digits before either network has seen them
    )
    learner.compile(optimizer, loss=examples.loss, metrics=[examples.accuracy()])
    return learner
