"""What is trained on: augmented for training only, and the same again for seed and epoch."""

import numpy as np
import pytest
from small_trials import fitted, trial_of

from wastelib.models.augmentation import AUGMENTATIONS, MIXING, RandomView
from wastelib.training.examples import Examples, balanced_weights
from wastelib.training.trial import CustomModel, Trial

IMAGES, SIZE, CLASSES = 24, 16, 3


class SplitOfRows:
    """The first 18 images to train on, the others to choose with."""

    def rows(self, subset):
        return {"train": np.arange(18), "validation": np.arange(18, 24)}[subset]


@pytest.fixture
def pixels():
    """Bright squares on dark ground, so that a shift is seen."""
    images = np.random.default_rng(0).integers(0, 90, (IMAGES, SIZE, SIZE, 3), np.uint8)
    images[:, 4:9, 2:6] += 160
    return images


@pytest.fixture
def examples_of(pixels):
    def made(augmentation="none", seed=7, **changes) -> Examples:
        trial = Trial(
            dataset="d",
            split="s",
            model=CustomModel(),
            image_size=SIZE,
            learning_rate=1,
            epochs=1,
            batch_size=8,
            augmentation=augmentation,
            seed=seed,
            **changes,
        )
        return Examples(trial, pixels, np.arange(IMAGES) % CLASSES, CLASSES, SplitOfRows())

    return made


def batches_of(examples, epoch) -> list[tuple[np.ndarray, np.ndarray]]:
    found = examples.training(epoch)
    if not hasattr(found, "as_numpy_iterator"):
        return [found[index] for index in range(len(found))]
    return list(found.as_numpy_iterator())


def images_of(examples, epoch) -> np.ndarray:
    return np.concatenate([images for images, _ in batches_of(examples, epoch)])


def test_without_augmentation_images_and_labels_are_as_they_are(examples_of, pixels):
    found = batches_of(examples_of(), epoch=0)
    assert sorted(len(labels) for _, labels in found) == [2, 8, 8]
    for images, labels in found:
        for image, label in zip(images, labels, strict=True):
            (row,) = np.flatnonzero((pixels == image).all(axis=(1, 2, 3)))
            assert row < 18
            assert label == row % CLASSES


@pytest.mark.parametrize("augmentation", AUGMENTATIONS)
def test_augmentation_changes_training_images_and_no_other(examples_of, pixels, augmentation):
    plain = examples_of()
    examples = examples_of(augmentation)
    changed, before = batches_of(examples, epoch=1), batches_of(plain, epoch=1)
    for (images, labels), (original, numbers) in zip(changed, before, strict=True):
        assert images.shape == original.shape
        assert np.isfinite(images).all()
        assert images.min() >= 0
        assert images.max() <= 255
        if augmentation in MIXING:
            assert np.allclose(labels.sum(axis=1), 1, atol=1e-6)
            assert (labels[np.arange(len(labels)), numbers] > 0).all()
        else:
            assert np.array_equal(labels, numbers)
    assert not np.array_equal(images_of(examples, 1), images_of(plain, 1))
    shown = np.concatenate([examples.validation[i][0] for i in range(len(examples.validation))])
    assert np.array_equal(shown, pixels[18:])


@pytest.mark.parametrize("augmentation", AUGMENTATIONS)
def test_an_epoch_depends_on_seed_and_epoch_only(examples_of, augmentation):
    """Whatever was drawn before: a training that goes on is as one that was not stopped."""
    through = examples_of(augmentation)
    drawn = [images_of(through, epoch) for epoch in range(3)]
    resumed = examples_of(augmentation)
    assert np.array_equal(images_of(resumed, 2), drawn[2])
    assert not np.array_equal(drawn[1], drawn[2])
    assert not np.array_equal(images_of(examples_of(augmentation, seed=8), 2), drawn[2])


def test_randaugment_gives_what_that_of_keras_gives(pixels):
    """Which computes all operations and keeps the drawn ones, and so takes longer."""
    import keras
    import tensorflow as tf

    def drawn_by(layer):
        layer.generator.state.assign([5, 0])
        batches = tf.data.Dataset.from_tensors(pixels).repeat(12)
        changed = batches.map(lambda images: layer(images, training=True))
        return np.stack(list(changed.as_numpy_iterator()))

    (ours,) = AUGMENTATIONS["randaugment"]()
    theirs = drawn_by(keras.layers.RandAugment(dtype="float32"))
    assert np.array_equal(drawn_by(ours), theirs)
    assert len({batch.tobytes() for batch in theirs}) > 6


def test_mixed_labels_are_the_shares_of_the_images(examples_of):
    """On images of one shade per class, a mixed image's shade says what was mixed."""
    examples = examples_of("mixup")
    shades = np.array([0, 100, 200])
    examples._training.inputs = np.broadcast_to(
        shades[np.arange(IMAGES) % CLASSES][:, None, None, None], (IMAGES, SIZE, SIZE, 3)
    ).astype(np.uint8)
    for images, labels in batches_of(examples, epoch=0):
        assert np.allclose(images.mean(axis=(1, 2, 3)), labels @ shades, atol=1e-3)


def test_smoothed_labels_are_of_training_only_and_keep_the_class(examples_of):
    examples = examples_of(label_smoothing=0.3)
    for (_, labels), (_, numbers) in zip(
        batches_of(examples, 0), batches_of(examples_of(), 0), strict=True
    ):
        expected = np.full((len(numbers), CLASSES), 0.1, np.float32)
        expected[np.arange(len(numbers)), numbers] += 0.7
        assert labels == pytest.approx(expected)
    assert np.array_equal(np.unique(examples.validation[0][1]), [0, 1])


@pytest.mark.parametrize("changes", [{}, {"augmentation": "cutmix"}, {"label_smoothing": 0.1}])
def test_the_loss_of_validation_is_the_surprise_at_the_true_class(examples_of, changes):
    import keras

    examples = examples_of(**changes)
    shown = np.random.default_rng(1).dirichlet(np.ones(CLASSES), 6).astype(np.float32)
    labels = examples.validation[0][1]
    found = float(keras.ops.mean(keras.losses.get(examples.loss)(labels, shown)))
    truth = (np.arange(IMAGES) % CLASSES)[18:]
    assert found == pytest.approx(-np.log(shown[np.arange(6), truth]).mean(), rel=1e-5)


def test_a_view_without_a_turn_or_a_part_is_the_image_or_its_mirror(pixels):
    layer = RandomView(part=1.0, turn=0.0, dtype="float32")
    for image, shown in zip(pixels, np.asarray(layer(pixels, training=True)), strict=True):
        mirrored = [image, image[::-1], image[:, ::-1], image[::-1, ::-1]]
        assert any(np.allclose(shown, one, atol=0.05) for one in mirrored)
    assert np.array_equal(layer(pixels, training=False), pixels)


def test_a_view_stays_inside_the_image_and_shows_all_of_it_in_time():
    """On a ramp from left to right a place can be read off its shade."""
    ramp = np.broadcast_to(np.linspace(0, 250, 64)[None, :, None], (64, 64, 3))
    layer = RandomView(part=0.5, turn=0.0, dtype="float32")
    shown = np.asarray(layer(np.repeat(ramp[None], 200, axis=0), training=True))[:, 0, :, 0]
    widths = np.abs(shown[:, -1] - shown[:, 0]) / 250
    assert widths.min() == pytest.approx(0.5, abs=0.02)
    assert widths.max() == pytest.approx(1.0, abs=0.02)
    assert shown.min() < 2
    assert shown.max() > 248
    assert np.all(np.abs(np.diff(shown, axis=1)).min(axis=1) > 0.9)  # nowhere is it reflected


def test_balanced_weights_make_all_classes_weigh_the_same():
    numbers = np.repeat([0, 1, 2], [10, 30, 60])
    weights = balanced_weights(numbers, 3)
    assert weights == pytest.approx({0: 100 / 30, 1: 100 / 90, 2: 100 / 180})


def test_weights_are_those_of_the_training_images(examples_of):
    assert examples_of().class_weight is None
    assert examples_of(class_weights="balanced").class_weight == dict.fromkeys(range(3), 1.0)


@pytest.mark.parametrize("changes", [{"augmentation": "cutmix"}, {"class_weights": "balanced"}])
def test_accuracy_is_reported_whatever_the_labels_are(prepare_small, changes):

    dataset = prepare_small()
    trial = trial_of(dataset, epochs=1, **changes)
    run = fitted(trial, dataset)
    named = run.predictions[[f"p_{c}" for c in run.classes]].idxmax(axis=1).str.removeprefix("p_")
    accuracy = (named == run.predictions["label"]).mean()
    assert run.history["val_accuracy"].iloc[-1] == pytest.approx(accuracy)
    assert np.isfinite(run.history.to_numpy()).all()
