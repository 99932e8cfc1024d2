"""An ensemble answers with the mean of its members, on the same images only."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.predicted import random_table
from wastelib.errors import WasteError
from wastelib.evaluation.calibration import at_temperature, fit_temperature
from wastelib.evaluation.ensemble import averaged
from wastelib.evaluation.metrics import evaluate

MEMBERS = [random_table(0).assign(**random_table(seed).filter(like="p_")) for seed in range(3)]


def test_the_probabilities_are_the_mean_whatever_the_order_of_images_and_classes():
    shuffled = MEMBERS[1].sample(frac=1, random_state=0)[MEMBERS[1].columns[::-1]]
    found = averaged([MEMBERS[0], shuffled, MEMBERS[2]]).set_index("image")
    expected = np.mean([member.filter(like="p_") for member in MEMBERS], axis=0)
    columns = MEMBERS[0].filter(like="p_").columns
    assert found.loc[MEMBERS[0]["image"], columns].to_numpy() == pytest.approx(expected)


@given(st.permutations(range(3)))
def test_the_order_of_the_members_does_not_matter(order):
    found = averaged([MEMBERS[number] for number in order]).filter(like="p_").to_numpy()
    assert found == pytest.approx(averaged(MEMBERS).filter(like="p_").to_numpy())


def test_an_ensemble_of_one_is_that_model():
    (one, *_) = MEMBERS
    assert evaluate(averaged([one])).accuracy == evaluate(one).accuracy


def test_a_temperature_can_be_fitted_to_the_ensemble():
    validation = [member.assign(subset="validation") for member in MEMBERS]
    temperature = fit_temperature(averaged(validation, "validation"))
    test = averaged(MEMBERS)
    assert evaluate(at_temperature(test, temperature)).accuracy == evaluate(test).accuracy


def test_members_tested_on_other_images_are_refused():
    with pytest.raises(WasteError, match="not tested on the same images"):
        averaged([MEMBERS[0], MEMBERS[1].iloc[1:]])
    with pytest.raises(ValueError, match="at least one"):
        averaged([])
