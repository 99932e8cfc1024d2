"""A crossing is found where there is one, and none is made up where there is none."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wastelib.evaluation.data_curve import PowerLaw, data_curve, find_crossing, fit_power_law

IMAGES = np.array([100, 200, 400, 800, 1400, 2000.0])
STEEP = PowerLaw(100, ceiling=0.95, shortfall=0.6, rate=0.5)
FLAT = PowerLaw(100, ceiling=0.85, shortfall=0.10, rate=0.5)  # crossed where 0.1 = 0.5 n^-0.5
ABOVE = PowerLaw(100, ceiling=0.97, shortfall=0.10, rate=0.5)


def table(accuracy, rng, images=400):
    """Predictions of two classes, right as often as `accuracy`."""
    likelihood = np.where(rng.random(images) < accuracy, 0.9, 0.1)
    about = {"image": np.arange(images), "label": "a", "group": np.arange(images)}
    return pd.DataFrame(about | {"subset": "test", "p_a": likelihood, "p_b": 1 - likelihood})


def runs_of(law, seed, seeds=3, images=400):
    rng = np.random.default_rng(seed)
    return {n: [table(law(n), rng, images) for _ in range(seeds)] for n in IMAGES}


def curve_of(behind, ahead, **options):
    runs = {"custom": runs_of(behind, 1, **options), "pretrained": runs_of(ahead, 2, **options)}
    return data_curve(runs, samples=60)


@pytest.mark.parametrize("law", [STEEP, FLAT, ABOVE])
def test_a_law_is_found_again(law):
    found = fit_power_law(IMAGES, law(IMAGES))
    assert found(IMAGES) == pytest.approx(law(IMAGES), abs=1e-4)
    assert found(20_000) == pytest.approx(law(20_000), abs=0.005)


@given(st.lists(st.floats(0, 1), min_size=3, max_size=6))
def test_a_fit_to_any_accuracies_is_a_law_that_rises_and_stays_an_accuracy(accuracies):
    law = fit_power_law(IMAGES[: len(accuracies)], np.array(accuracies))
    values = law(np.geomspace(100, 1e6, 50))
    assert np.isfinite(values).all()
    assert (np.diff(values) >= -1e-12).all()
    assert values.max() <= 1


def test_a_crossing_of_two_laws_is_where_they_are_equal():
    found = find_crossing(STEEP, FLAT, 100, 20_000)
    assert found == pytest.approx(100 * 5**2)
    assert STEEP(found) == pytest.approx(FLAT(found))


def test_laws_that_cross_beyond_the_horizon_or_never_do_not_cross():
    assert find_crossing(STEEP, FLAT, 100, 2000) == np.inf
    assert find_crossing(STEEP, ABOVE, 100, 1e9) == np.inf
    assert find_crossing(FLAT, FLAT, 100, 2000) == 100


def test_a_lead_that_is_lost_again_is_no_crossing():
    at_chance = PowerLaw(100, ceiling=0.7, shortfall=0.5, rate=1.0)  # ahead from 100 on, not long
    slow = PowerLaw(100, ceiling=0.95, shortfall=0.76, rate=0.3)
    assert at_chance(100) > slow(100)
    assert at_chance(20_000) < slow(20_000)
    assert find_crossing(at_chance, slow, 100, 20_000) == np.inf
    assert 100 < find_crossing(slow, at_chance, 100, 20_000) < 20_000


def test_a_known_crossing_lies_in_its_interval():
    curve = curve_of(STEEP, FLAT, images=3000)
    crossing = curve.crossing
    assert crossing.low <= 2500 <= crossing.high
    assert crossing.low <= crossing.images <= crossing.high
    assert crossing.share > 0.9
    assert crossing.horizon == 20_000
    assert curve.answer.startswith("**custom catches up with pretrained at about 2,")


def test_a_curve_that_stays_below_does_not_cross():
    curve = curve_of(FLAT, ABOVE, images=3000)
    assert curve.crossing.images == np.inf
    assert curve.crossing.high == np.inf
    assert curve.crossing.share < 0.1
    assert curve.level_from == np.inf
    assert curve.answer.startswith("**No crossing below 20,000 training images**: there custom")


def test_two_that_are_level_as_far_as_is_measured_are_not_said_to_differ():
    late = PowerLaw(100, 0.70, 0.30, 2)  # level from 400 images on, with the lower ceiling
    curve = curve_of(late, PowerLaw(100, 0.72, 0.04, 0.5), images=1500)
    assert curve.level_from == 400
    assert curve.crossing.images == np.inf
    assert "**From about 400 training images on, custom cannot be told from" in curve.answer
    assert "No lasting crossing below 20,000" in curve.answer


def test_one_that_is_never_behind_is_said_so():
    curve = curve_of(ABOVE, FLAT)
    assert curve.crossing.images == 100
    assert "is not behind pretrained at 100 training images already" in curve.answer


def test_where_draws_do_not_cross_the_interval_is_open():
    curve = curve_of(STEEP, PowerLaw(100, 0.9, 0.15, 0.5), images=150)
    assert 0 < curve.crossing.share < 1
    assert curve.crossing.high == np.inf
    assert "no crossing below 20,000" in curve.answer.lower()


def test_points_are_the_mean_accuracies_within_their_intervals():
    curve = curve_of(STEEP, FLAT)
    points = curve.points
    assert points["model"].tolist() == ["custom"] * 6 + ["pretrained"] * 6
    assert points["images"].tolist() == [*IMAGES, *IMAGES]
    assert (points["low"] < points["accuracy"]).all()
    assert (points["accuracy"] < points["high"]).all()
    low, high = curve.band("custom", IMAGES)
    assert (low < high).all()


def test_too_few_points_for_a_law_are_refused():
    runs = dict(list(runs_of(STEEP, 1).items())[:2])
    with pytest.raises(ValueError, match="three or more"):
        data_curve({"custom": runs, "pretrained": runs})
