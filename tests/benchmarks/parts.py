"""The parts of the protocol that are measured: the straightforward way beside ours."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from tests.benchmarks import straightforward
from tests.benchmarks.photographs import Photographs
from tests.benchmarks.rounds import Spread, in_turns, ratios
from wastelib.data.arrays import StoredArray
from wastelib.data.batches import Batches, decoded
from wastelib.data.dataset import Dataset
from wastelib.models.backbones import BACKBONES, build_backbone, find_weights
from wastelib.models.custom import published_cnn
from wastelib.models.fused import use_fused_kernels
from wastelib.models.pretrained import split_backbone
from wastelib.training.averages import Averages
from wastelib.training.checkpoints import Checkpoints
from wastelib.training.features import compute_features, features_file, stored_features
from wastelib.training.fit import computing_in
from wastelib.training.optimizer import optimizer_of
from wastelib.training.trial import CustomModel, PretrainedModel, Trial

BATCH = 32
CNN_SIZE = 256
BACKBONE = "MobileNetV2"
BACKBONE_SIZE = 224
HEAD_EPOCHS = 10
PRECISIONS = ("float32", "bfloat16")
SUBSETS = ("train", "validation", "test")


@dataclass(frozen=True)
class Row:
    """One line of the table.

    `ratio` is how many times faster ours is, or a share where `what` says so; seconds are
    medians. `target` is what was asked for, in the unit of `ratio`.
    """

    what: str
    precision: str
    straightforward_seconds: float | None
    our_seconds: float
    ratio: Spread
    target: float
    at_least: bool = True

    @property
    def met(self) -> bool:
        """Whether the median keeps to the target."""
        return (self.ratio.median >= self.target) == self.at_least


class Bench:
    """What the sections share: the photographs, the dataset made of them, weights, rounds."""

    def __init__(self, photos: Photographs, dataset: Dataset, weights: str, rounds: int) -> None:
        self.photos, self.dataset, self.weights, self.rounds = photos, dataset, weights, rounds
        self.labels = dataset.class_numbers.to_numpy()
        self.split = dataset.splits["random"]
        # Seconds for one image, by what is done with it: for the projection.
        self.image_seconds: dict[str, float] = {}

    def pixels(self, image_size: int) -> StoredArray:
        """The photographs from the cache of decoded images."""
        return decoded(self.dataset, image_size)

    def trial(self, model, image_size: int, **changes) -> Trial:
        """A trial of the published settings on all photographs."""
        settings = {"learning_rate": 1e-3, "batch_size": BATCH, "epochs": HEAD_EPOCHS} | changes
        return Trial(
            dataset=self.dataset.fingerprint,
            split=self.split.fingerprint,
            model=model,
            image_size=image_size,
            **settings,
        )

    def files(self, subset: str, image_size: int, **options):
        """The straightforward way's batches of one subset, or of all photographs."""
        images = self.split.assignment
        if subset != "all":
            images = images[images["subset"] == subset]
        return straightforward.batches(self.photos.folder, images, image_size, BATCH, **options)

    def batches(self, inputs: StoredArray, subset: str) -> Batches:
        """Our batches of the same photographs."""
        everything = np.arange(self.photos.images)
        rows = everything if subset == "all" else self.split.rows(subset)
        return Batches(inputs, self.labels, rows, BATCH)

    @cached_property
    def pretrained(self) -> PretrainedModel:
        """The backbone whose epochs are really run; without weights, with random ones."""
        if not self.weights:
            self.weights = str(self.dataset.build_folder / "weights")
            Path(self.weights).mkdir()
            name = BACKBONES[BACKBONE].weights_file.replace("*", "random").removesuffix(".h5")
            backbone = build_backbone(BACKBONE, BACKBONE_SIZE, None)
            backbone.save_weights(Path(self.weights) / f"{name}.weights.h5")
        found = find_weights(self.weights, BACKBONE, BACKBONE_SIZE)
        return PretrainedModel(backbone=BACKBONE, weights=found.identity)

    def trunk_and_head(self, name: str, image_size: int) -> tuple[keras.Model, keras.Model]:
        """A frozen backbone and its head, with fused kernels, in the precision of the block."""
        backbone = build_backbone(name, image_size, None)
        classes = self.photos.classes
        parts = split_backbone(name, backbone, head_units=128, classes=classes, unfrozen_layers=0)
        for part in parts:
            use_fused_kernels(part)
        return parts


class OurCnn:
    """The published network as `fit` trains it: cache, fused kernels, a checkpoint an epoch."""

    def __init__(self, bench: Bench, precision: str, folder: Path) -> None:
        with computing_in(precision):
            self.net = published_cnn(CNN_SIZE, bench.photos.classes)
        use_fused_kernels(self.net)
        trial = bench.trial(CustomModel(), CNN_SIZE)
        self.batches = bench.batches(bench.pixels(CNN_SIZE), "all")
        optimizer = optimizer_of(trial, len(self.batches))
        self.net.compile(optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        self.averages = Averages(self.net, trial.averaging)
        self.checkpoints = Checkpoints(folder / precision)
        self.epochs = 0

    def epoch(self) -> None:
        """One epoch, and its checkpoint."""
        self.epochs += 1
        self.batches.shuffle(42, self.epochs)
        self.net.fit(self.batches, shuffle=False, verbose=0)
        history = pd.DataFrame({"epoch": range(1, self.epochs + 1)})
        self.checkpoints.save(self.net, self.averages, history, best=True)

    def steps(self) -> None:
        """As many steps on one batch that is in memory: an epoch without anything around it."""
        data = tf.data.Dataset.from_tensors(self.batches[0])
        iterator = iter(data.repeat(len(self.batches)))
        for _ in range(len(self.batches)):
            self.net.train_function(iterator)

    def evaluate(self) -> None:
        """Loss and accuracy on all photographs."""
        self.net.evaluate(self.batches, verbose=0)


def cnn_epoch(bench: Bench) -> Iterator[Row]:
    """One epoch of the published CNN, after the first."""
    files = bench.files("all", CNN_SIZE)
    plain = straightforward.cnn(CNN_SIZE, bench.photos.classes)
    with TemporaryDirectory() as folder:
        ours = {precision: OurCnn(bench, precision, Path(folder)) for precision in PRECISIONS}
        ways = {"plain": lambda: plain.fit(files, verbose=0)}
        ways |= {precision: cnn.epoch for precision, cnn in ours.items()}
        ways |= {f"{precision} steps": cnn.steps for precision, cnn in ours.items()}
        ways |= {"plain test": lambda: plain.evaluate(files, verbose=0)}
        ways |= {f"{precision} test": cnn.evaluate for precision, cnn in ours.items()}
        taken = in_turns(ways, bench.rounds)
    for name, seconds in taken.items():
        bench.image_seconds[f"cnn {name}"] = median(seconds) / bench.photos.images
    what = f"published CNN at {CNN_SIZE} px, one epoch after the first"
    for precision, target in zip(PRECISIONS, (2.0, 3.0), strict=True):
        yield row(what, precision, taken["plain"], taken[precision], target)
    what = "share of that epoch outside the model's own step"
    for precision in PRECISIONS:
        pairs = zip(taken[f"{precision} steps"], taken[precision], strict=True)
        share = Spread.of([1 - steps / epoch for steps, epoch in pairs])
        yield Row(what, precision, None, median(taken[precision]), share, 0.03, at_least=False)
    what = f"published CNN at {CNN_SIZE} px, one pass over validation or test images"
    for precision in PRECISIONS:
        yield row(what, precision, taken["plain test"], taken[f"{precision} test"], 1.0)


def frozen_backbone(bench: Bench) -> Iterator[Row]:
    """Ten epochs of a head on a frozen backbone, then the test; building and compiling included."""
    prepared = {"preprocessing_function": straightforward.preprocessing(BACKBONE)}
    files = {name: bench.files(name, BACKBONE_SIZE, **prepared) for name in SUBSETS}

    def plain() -> None:
        model = straightforward.frozen(BACKBONE, BACKBONE_SIZE, bench.photos.classes)
        validation = files["validation"]
        model.fit(files["train"], validation_data=validation, epochs=HEAD_EPOCHS, verbose=0)
        model.evaluate(files["test"], verbose=0)

    def ours(precision: str) -> None:
        with computing_in(precision):
            trunk, head = bench.trunk_and_head(BACKBONE, BACKBONE_SIZE)
        features = pass_over(bench, trunk)
        began = time.perf_counter()
        straightforward.compiled(head)
        training, validation, test = (bench.batches(features, name) for name in SUBSETS)
        for epoch in range(HEAD_EPOCHS):
            training.shuffle(42, epoch)
            head.fit(training, validation_data=validation, shuffle=False, verbose=0)
        head.evaluate(test, verbose=0)
        bench.image_seconds["head"] = (time.perf_counter() - began) / bench.photos.images

    ways = {"plain": plain} | {p: (lambda p=p: ours(p)) for p in PRECISIONS}
    taken = in_turns(ways, bench.rounds)
    what = f"frozen {BACKBONE} at {BACKBONE_SIZE} px, {HEAD_EPOCHS} epochs"
    for precision in PRECISIONS:
        yield row(what, precision, taken["plain"], taken[precision], 8.0)


def feature_pass(bench: Bench) -> Iterator[Row]:
    """The pass that makes the features, against the bare forward pass of the same network."""
    for precision in PRECISIONS:
        with computing_in(precision):
            trunk, _ = bench.trunk_and_head(BACKBONE, BACKBONE_SIZE)
        forward = tf.function(lambda pixels, trunk=trunk: trunk(pixels, training=False))
        pixels = bench.pixels(BACKBONE_SIZE)
        batch = tf.constant(pixels[:BATCH].astype(np.float32))

        def bare(forward=forward, batch=batch) -> None:
            for _ in range(bench.photos.images // BATCH):
                forward(batch).numpy()

        ways = {"bare": bare, "pass": lambda trunk=trunk: pass_over(bench, trunk)}
        taken = in_turns(ways, bench.rounds)
        what = "feature pass, in parts of the speed of the bare forward pass"
        seconds = median(taken["pass"])
        speed = ratios(taken["bare"], taken["pass"])
        yield Row(what, precision, median(taken["bare"]), seconds, speed, 0.95)


def pass_over(bench: Bench, trunk: keras.Model) -> StoredArray:
    """The features of all photographs, computed now."""
    for stale in (bench.dataset.build_folder / "cache").glob("features-*"):
        stale.unlink()
    bench.pixels(trunk.input_shape[1])  # decoded before it is timed, once
    trial = bench.trial(bench.pretrained, trunk.input_shape[1])
    compute_features(trunk, bench.dataset, trial)
    return stored_features(features_file(bench.dataset, trial))[0]


def row(what: str, precision: str, plain: list[float], ours: list[float], target: float) -> Row:
    """A row of how many times faster ours is."""
    return Row(what, precision, median(plain), median(ours), ratios(plain, ours), target)


def median(seconds: list[float]) -> float:
    """The middle one."""
    return Spread.of(seconds).median
