"""Measuring one thing against another, in turns, so that both meet the same machine."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """Least, median and largest of several measurements."""

    least: float
    median: float
    most: float

    @classmethod
    def of(cls, values: list[float]) -> "Spread":
        return cls(min(values), statistics.median(values), max(values))


def in_turns(ways: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each way in each round; before them, one round that is not counted."""
    taken = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            if number:
                taken[name].append(time.perf_counter() - began)
    return taken


def ratios(slower: list[float], faster: list[float]) -> Spread:
    """How many times faster, round by round."""
    return Spread.of([a / b for a, b in zip(slower, faster, strict=True)])
