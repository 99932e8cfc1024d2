"""Whole trainings, and from the measured parts the whole published protocol."""

import time
from collections.abc import Iterator

from tests.benchmarks import straightforward
from tests.benchmarks.parts import (
    CNN_SIZE,
    HEAD_EPOCHS,
    PRECISIONS,
    Bench,
    Row,
    median,
    pass_over,
)
from tests.benchmarks.photographs import SIZE
from tests.benchmarks.rounds import Spread, in_turns
from wastelib.data.sources import REALWASTE
from wastelib.training.fit import computing_in, fit
from wastelib.training.train import train_all
from wastelib.training.trial import CustomModel

RATES = (1e-4, 1e-3, 1e-2, 1e-1)
RATE_EPOCHS = 5
PUBLISHED_EPOCHS = 20
PUBLISHED_BACKBONES = ("InceptionResNetV2", "DenseNet121")


def second_head(bench: Bench) -> Iterator[Row]:
    """A second seed on stored features, as a share of the first training with its pass."""
    shares = []
    for number in range(bench.rounds):
        for stale in (bench.dataset.build_folder / "cache").glob("features-*"):
            stale.unlink()
        seconds = []
        for seed in (2 * number, 2 * number + 1):
            trial = bench.trial(bench.pretrained, 224, seed=seed)
            began = time.perf_counter()
            fit(trial, bench.dataset, weights=bench.weights, on_epoch=lambda history: None)
            seconds.append(time.perf_counter() - began)
        shares.append(seconds)
    first, second = zip(*shares, strict=True)
    what = f"second seed on stored features, share of the first ({bench.photos.images} images)"
    share = Spread.of([b / a for a, b in shares])
    yield Row(what, "float32", median(list(first)), median(list(second)), share, 0.02, False)


def four_rates(bench: Bench) -> Iterator[Row]:
    """Four learning rates over five epochs, one after the other against one list of trials."""
    training, validation = bench.files("train", CNN_SIZE), bench.files("validation", CNN_SIZE)

    def plain() -> None:
        for rate in RATES:
            model = straightforward.cnn(CNN_SIZE, bench.photos.classes)
            model.optimizer.learning_rate = rate
            model.fit(training, validation_data=validation, epochs=RATE_EPOCHS, verbose=0)

    def ours(precision: str) -> None:
        settings = {"epochs": RATE_EPOCHS, "precision": precision}
        trials = {
            f"{rate:g}": bench.trial(CustomModel(), CNN_SIZE, learning_rate=rate, **settings)
            for rate in RATES
        }
        train_all(trials, bench.dataset)

    what = f"{len(RATES)} learning rates over {RATE_EPOCHS} epochs at {CNN_SIZE} px"
    seconds = {}
    ways = {"plain": plain} | {p: (lambda p=p: ours(p)) for p in PRECISIONS}
    for name, way in ways.items():
        began = time.perf_counter()
        way()
        seconds[name] = time.perf_counter() - began
    for precision in PRECISIONS:
        ratio = Spread.of([seconds["plain"] / seconds[precision]])
        yield Row(what, precision, seconds["plain"], seconds[precision], ratio, 2.0)


def whole_protocol(bench: Bench) -> Iterator[Row]:
    """All that the assignment trained, on all of RealWaste: projected from measured parts."""
    images = sum(REALWASTE.counts.values())
    seen = {"train": 0.6 * images, "validation": 0.2 * images, "test": 0.2 * images}
    epochs = PUBLISHED_EPOCHS + len(RATES) * RATE_EPOCHS
    forward = {name: list(_forward(bench, name)) for name in PUBLISHED_BACKBONES}
    of = bench.image_seconds

    def cnn(way: str) -> float:
        training = epochs * (
            seen["train"] * of[f"cnn {way}"] + seen["validation"] * of[f"cnn {way} test"]
        )
        return training + seen["test"] * of[f"cnn {way} test"]

    passes = HEAD_EPOCHS * (seen["train"] + seen["validation"]) + seen["test"]
    plain = cnn("plain") + passes * sum(seconds[0] for seconds in forward.values())
    what = f"whole published protocol on {images} images, projected"
    for place, (precision, target) in enumerate(zip(PRECISIONS, (6.0, 10.0), strict=True), 1):
        once = images * sum(seconds[place] for seconds in forward.values())
        ours = cnn(precision) + once + len(forward) * images * of["head"]
        yield Row(what, precision, plain, ours, Spread.of([plain / ours]), target)


def _forward(bench: Bench, name: str) -> Iterator[float]:
    """Seconds for one image at 524 px through a backbone: plain, then ours by precision."""
    prepared = straightforward.preprocessing(name)
    files = bench.files("all", SIZE, preprocessing_function=prepared)
    model = straightforward.frozen(name, SIZE, bench.photos.classes)
    ways = {"plain": lambda: model.predict(files, verbose=0)}
    for precision in PRECISIONS:
        with computing_in(precision):
            trunk, _ = bench.trunk_and_head(name, SIZE)
        ways[precision] = lambda trunk=trunk: pass_over(bench, trunk)
    for seconds in in_turns(ways, 1).values():
        yield median(seconds) / bench.photos.images
