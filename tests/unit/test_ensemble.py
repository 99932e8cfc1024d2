"""An ensemble answers with the mean of its members, on the same images only."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.predicted import random_table, right_or_wrong
from wastelib.errors import WasteError
from wastelib.evaluation.calibration import at_temperature, fit_temperature
from wastelib.evaluation.ensemble import Ensemble, averaged, best_of
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


def test_members_tested_on_other_images_are_refused():
    with pytest.raises(WasteError, match="not tested on the same images"):
        averaged([MEMBERS[0], MEMBERS[1].iloc[1:]])
    with pytest.raises(ValueError, match="at least one"):
        averaged([])


class Answering:
    """What an ensemble asks of a run."""

    def __init__(self, member, number=0, network=None, declared=True):
        self.predictions = member.assign(subset="validation")
        self._test, self._declared = member, declared
        trained = SimpleNamespace(hash=network or str(number))
        self.trial = SimpleNamespace(trained=trained)
        self.manifest = {"parameters": 10**number}

    def open_test(self):
        if not self._declared:
            raise WasteError("the run is not declared")
        return self._test


def test_an_ensemble_of_runs_answers_with_the_mean_of_their_answers():
    found = Ensemble(tuple(map(Answering, MEMBERS)))
    assert found.open_test().equals(averaged(MEMBERS))
    assert set(found.predictions["subset"]) == {"validation"}
    assert found.temperature == fit_temperature(found.predictions)


def test_members_that_are_not_declared_keep_the_test_shut_and_the_validation_open():
    found = Ensemble((Answering(MEMBERS[0]), Answering(MEMBERS[1], declared=False)))
    assert len(found.predictions) == len(MEMBERS[0])
    for opening in (found.open_test, found.open_test_tempered_first):
        with pytest.raises(WasteError, match="not declared"):
            opening()


def test_of_a_single_run_both_orders_of_temperature_and_mean_are_one():
    alone = Ensemble((Answering(MEMBERS[0]),))
    after = at_temperature(alone.open_test(), alone.temperature)
    first = alone.open_test_tempered_first()
    expected = after.filter(like="p_").to_numpy()
    assert first.filter(like="p_").to_numpy() == pytest.approx(expected)


def test_each_member_has_its_own_temperature_where_that_comes_first():
    sharp, modest = at_temperature(MEMBERS[0], 0.3), at_temperature(MEMBERS[1], 3.0)
    own = [fit_temperature(one.assign(subset="validation")) for one in (sharp, modest)]
    assert own[0] > 2 * own[1]
    both = [at_temperature(one, t) for one, t in zip((sharp, modest), own, strict=True)]
    expected = np.mean([one.filter(like="p_") for one in both], axis=0)
    found = Ensemble((Answering(sharp), Answering(modest)))
    after = at_temperature(found.open_test(), found.temperature)
    first, after = (
        tested.set_index("image").loc[MEMBERS[0]["image"]].filter(like="p_").to_numpy()
        for tested in (found.open_test_tempered_first(), after)
    )
    assert first == pytest.approx(expected, abs=1e-6)
    assert np.abs(after - expected).max() > 0.01


def test_a_network_that_is_shown_several_pictures_has_its_parameters_once():
    plain, turned = (Answering(MEMBERS[0], 3, network="a") for _ in range(2))
    assert Ensemble((plain, turned, Answering(MEMBERS[1], 2))).parameters == 1100


def test_the_best_is_right_most_often_on_validation_and_of_equals_the_one_with_the_lower_loss():
    hits = np.arange(20) < 12
    right = right_or_wrong(hits)
    sure = at_temperature(right, 0.5)
    candidates = {"few": right_or_wrong(np.arange(20) < 11), "sure": sure, "modest": right}
    ensembles = {name: Ensemble((Answering(table),)) for name, table in candidates.items()}
    assert best_of(ensembles) == "modest"  # it is less sure of its eight mistakes
    assert best_of({name: ensembles[name] for name in ("few", "sure")}) == "sure"
