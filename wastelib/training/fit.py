"""Fit one trial in this process: build, train epoch by epoch, write the run."""

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from wastelib.data.arrays import StoredArray
from wastelib.data.batches import Batches, decoded
from wastelib.data.dataset import Dataset
from wastelib.data.lock import one_at_a_time
from wastelib.data.splits import Split
from wastelib.errors import WasteError
from wastelib.files import whole_folder, write_json
from wastelib.models.backbones import build_backbone, find_weights
from wastelib.models.custom import CUSTOM
from wastelib.models.fused import use_fused_kernels
from wastelib.models.pretrained import join, split_backbone, start_from
from wastelib.training.averages import Averages
from wastelib.training.checkpoints import Checkpoints
from wastelib.training.distillation import learner_of, teacher_of
from wastelib.training.environment import environment
from wastelib.training.examples import Examples
from wastelib.training.features import compute_features, features_file, stored_features
from wastelib.training.machine import cores
from wastelib.training.run import Run, open_run, predictions_table, write_answers
from wastelib.training.testing import image_milliseconds, retest
from wastelib.training.trial import Trial

OnEpoch = Callable[[pd.DataFrame], None]

# Weights and their updates stay float32 in both.
POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}

HISTORY = ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds"]


def fit(trial: Trial, dataset: Dataset, *, weights: str, on_epoch: OnEpoch) -> Run:
    """Train `trial` in this process; what `train` promises, this does.

    `on_epoch` is called with the history after every epoch that is on the disk, also with
    what an earlier, interrupted training left.
    """
    folder = dataset.build_folder / "runs" / trial.hash
    with one_at_a_time(folder):
        if not folder.exists():
            with computing_in(trial.precision):
                if trial == trial.trained:
                    _fit_into(folder, trial, dataset, weights, on_epoch)
                else:
                    retest(folder, trial, dataset)
    return open_run(folder)


@contextmanager
def computing_in(precision: str) -> Iterator[None]:
    """Layers that are built in this block compute in `precision`."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(POLICIES[precision])
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _fit_into(
    folder: Path, trial: Trial, dataset: Dataset, weights: str, on_epoch: OnEpoch
) -> None:
    split = dataset.split(trial.split)
    parts, examples = prepared(trial, dataset, split, weights)
    checkpoints = Checkpoints(folder.with_name(f"{trial.hash}.unfinished"))
    net = parts.net
    history = _epochs(trial, parts, examples, checkpoints, on_epoch)
    # The optimizer's state is twice the weights, and no part of the model.
    net.compile()
    chosen_by, tested = (
        _predictions(net, parts.inputs, dataset, split, subset) for subset in ("validation", "test")
    )
    model = join(parts.trunk, net)
    with whole_folder(folder) as unfinished:
        write_answers(unfinished, trial, chosen_by, tested)
        history.to_csv(unfinished / "history.csv", index=False)
        model.save(unfinished / "model.keras")
        manifest = {
            **environment(),
            "threads": int(os.environ.get("TF_NUM_INTRAOP_THREADS") or cores()),
            "train_seconds": float(history["seconds"].sum() + parts.feature_seconds),
            "feature_seconds": parts.feature_seconds,
            "image_milliseconds": image_milliseconds(model, trial),
            "parameters": model.count_params(),
            "trainable_parameters": sum(int(np.prod(v.shape)) for v in net.trainable_variables),
            "model_bytes": (unfinished / "model.keras").stat().st_size,
            "kept_epoch": kept_epoch(history, trial.restore_best),
        }
        write_json(unfinished / "manifest.json", manifest)
    checkpoints.remove()


@dataclass(frozen=True)
class Parts:
    """What is trained: `net` on `inputs`; `trunk` made the inputs, and `teacher` helps, if any."""

    trunk: keras.Model | None
    net: keras.Model
    inputs: StoredArray
    feature_seconds: float
    teacher: keras.Model | None = None


def prepared(trial: Trial, dataset: Dataset, split: Split, weights: str) -> tuple[Parts, Examples]:
    """The network at the start of its training, drawn from the trial's seed, and its examples."""
    # Every trial compiles its own step; TensorFlow takes that for a mistake and warns.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    keras.utils.set_random_seed(trial.seed)
    parts = _build(trial, dataset, weights)
    if trial.teacher is not None:
        parts = replace(parts, teacher=teacher_of(dataset.build_folder / "runs" / trial.teacher))
    labels = dataset.class_numbers.to_numpy()
    return parts, Examples(trial, parts.inputs, labels, len(dataset.classes), split)


def _build(trial: Trial, dataset: Dataset, weights: str) -> Parts:
    classes = len(dataset.classes)
    model = trial.model
    if model.kind == "custom":
        net = CUSTOM[model.network](trial.image_size, classes)
        use_fused_kernels(net)
        return Parts(None, net, decoded(dataset, trial.image_size, trial.view), 0.0)
    trunk, net = _pretrained(trial, classes, weights)
    whole = join(trunk, net)
    if model.start is not None:
        start_from(whole, open_run(dataset.build_folder / "runs" / model.start).load_model())
    if not trial.reads_features:
        return Parts(None, whole, decoded(dataset, trial.image_size, trial.view), 0.0)
    compute_features(trunk, dataset, trial)
    return Parts(trunk, net, *stored_features(features_file(dataset, trial)))


def trunk_of(trial: Trial, classes: int, weights: str) -> keras.Model:
    """What makes the features that a trial of a pretrained model reads."""
    with computing_in(trial.precision):
        return _pretrained(trial, classes, weights)[0]


def _pretrained(trial: Trial, classes: int, weights: str) -> tuple[keras.Model, keras.Model]:
    """Trunk and net; the head is drawn from the trial's seed."""
    model = trial.model
    found = find_weights(weights, model.backbone, trial.image_size)
    if found.identity != model.weights:
        raise WasteError(
            f"the trial was declared for other weights of {model.backbone}",
            where=weights,
            remedy="declare it with the identity that find_weights returns for these",
        )
    backbone = build_backbone(model.backbone, trial.image_size, found)
    # Seeded here again: building the backbone has drawn random numbers for weights that were
    # then loaded, and the head must not depend on how many.
    keras.utils.set_random_seed(trial.seed)
    trunk, net = split_backbone(
        model.backbone,
        backbone,
        head_units=model.head_units,
        classes=classes,
        unfrozen_layers=model.unfrozen_layers,
    )
    use_fused_kernels(trunk)
    use_fused_kernels(net)
    return trunk, net


def _epochs(
    trial: Trial,
    parts: Parts,
    examples: Examples,
    checkpoints: Checkpoints,
    on_epoch: OnEpoch,
) -> pd.DataFrame:
    """Train the net epoch by epoch; each is on the disk before the next begins."""
    net, learner = parts.net, learner_of(trial, parts.net, parts.teacher, examples)
    averages = Averages(net, trial.averaging)
    history = checkpoints.restore(net, averages)
    if history is None:
        history = pd.DataFrame(columns=HISTORY)
    while not _finished(trial, history):
        epoch = len(history)
        began = time.perf_counter()
        result = learner.fit(
            examples.training(epoch),
            validation_data=examples.validation,
            class_weight=examples.class_weight,
            callbacks=[averages] if trial.averaging else [],  # one that follows steps slows them
            shuffle=False,
            verbose=0,
        ).history
        seconds = time.perf_counter() - began
        scores = {key: values[0] for key, values in result.items()}
        row = pd.DataFrame([{"epoch": epoch + 1, "seconds": seconds, **scores}])[HISTORY]
        history = pd.concat([history, row], ignore_index=True) if epoch else row
        best = kept_epoch(history, restore_best=True) == len(history)
        checkpoints.save(net, averages, history, best=best)
        on_epoch(history)
    if trial.restore_best:
        checkpoints.restore_best(net)
    else:
        averages.exchange()
    return history


def kept_epoch(history: pd.DataFrame, restore_best: bool) -> int:
    """The epoch, from 1, whose weights are kept: the last, or that of the lowest val_loss."""
    losses = history["val_loss"].astype(float)
    if not restore_best or losses.isna().all():
        return int(history["epoch"].iloc[-1])
    return int(history["epoch"].loc[losses.idxmin()])


def _finished(trial: Trial, history: pd.DataFrame) -> bool:
    """Early stopping is read off the history, so that it needs no state of its own."""
    if len(history) >= trial.epochs:
        return True
    if not trial.patience or history.empty:
        return False
    return len(history) - kept_epoch(history, restore_best=True) >= trial.patience


def _predictions(
    net: keras.Model, inputs: StoredArray, dataset: Dataset, split: Split, subset: str
) -> pd.DataFrame:
    rows = split.rows(subset)
    labels = dataset.class_numbers.to_numpy()
    probabilities = net.predict(Batches(inputs, labels, rows, 32), verbose=0)
    return predictions_table(split.assignment.iloc[rows], probabilities, dataset.classes)
