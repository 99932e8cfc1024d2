"""A ladder says what its splits say: means, paired differences, and what a temperature mends."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from tests.predicted import right_or_wrong
from wastelib.errors import WasteError
from wastelib.evaluation.calibration import (
    at_temperature,
    expected_calibration_error,
    fit_temperature,
)
from wastelib.evaluation.ensemble import averaged
from wastelib.evaluation.ladder import (
    ladder_table,
    step_in_words,
    steps_table,
    temperatures_table,
)
from wastelib.evaluation.leak import leak_scores, leak_table

SPLITS = [(method, seed) for seed in (1, 2, 3) for method in ("group", "random")]


def with_hits(right: int, images: int = 40) -> pd.DataFrame:
    return right_or_wrong(np.arange(images) < right)


# One more right in each split than the split before it; the student always two more than that.
TESTS = {
    "alone": {split: with_hits(20 + number) for number, split in enumerate(SPLITS)},
    "taught": {split: with_hits(22 + number) for number, split in enumerate(SPLITS)},
}
SCORES = leak_scores(TESTS)


def test_a_step_is_the_mean_difference_on_the_same_splits():
    steps = steps_table(SCORES, {"distillation": ("taught", "alone")})
    assert steps["method"].tolist() == ["group", "random"]
    assert steps["difference"].tolist() == pytest.approx([2 / 40] * 2)
    assert steps["seeds"].tolist() == [3, 3]
    # Though the splits differ by more than the step is worth, their differences do not.
    assert steps[["low", "high"]].to_numpy() == pytest.approx(2 / 40)


def test_equal_differences_on_all_splits_are_ties_and_no_certainty():
    steps = steps_table(SCORES, {"distillation": ("taught", "alone")})
    assert (steps["p"] == 1).all()
    assert not steps["real"].any()


def test_among_many_steps_one_that_is_real_alone_may_be_chance():
    gains = [2, 3, 4]
    tests = TESTS | {
        "better": {
            split: with_hits(20 + number + gains[number // 2])
            for number, split in enumerate(SPLITS)
        }
    }
    scores = leak_scores(tests)
    alone = steps_table(scores, {"a step": ("better", "alone")})
    assert alone["real"].all()
    assert alone["p"].tolist() == pytest.approx([2 * t.sf(3 * 3**0.5, 2)] * 2)
    many = {f"step {number}": ("better", "alone") for number in range(5)}
    steps = steps_table(scores, many)
    assert steps["p"].tolist() == pytest.approx([5 * alone["p"][0]] * 10)
    assert not steps["real"].any()


def test_a_step_down_is_called_a_loss_and_one_that_may_be_none_chance():
    down = steps_table(SCORES, {"back": ("alone", "taught")}).iloc[0].copy()
    down["real"] = True
    assert step_in_words(down) == "a loss, of -5.0 points (-5.0 to -5.0)"
    unsure = down.copy()
    unsure[["difference", "low", "high", "real"]] = 0.01, -0.02, 0.04, False
    assert step_in_words(unsure) == "worth +1.0 points (-2.0 to +4.0), which may be chance"
    up = steps_table(SCORES, {"up": ("taught", "alone")}).iloc[0].copy()
    up["real"] = True
    assert step_in_words(up) == "worth +5.0 points (+5.0 to +5.0)"


def test_one_split_is_no_ladder():
    once = SCORES[SCORES["seed"] == 1]
    with pytest.raises(WasteError, match="one alone has no spread"):
        steps_table(once, {"distillation": ("taught", "alone")})


def test_the_table_has_the_models_in_order_with_the_median_size_of_what_was_chosen():
    sizes = {"taught": [7] * 6, "alone": [1, 1, 5, 9, 9, 9]}
    ladder = {
        model: {
            split: SimpleNamespace(parameters=size) for split, size in zip(SPLITS, of, strict=True)
        }
        for model, of in sizes.items()
    }
    table = ladder_table(leak_table(SCORES), ladder)
    assert table["model"].tolist() == ["taught", "alone"]
    assert table["parameters"].tolist() == [7, 7]
    assert table.loc[1, "group"] == pytest.approx(np.mean([20, 22, 24]) / 40)
    assert table.loc[1, "difference"] == pytest.approx(1 / 40)
    assert table.loc[1, "group_low"] < table.loc[1, "group"] < table.loc[1, "group_high"]


def ensemble(members: list[pd.DataFrame]) -> SimpleNamespace:
    """Members whose validation images are their test images."""
    mean = averaged(members)
    tempered = [
        at_temperature(one, fit_temperature(one.assign(subset="validation"))) for one in members
    ]
    return SimpleNamespace(
        temperature=fit_temperature(mean.assign(subset="validation")),
        open_test_tempered_first=lambda: averaged(tempered),
        test=mean,
    )


def test_a_temperature_for_each_member_is_told_apart_from_one_for_their_mean():
    """Two members that are sure of other images: the mean is less sure than either."""
    found = {}
    for split in SPLITS:
        hits = np.arange(40)
        members = [right_or_wrong(hits < 26), right_or_wrong(hits >= 14)]
        found[split] = ensemble([at_temperature(one, 0.5) for one in members])
    tests = {"both": {split: one.test for split, one in found.items()}}
    (row,) = temperatures_table({"both": found}, tests).to_dict(orient="records")
    first, after = (
        expected_calibration_error(table)
        for table in (
            found["group", 1].open_test_tempered_first(),
            at_temperature(tests["both"]["group", 1], found["group", 1].temperature),
        )
    )
    assert abs(first - after) > 0.005
    assert (row["first"], row["after"]) == pytest.approx((first, after))


def test_errors_of_calibration_are_those_before_between_and_after_on_the_wanted_splits():
    # Right two times in three, and sure of it each time.
    sure = [at_temperature(with_hits(26 + n), 0.5) for n in range(3)]
    found = {split: ensemble([sure[split[1] - 1]]) for split in SPLITS}
    tests = {"sure": {split: one.test for split, one in found.items()}}
    (row,) = temperatures_table({"sure": found}, tests).to_dict(orient="records")
    grouped = [split for split in SPLITS if split[0] == "group"]
    before = [expected_calibration_error(tests["sure"][split]) for split in grouped]
    after = [
        expected_calibration_error(at_temperature(tests["sure"][split], found[split].temperature))
        for split in grouped
    ]
    assert row["seeds"] == 3
    assert row["before"] == pytest.approx(np.mean(before))
    assert (row["after"], row["first"]) == pytest.approx([np.mean(after)] * 2, abs=1e-6)
    assert row["change"] == pytest.approx(np.mean(after) - np.mean(before))
    assert row["low"] <= row["change"] <= row["high"] < 0
    assert 1 < row["temperature_low"] <= row["temperature"] <= row["temperature_high"]
