"""Examples: the images and labels of a trial, batch by batch, as `fit` takes them."""

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from wastelib.data.arrays import StoredArray
from wastelib.data.batches import Batches
from wastelib.data.splits import Split
from wastelib.models.augmentation import AUGMENTATIONS, MIXING
from wastelib.training.trial import Trial

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

PREPARED = 2  # batches that wait for their step


class Examples:
    """What `trial` is trained and validated on: rows of `inputs`, which are in dataset order.

    `class_numbers` has the number of each row's class, of which there are `classes`. Labels are
    these numbers; where images are mixed or labels smoothed, they are a share of each class.
    `validation` is never augmented, nor are its labels smoothed: its loss means the same in all
    trials. `class_weight` weighs a mixed image as one of its larger share.
    """

    def __init__(
        self,
        trial: Trial,
        inputs: np.ndarray | StoredArray,
        class_numbers: np.ndarray,
        classes: int,
        split: Split,
    ) -> None:
        self.shares = trial.augmentation in MIXING or trial.label_smoothing > 0
        labels = np.eye(classes, dtype=np.float32)[class_numbers] if self.shares else class_numbers
        self.loss = ("" if self.shares else "sparse_") + "categorical_crossentropy"
        self.trial = trial
        rows = split.rows("train")
        self.class_weight = None
        if trial.class_weights == "balanced":
            self.class_weight = balanced_weights(class_numbers[rows], classes)
        learnt = smoothed(labels, trial.label_smoothing) if trial.label_smoothing else labels
        self._training = Batches(inputs, learnt, rows, trial.batch_size)
        self.validation = Batches(inputs, labels, split.rows("validation"), trial.batch_size)

    @property
    def steps(self) -> int:
        """Steps of training in an epoch."""
        return len(self._training)

    def training(self, epoch: int) -> "Batches | tf.data.Dataset":
        """The training batches of an epoch, counted from 0.

        Their order and whatever is drawn for them depend on the trial's seed and the epoch only,
        so that a training that was interrupted goes on with the very batches it would have had.
        """
        self._training.shuffle(self.trial.seed, epoch)
        if self.trial.augmentation == "none":
            return self._training
        return self._augmented.of_epoch(self.trial.seed, epoch)

    def accuracy(self) -> "keras.Metric":
        """A metric for these labels; of mixed images the larger share is the right class."""
        import keras

        if self.shares:
            return keras.metrics.CategoricalAccuracy("accuracy")
        return keras.metrics.SparseCategoricalAccuracy("accuracy")

    @cached_property
    def _augmented(self) -> "_Augmented":
        return _Augmented(self._training, self.trial.augmentation)


def smoothed(labels: np.ndarray, share: float) -> np.ndarray:
    """Labels, as shares of each class, with so much of them spread evenly over all classes.

    Szegedy et al. 2016, "Rethinking the Inception Architecture for Computer Vision".
    """
    return labels * np.float32(1 - share) + np.float32(share / labels.shape[1])


def balanced_weights(class_numbers: np.ndarray, classes: int) -> dict[int, float]:
    """A weight for each class that makes up for its frequency: all weigh the same together."""
    from sklearn.utils.class_weight import compute_class_weight

    weights = compute_class_weight("balanced", classes=np.arange(classes), y=class_numbers)
    return dict(enumerate(weights.tolist()))


class _Augmented:
    """Batches whose images are changed at random on their way to the training step.

    One pipeline serves all epochs, since to compile it takes longer than a small epoch.
    """

    def __init__(self, batches: Batches, augmentation: str) -> None:
        import tensorflow as tf

        self._batches, self._layers = batches, AUGMENTATIONS[augmentation]()
        self._mixes = augmentation in MIXING
        shapes = [tf.TensorSpec((None, *part.shape[1:]), part.dtype) for part in batches[0]]
        plain = tf.data.Dataset.from_generator(self._in_order, output_signature=tuple(shapes))
        # One batch after the other, or the random numbers would change places.
        changed = plain.map(self._changed).prefetch(PREPARED)
        self._dataset = changed.apply(tf.data.experimental.assert_cardinality(len(batches)))

    def of_epoch(self, seed: int, epoch: int) -> "tf.data.Dataset":
        """The batches as they stand, changed as it is this epoch's lot."""
        states = [state for layer in self._layers for state in layer.variables]
        drawn = np.random.SeedSequence([seed, epoch]).generate_state(len(states))
        for state, number in zip(states, drawn, strict=True):
            state.assign(np.array([number, 0], np.uint32))
        return self._dataset

    def _in_order(self):
        for index in range(len(self._batches)):
            yield self._batches[index]

    def _changed(self, images, labels):
        if self._mixes:
            both = {"images": images, "labels": labels}
            for layer in self._layers:
                both = layer(both, training=True)
            return both["images"], both["labels"]
        for layer in self._layers:
            images = layer(images, training=True)
        return images, labels
