"""The same work on many files: in threads, in order, and never many at once."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item, Result = TypeVar("Item"), TypeVar("Result")

# Each thread holds one decoded image, which may have 150 MB, so many cores get no more.
THREADS = min(os.cpu_count() or 1, 8)
# Results wait for the one before them, so that one slow file does not stop the other threads.
AHEAD = 8 * THREADS


def in_order(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Yield `work(item)` for all `items`, in their order.

    At most `THREADS` are worked on at once, and `AHEAD` have been begun and not yet been taken,
    however many there are; `Executor.map` would begin, and keep, them all. What `work` raises
    is raised here, and ends it.
    """
    items = iter(items)
    with ThreadPoolExecutor(THREADS) as pool:
        begun = deque(pool.submit(work, item) for item in islice(items, AHEAD))
        while begun:
            yield begun.popleft().result()
            begun.extend(pool.submit(work, item) for item in islice(items, 1))
