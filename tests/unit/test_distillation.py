"""A student learns from a teacher, and its run is a run like any other."""

import shutil
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import layers
from pydantic import ValidationError
from small_trials import (
    RECIPE,
    cross_entropy,
    fitted,
    predicted_again,
    small_backbone,
    stored,
    trial_of,
)

from wastelib.errors import WasteError
from wastelib.models.temperature import tempered
from wastelib.training.distillation import SoftAnswers, Taught, learner_of
from wastelib.training.range_test import store_range_test
from wastelib.training.run import FILES, Run
from wastelib.training.train import train
from wastelib.training.trial import CustomModel, Trial

SIZE = 32
STUDENT = {"model": CustomModel(network="residual_s"), "image_size": SIZE, "epochs": 2}


@pytest.fixture
def dataset(prepare_small):
    return prepare_small()


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return tmp_path_factory.mktemp("teacher")


@pytest.fixture
def teacher(dataset, kept) -> Run:
    """A finished run in the dataset's build folder; it is trained for the first test only."""
    trial = trial_of(dataset, model=small_backbone(SIZE), image_size=SIZE, epochs=40)
    if (kept / trial.hash).exists():
        shutil.copytree(kept / trial.hash, dataset.build_folder / "runs" / trial.hash)
    run = fitted(trial, dataset)
    shutil.copytree(run.folder, kept / trial.hash, dirs_exist_ok=True)
    return run


def test_the_loss_is_the_divergence_of_softened_answers_as_the_source_has_it():
    """Hinton et al. 2015: both softened by the same temperature, times its square."""
    rng = np.random.default_rng(0)
    teacher, student = (rng.dirichlet(np.ones(4), 6).astype(np.float32) for _ in range(2))
    loss = SoftAnswers(3.0, keras.losses.KLDivergence())
    soft = [tempered(shares.astype(float), 3.0) for shares in (teacher, student)]
    expected = 9 * (soft[0] * np.log(soft[0] / soft[1])).sum(axis=1).mean()
    assert float(loss.compute_loss(teacher, student)) == pytest.approx(expected, rel=1e-3)
    assert float(loss.compute_loss(teacher, teacher)) == pytest.approx(0, abs=1e-5)


def test_training_weighs_both_losses_and_validation_only_the_labels():
    def network(seed):
        keras.utils.set_random_seed(seed)
        return keras.Sequential([keras.Input((5,)), layers.Dense(3, activation="softmax")])

    teacher, student = network(1), network(2)
    x, y = np.random.default_rng(0).normal(size=(8, 5)).astype(np.float32), np.arange(8) % 3
    answers = SoftAnswers(2.0, keras.losses.KLDivergence())
    learner = Taught(teacher, student, answers, student_loss_weight=0.3)
    for model in (student, learner):
        model.compile("sgd", "sparse_categorical_crossentropy")
    plain = student.evaluate(x, y, verbose=0)
    soft = float(answers.compute_loss(teacher(x), student(x)))
    validated = learner.evaluate(x, y, verbose=0, return_dict=True)
    assert validated["loss"] == pytest.approx(plain, rel=1e-5)
    trained = learner.train_on_batch(x, y, return_dict=True)
    assert trained["loss"] == pytest.approx(0.3 * plain + 0.7 * soft, rel=1e-5)


def test_the_trial_says_how_much_the_teacher_counts_and_how_soft_it_is(dataset):
    def network(seed):
        keras.utils.set_random_seed(seed)
        return keras.Sequential([keras.Input((5,)), layers.Dense(3, activation="softmax")])

    teacher, student = network(1), network(2)
    x, y = np.random.default_rng(0).normal(size=(8, 5)).astype(np.float32), np.arange(8) % 3
    trial = trial_of(dataset, teacher="t", teacher_share=0.8, teacher_temperature=2.0)
    loss = keras.losses.SparseCategoricalCrossentropy()
    accuracy = keras.metrics.SparseCategoricalAccuracy
    examples = SimpleNamespace(steps=1, loss=loss, accuracy=accuracy)
    plain = float(loss(y, student(x)))
    soft = float(SoftAnswers(2.0, keras.losses.KLDivergence()).compute_loss(teacher(x), student(x)))
    learner = learner_of(trial, student, teacher, examples)
    trained = learner.train_on_batch(x, y, return_dict=True)
    assert trained["loss"] == pytest.approx(0.2 * plain + 0.8 * soft, rel=1e-4)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        RECIPE | {"image_size": SIZE, "restore_best": True},
        {"precision": "bfloat16", "augmentation": "mixup"},
        {"model": "fine-tuned", "rate_decay": 0.5},
    ],
    ids=["plain", "recipe", "bfloat16", "a backbone"],
)
def test_the_student_s_run_is_the_student_s_alone(dataset, teacher, changes):
    if "rate_decay" in changes:
        changes = changes | {"model": small_backbone(SIZE, unfrozen_layers=20, start=teacher.hash)}
    run = fitted(trial_of(dataset, **STUDENT | changes, teacher=teacher.hash), dataset)
    assert {path.name for path in run.folder.iterdir()} == set(FILES)
    alone = fitted(trial_of(dataset, **STUDENT | changes), dataset)
    assert run.manifest["parameters"] == alone.manifest["parameters"]
    assert run.history.columns.tolist() == alone.history.columns.tolist()
    assert cross_entropy(run) == pytest.approx(run.kept_epoch["val_loss"], rel=1e-2, abs=1e-4)
    assert stored(run) == pytest.approx(predicted_again(run, dataset), abs=2e-2)
    assert not np.array_equal(stored(run), stored(alone))


def test_a_student_without_labels_of_its_own_learns_what_its_teacher_says(dataset, teacher):
    settings = STUDENT | {"epochs": 20, "learning_rate": 3e-3}
    trial = trial_of(dataset, **settings, teacher=teacher.hash, teacher_share=1.0)
    run = fitted(trial, dataset)
    history = run.history
    # Averages over the last epochs: a network this small jumps from one to the next.
    assert history["val_accuracy"].tail(5).mean() > 0.8  # of three colours, with three classes
    assert history["loss"].tail(5).mean() < history["loss"].iloc[0] / 3


def test_a_student_sees_pixels_as_its_teacher_does_and_no_features(dataset, teacher, monkeypatch):
    made = "wastelib.training.fit.compute_features"
    monkeypatch.setattr(made, lambda *_: pytest.fail("features were made"))
    settings = {"model": small_backbone(SIZE, head_units=4), "image_size": SIZE, "epochs": 1}
    assert len(fitted(trial_of(dataset, **settings, teacher=teacher.hash), dataset).history) == 1


def test_a_range_test_of_a_student_has_its_teacher_too(dataset, teacher):
    from wastelib.training import range_test

    rates = [1e-4, 1e-3, 1e-2]
    losses = []
    for taught in ({}, {"teacher": teacher.hash}):
        trial = trial_of(dataset, **STUDENT | {"epochs": 1}, **taught)
        store_range_test(trial, dataset, rates, weights="demo")
        file = range_test._file(trial, dataset, rates)
        losses.append(file.read_text("utf-8"))
    assert losses[0] != losses[1]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"teacher": "0" * 16}, "is taught by the run 0{16}, which is not finished"),
        ({"image_size": 16}, "has another image_size: 32, and not 16"),
        ({"view": "grey"}, "has another view: colour, and not grey"),
        ({"split": "random"}, "has another split"),
    ],
)
def test_a_teacher_that_cannot_teach_is_refused_before_anything_is_trained(
    dataset, teacher, changes, words
):
    if "split" in changes:
        changes = {"split": dataset.splits["random"].fingerprint}
    trial = trial_of(dataset, **STUDENT | {"teacher": teacher.hash} | changes)
    with pytest.raises(WasteError, match=words):
        train(trial, dataset)
    folders = [path for path in (dataset.build_folder / "runs").iterdir() if path.is_dir()]
    assert folders == [teacher.folder]


def test_a_teacher_of_other_photographs_is_refused(prepare_small, tmp_path, dataset, teacher):
    """A build folder that now holds another dataset still has the runs of the one before."""
    other = prepare_small(demo_images=90, folder="demo", build=tmp_path / "other")
    (other.build_folder / "runs").mkdir()
    teacher.folder.rename(other.build_folder / "runs" / teacher.hash)
    with pytest.raises(WasteError, match="has another dataset"):
        train(trial_of(other, **STUDENT, teacher=teacher.hash), other)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"teacher_share": 0.9}, "need a teacher"),
        ({"teacher_temperature": 1.0}, "need a teacher"),
        ({"teacher": "a", "teacher_share": 0.0}, "teacher_share"),
        ({"teacher": "a", "teacher_temperature": 0.0}, "teacher_temperature"),
        ({"teacher": "a", "class_weights": "balanced"}, "class_weights have no part"),
    ],
)
def test_a_setting_of_a_teacher_without_an_effect_is_refused(changes, words):
    known = {"dataset": "d", "split": "s", "model": CustomModel(), "image_size": 64}
    with pytest.raises(ValidationError, match=words):
        Trial(**known, learning_rate=1e-3, epochs=20, **changes)
