"""Work in threads keeps its order, and never runs far ahead of who takes the results."""

import itertools
import time

import pytest

from wastelib.data.threads import AHEAD, in_order


def test_results_come_in_the_order_of_the_items():
    def slow_if_even(item):
        time.sleep(0.002 * (item % 2 == 0))
        return -item

    items = range(2 * AHEAD + 1)
    assert list(in_order(slow_if_even, items)) == [-item for item in items]


def test_only_a_few_items_are_begun_before_their_results_are_taken():
    begun = []
    items = (begun.append(item) or item for item in itertools.count())
    results = in_order(lambda item: item, items)
    for taken in range(1, 4):
        next(results)
        assert taken <= len(begun) < taken + AHEAD
    results.close()


def test_a_failure_ends_the_work():
    begun = []

    def fail_at_three(item):
        begun.append(item)
        if item == 3:
            raise ValueError("three")

    with pytest.raises(ValueError, match="three"):
        list(in_order(fail_at_three, itertools.count()))
    assert len(begun) <= 3 + AHEAD


def test_nothing_to_do_is_done():
    assert list(in_order(str, [])) == []
