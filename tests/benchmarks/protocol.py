"""Whole trainings, and from the measured parts the whole published protocol."""

import time
from collections.abc import Iterator

from tests.benchmarks import straightforward
from tests.benchmarks.parts import (
    BACKBONE_SIZE,
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
from wastelib.training.trial import CustomModel, Trial

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
            trial = bench.trial(bench.pretrained, BACKBONE_SIZE, seed=seed)
            began = time.perf_counter()
            fit(trial, bench.dataset, weights=bench.weights, on_epoch=lambda history: None)
            seconds.append(time.perf_counter() - began)
        shares.append(seconds)
    first, second = zip(*shares, strict=True)
    bench.image_seconds["second head"] = median(list(second)) / bench.photos.images
    what = f"second seed on stored features, share of the first ({bench.photos.images} images)"
    share = Spread.of([b / a for a, b in shares])
    yield Row(what, "float32", median(list(first)), median(list(second)), share, 0.02, False)


def four_rates(bench: Bench) -> Iterator[Row]:
    """Four learning rates over five epochs: one list of trials, run once in each precision.

    The straightforward way's seconds are those of its epochs and passes as measured above.
    """
    sizes, of = bench.split.sizes(), bench.image_seconds
    epoch = sizes["train"] * of["cnn plain"] + sizes["validation"] * of["cnn plain test"]
    plain = len(RATES) * RATE_EPOCHS * epoch
    what = f"{len(RATES)} learning rates over {RATE_EPOCHS} epochs at {CNN_SIZE} px, processes too"
    for precision in PRECISIONS:
        began = time.perf_counter()
        train_all(rate_trials(bench, precision), bench.dataset)
        ours = time.perf_counter() - began
        yield Row(what, precision, plain, ours, Spread.of([plain / ours]), 2.0)


def rate_trials(bench: Bench, precision: str) -> dict[str, Trial]:
    """One trial for each learning rate."""
    settings = {"epochs": RATE_EPOCHS, "precision": precision}
    return {
        f"{rate:g}": bench.trial(CustomModel(), CNN_SIZE, learning_rate=rate, **settings)
        for rate in RATES
    }


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
    for name, (_, once, _) in forward.items():
        second = images * of["second head"]
        first = images * once + second
        what = f"second seed on stored features of {name} at {SIZE} px, share, projected"
        yield Row(what, "float32", first, second, Spread.of([second / first]), 0.02, False)


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
