"""Do the intervals cover the truth as often as they claim, and how often is an alarm false?

`python -m tests.benchmarks.coverage --record FOLDER` simulates 2000 test subsets in each of
several settings whose truth is known, and scores them by the code that scores real ones. Two
equally accurate models answer the same photographs; those of one group are alike, so that both
models tend to be right or wrong on all of them.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from wastelib.evaluation.comparison import (
    accuracy_difference,
    exact_group_test,
    macro_f1_difference,
    mcnemar_exact,
)
from wastelib.evaluation.metrics import accuracies, macro_f1s
from wastelib.evaluation.resampling import resample

DATASETS = 2000
SAMPLES = 1000
CHUNK = 50  # datasets at a time, so that their draws fit in memory
LEVEL = 0.05
DEMO = (46, 40, 25, 25, 23, 22, 21, 21, 16)  # images per class of the demo's test subset
REALWASTE5 = (184, 158, 100, 87, 84)
SINGLE = (1,)
REAL_SIZES = (314, 58, 28, 18, 3, 2)  # groups of 1, 2, … images in RealWaste's test subset


@dataclass(frozen=True)
class Setting:
    """A population of groups, and two models whose answers to them are random.

    A group is of one class, drawn by `shares`, and has 1, 2, … images with the frequencies
    `sizes`. For each group a model has a vector of probabilities, drawn from a Dirichlet
    distribution around its confusion row with `concentration` (small: all images of a group
    fare alike); each image's answer is drawn from that. With probability `agreement` the
    second model answers as the first.
    """

    name: str
    groups: int
    shares: tuple[float, ...]
    sizes: tuple[float, ...]
    accuracy: float
    concentration: float
    agreement: float = 0.6
    confusions: tuple[np.ndarray, np.ndarray] = field(init=False, repr=False)

    def __post_init__(self):
        """Two confusion matrices of equal accuracy; rows are true classes and sum to 1."""
        shares = np.array(self.shares) / np.sum(self.shares)
        rng = np.random.default_rng(len(shares))
        right = self.accuracy + rng.uniform(-0.08, 0.08, len(shares))
        lean = rng.uniform(-0.03, 0.03, len(shares))
        lean -= (lean * shares).sum()  # better at some classes, worse at others: equal in all
        wrong = rng.dirichlet(np.ones(len(shares)), size=len(shares))
        np.fill_diagonal(wrong, 0)
        wrong /= wrong.sum(axis=1, keepdims=True)
        both = tuple(
            wrong * (1 - diagonal)[:, None] + np.diag(diagonal)
            for diagonal in (right, right + lean)
        )
        object.__setattr__(self, "confusions", both)

    def truth(self) -> np.ndarray:
        """The expected counts of both models, as `class_counts` side by side, per image."""
        shares = np.array(self.shares) / np.sum(self.shares)
        first, own = self.confusions
        second = self.agreement * first + (1 - self.agreement) * own
        return np.concatenate(
            [
                part
                for confusion in (first, second)
                for part in (shares * np.diag(confusion), shares, shares @ confusion)
            ]
        )


SETTINGS = (
    Setting("120 groups, 5 classes, bursts", 120, REALWASTE5, REAL_SIZES, 0.8, 2.0),
    Setting("153 groups, 9 classes (as the demo)", 153, DEMO, (86, 48, 19), 0.58, 2.0),
    Setting("423 groups, 5 classes (as RealWaste's)", 423, REALWASTE5, REAL_SIZES, 0.84, 2.0),
    Setting("600 groups, 9 classes, bursts", 600, DEMO, REAL_SIZES, 0.7, 0.5),
    Setting("423 single images, 5 classes", 423, REALWASTE5, SINGLE, 0.84, 2.0),
)
SCORES = {
    "accuracy": lambda counts: accuracies(np.split(counts, 2, axis=-1)[0]),
    "macro F1": lambda counts: macro_f1s(np.split(counts, 2, axis=-1)[0]),
    "accuracy difference": accuracy_difference,
    "macro F1 difference": macro_f1_difference,
}
ALARMS = ("McNemar", "exact over groups")


def simulated(setting: Setting, datasets: int, seed: int) -> Iterator[tuple[np.ndarray, ...]]:
    """Chunks of test subsets: (groups, chunk, 6 classes) counts and (groups, chunk, 2) wins.

    The counts are both models' `class_counts` by group; the wins count the images that only
    the first and only the second got right.
    """
    rng = np.random.default_rng(seed)
    shares = np.array(setting.shares) / np.sum(setting.shares)
    frequencies = np.array(setting.sizes) / np.sum(setting.sizes)
    classes, largest = len(shares), len(frequencies)
    one_hot = np.eye(classes)
    for start in range(0, datasets, CHUNK):
        shape = (setting.groups, min(CHUNK, datasets - start))
        true = rng.choice(classes, shape, p=shares)
        present = np.arange(largest) < 1 + rng.choice(largest, shape, p=frequencies)[..., None]
        answers = [_answers(rng, c[true], setting, largest) for c in setting.confusions]
        as_first = rng.random((*shape, largest)) < setting.agreement
        answers[1] = np.where(as_first, *answers)
        hits = [(answer == true[..., None]) & present for answer in answers]
        counts = []
        for answer, hit in zip(answers, hits, strict=True):
            of_class = one_hot[true]
            predicted = np.zeros((*shape, classes))
            for image in range(largest):
                predicted += one_hot[answer[..., image]] * present[..., image, None]
            images = present.sum(axis=-1)[..., None]
            counts += [of_class * hit.sum(axis=-1)[..., None], of_class * images, predicted]
        wins = [(a & ~b).sum(axis=-1) for a, b in (hits, hits[::-1])]
        yield np.concatenate(counts, axis=-1), np.stack(wins, axis=-1)


def _answers(rng, rows: np.ndarray, setting: Setting, images: int) -> np.ndarray:
    """(groups, datasets, images) class numbers, from confusion rows (groups, datasets, classes)."""
    gamma = rng.standard_gamma(rows * setting.concentration)
    bounds = gamma.cumsum(axis=-1)
    drawn = rng.random((*rows.shape[:2], images)) * bounds[..., -1:]
    return (drawn[..., None] > bounds[..., None, :-1]).sum(axis=-1)


def coverage(setting: Setting, datasets: int = DATASETS, seed: int = 1) -> dict[str, float]:
    """By score, the share of the datasets whose interval covers the truth.

    The draws' seed changes from chunk to chunk, so that none of them speaks for all.
    """
    truth = setting.truth()
    found = dict.fromkeys(SCORES, 0)
    for chunk, (counts, _) in enumerate(simulated(setting, datasets, seed)):
        resampled = resample(counts, SAMPLES, seed=chunk)
        for name, statistic in SCORES.items():
            if name.endswith("difference"):
                (low, high), _ = resampled.difference(statistic)
            else:
                low, high = resampled.score(statistic)
            found[name] += ((low <= statistic(truth)) & (statistic(truth) <= high)).sum()
    return {name: float(count / datasets) for name, count in found.items()}


def false_alarms(setting: Setting, datasets: int = DATASETS, seed: int = 1) -> dict[str, float]:
    """By test, the share of the datasets in which it tells the two equal models apart."""
    found = dict.fromkeys(ALARMS, 0)
    for _, wins in simulated(setting, datasets, seed):
        for won in np.moveaxis(wins, 1, 0):
            found["McNemar"] += mcnemar_exact(*won.sum(axis=0)) < LEVEL
            found["exact over groups"] += exact_group_test(won[:, 0] - won[:, 1]) < LEVEL
    return {name: float(count / datasets) for name, count in found.items()}


def markdown(results: dict[str, dict[str, float]]) -> str:
    """One row per setting: coverage of the intervals, then false alarms."""
    heads = ["Simulated test subset", *SCORES, *ALARMS]
    rows = "".join(
        f"| {name} | {' | '.join(f'{figures[head]:.1%}' for head in heads[1:])} |\n"
        for name, figures in results.items()
    )
    return (
        f"How often 95 % intervals cover the truth (the first four columns), and how often a test "
        f"at 5 % finds a difference between two equally accurate models (the last two), in "
        f"{DATASETS:,} simulated test subsets each:\n\n"
        f"| {' | '.join(heads)} |\n| --- |{' ---: |' * (len(heads) - 1)}\n{rows}"
    )


def main() -> None:
    """Simulate every setting, and write coverage.json and coverage.md where `--record` says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", type=Path, required=True)
    options = parser.parse_args()
    results = {s.name: coverage(s) | false_alarms(s) for s in SETTINGS}
    options.record.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"datasets": DATASETS, "samples": SAMPLES, "settings": results}, indent=2)
    (options.record / "coverage.json").write_text(text + "\n", "utf-8")
    (options.record / "coverage.md").write_text(markdown(results), "utf-8")
    print(markdown(results))


if __name__ == "__main__":
    main()
