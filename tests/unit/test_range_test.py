"""A range test trains as trials do, is the same each time, and ends where it diverges."""

import math

import numpy as np
import pandas as pd
import pytest
from small_trials import fitted, trial_of

from wastelib.errors import WasteError
from wastelib.training import range_test as ranging
from wastelib.training.range_test import RangeTest, diverged, range_test, smoothed, store_range_test

STEPS = 6
RATES = np.geomspace(1e-4, 1e-1, STEPS).tolist()


@pytest.fixture
def here(monkeypatch):
    """Make range tests in this process: much sooner than in one of its own."""
    orders = []

    def carry_out(trial, dataset, rates, weights):
        orders.append(trial)
        store_range_test(trial, dataset, rates, weights=weights)

    monkeypatch.setattr(ranging, "_carry_out", carry_out)
    return orders


def made(dataset, lowest=1e-4, highest=1e-1, steps=STEPS, **changes):
    trial = trial_of(dataset, **changes)
    return range_test(trial, dataset, lowest=lowest, highest=highest, steps=steps)


def test_rates_rise_by_equal_ratios_and_losses_are_those_of_single_batches(prepare_small, here):
    """At a rate that stays, the mean over an epoch's batches is the loss of a trial's epoch."""
    dataset = prepare_small()
    assert made(dataset).losses["learning_rate"].tolist() == pytest.approx(RATES, rel=1e-12)
    still = made(dataset, lowest=1e-3, highest=1e-3, steps=3)  # 8, 8 and 2 images
    run = fitted(trial_of(dataset, epochs=1), dataset)
    mean = np.average(still.losses["loss"], weights=[8, 8, 2])
    assert mean == pytest.approx(run.history["loss"][0], rel=1e-4)
    longer = made(dataset, lowest=1e-3, highest=1e-3, steps=5)  # into the second epoch
    assert longer.losses["loss"].tolist()[:3] == still.losses["loss"].tolist()


@pytest.mark.parametrize("changes", [{}, {"augmentation": "flips_shifts", "optimizer": "sgd"}])
def test_the_same_test_gives_the_same_losses(prepare_small, tmp_path, here, changes):
    first, second = (made(prepare_small(build=tmp_path / name), **changes) for name in "ab")
    assert len(first.losses) == STEPS
    pd.testing.assert_frame_equal(first.losses, second.losses, check_exact=True)


def test_a_test_is_made_once_whatever_the_trials_own_rate_and_epochs(prepare_small, here):
    dataset = prepare_small()
    first = made(dataset)
    same = made(dataset, learning_rate=0.5, epochs=9, patience=3, restore_best=True)
    assert len(here) == 1
    pd.testing.assert_frame_equal(first.losses, same.losses, check_exact=True)
    for other in ({"seed": 1}, {"batch_size": 4}, {"steps": 5}, {"highest": 0.2}):
        made(dataset, **other)
    assert len(here) == 5
    assert len(list((dataset.build_folder / "range_tests").glob("*.csv"))) == 5


def test_it_ends_where_the_loss_diverges(prepare_small, here):
    found = made(prepare_small(), highest=1e9, steps=60, optimizer="sgd")
    assert len(found.losses) < 60
    assert diverged(found.losses["loss"].tolist())
    assert not diverged(found.losses["loss"].tolist()[:-1])
    assert math.isfinite(found.suggestion)


def test_it_is_made_in_a_training_process_and_declares_nothing(prepare_small):
    dataset = prepare_small()
    found = made(dataset)
    assert len(found.losses) == STEPS
    assert {path.name for path in dataset.build_folder.iterdir()} >= {"range_tests"}
    assert not (dataset.build_folder / "runs").exists()


def test_a_split_that_is_not_stored_is_refused(prepare_small):
    with pytest.raises(WasteError, match="no stored split"):
        made(prepare_small(), split="0" * 64)


def test_what_cannot_begin_is_refused_as_a_training_is(prepare_small):
    dataset = prepare_small()
    with pytest.raises(WasteError, match="declared for another dataset"):
        range_test(
            trial_of(dataset).model_copy(update={"dataset": "other"}),
            dataset,
            lowest=1e-5,
            highest=1,
            steps=3,
        )


def test_smoothing_forgets_slowly_and_starts_at_the_first_loss():
    losses = [4.0, 2.0, 3.0]
    weights = np.array([0.9**2, 0.9, 1])
    assert smoothed(losses)[0] == 4.0
    assert smoothed(losses)[2] == pytest.approx(np.average(losses, weights=weights))


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ([2.0, 1.9], False),
        ([2.0, 1.0, 5.0], False),  # one bad batch
        ([2.0, 1.0, 100.0], True),
        ([2.0, math.nan], True),
        ([2.0, math.inf], True),
    ],
)
def test_divergence_is_four_times_the_lowest_or_no_number(losses, expected):
    assert diverged(losses) is expected


def test_the_suggestion_is_a_tenth_of_the_rate_with_the_lowest_smoothed_loss():
    rates = np.geomspace(1e-5, 1e1, 61)
    valley = RangeTest(pd.DataFrame({"learning_rate": rates, "loss": np.log10(rates / 0.1) ** 2}))
    lowest = rates[valley.smoothed.argmin()]
    assert valley.suggestion == pytest.approx(lowest / 10)
    assert 0.1 < lowest < 1  # smoothing lags behind
    rising = RangeTest(pd.DataFrame({"learning_rate": rates, "loss": rates}))
    assert rising.suggestion == 1e-5  # none below those tested
    broken = RangeTest(pd.DataFrame({"learning_rate": rates[:1], "loss": [math.nan]}))
    assert broken.suggestion == 1e-5
