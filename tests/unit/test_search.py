"""A search is the same each time, learns from what it tried, and never sees a test."""

import math

import numpy as np
import pandas as pd
import pytest
from small_trials import trial_of

from tests.predicted import right_or_wrong
from wastelib.errors import WasteError
from wastelib.evaluation.metrics import evaluate
from wastelib.evaluation.search import FEWEST, importances, search_table
from wastelib.training import search as searching
from wastelib.training.search import search
from wastelib.training.space import Choice, LogRange, Range
from wastelib.training.trial import CustomModel, PretrainedModel, Trial

SPACE = {
    "optimizer": Choice("adam", "sgd"),
    "learning_rate": LogRange(1e-4, 1e-1),
    "batch_size": Choice(16, 32),
}
TRIAL = Trial(
    dataset="d", split="s", model=CustomModel(), image_size=16, learning_rate=1e-3, epochs=1
)
HEAD = TRIAL.model_copy(update={"model": PretrainedModel(backbone="b", weights="w")})


def valley(trial) -> float:
    """A loss that is lowest for SGD at 0.01, and not finite where rates are high."""
    away = math.log10(trial.learning_rate / 0.01) ** 2
    if trial.learning_rate > 0.05:
        return math.nan
    return 0.05 + 0.05 * away + 0.2 * (trial.optimizer == "adam")


class FakeRun:
    def __init__(self, trial, loss):
        self.trial, self.hash, self.classes = trial, trial.hash, ["a", "b"]
        self.kept_epoch = {"val_loss": loss, "val_accuracy": 0.75}
        self.manifest = {"train_seconds": 2.0}
        self.predictions = right_or_wrong([True, True, True, False]).assign(subset="validation")


class FakeDataset:
    def split(self, fingerprint):
        return self

    def leaking_groups(self):
        return 0


@pytest.fixture
def searched(monkeypatch):
    """Search with trainings that take no time; `searched.lists` is what was trained together."""
    lists = []

    def run_search(loss=valley, trial=TRIAL, space=SPACE, budget=12, seed=0, **options):
        def train_all(trials, dataset, *, weights, scheduler):
            lists.append(trials)
            return {name: FakeRun(trial, loss(trial)) for name, trial in trials.items()}

        monkeypatch.setattr(searching, "train_all", train_all)
        return search(trial, space, FakeDataset(), budget=budget, seed=seed, **options)

    run_search.lists = lists
    return run_search


def values(found) -> list[dict]:
    return [suggestion.values for suggestion in found.tried]


# ---- which trials are tried -------------------------------------------------------------


def test_the_same_search_tries_the_same_and_another_seed_tries_other_trials(searched):
    assert values(searched()) == values(searched())
    assert values(searched()) != values(searched(seed=1))


@pytest.mark.parametrize("at_once", [1, 3, 5])
def test_a_larger_budget_goes_on_where_a_smaller_one_ended(searched, at_once):
    first = searched(budget=7, at_once=at_once)
    assert values(searched(budget=12, at_once=at_once))[:7] == values(first)


def test_the_order_in_which_the_space_is_written_does_not_matter(searched):
    backwards = dict(reversed(SPACE.items()))
    assert values(searched(space=backwards)) == values(searched())


def test_it_learns_where_the_loss_is_low(searched):
    found = searched(budget=40).tried
    blind, later = found[: searching.BLIND], found[20:]
    assert np.median([one.loss for one in later]) < min(one.loss for one in blind)


def test_suggestions_made_at_once_are_trained_together_and_each_under_every_seed(searched):
    found = searched(budget=5, at_once=2, seeds=3)
    assert [len(trials) for trials in searched.lists] == [6, 6, 3]
    trained = [trial for trials in searched.lists for trial in trials.values()]
    assert [trial.seed for trial in trained] == [42, 43, 44] * 5
    assert [[run.trial for run in one.runs] for one in found.tried] == [
        trained[start : start + 3] for start in range(0, 15, 3)
    ]
    assert [one.number for one in found.tried] == [1, 2, 3, 4, 5]


def test_several_seeds_are_judged_by_their_mean(searched):
    found = searched(lambda trial: float(trial.seed), seeds=3, budget=1)
    assert found.tried[0].loss == 43


def test_only_what_is_searched_differs_from_the_trial(searched):
    for one in searched().tried:
        assert one.runs[0].trial == TRIAL.model_copy(update=one.values)


@pytest.mark.parametrize("diverged", [math.nan, math.inf])
def test_a_training_that_diverged_is_the_worst_and_the_search_goes_on(searched, diverged):
    found = searched(lambda t: diverged if t.optimizer == "adam" else 1e6, budget=30)
    assert {one.loss for one in found.tried} == {math.inf, 1e6}
    assert found.best.values["optimizer"] == "sgd"
    assert sum(one.values["optimizer"] == "sgd" for one in found.tried) > 15  # it learns of it
    assert searched(lambda trial: diverged).best.number == 1


def test_one_seed_of_several_that_diverged_makes_the_suggestion_the_worst(searched):
    found = searched(lambda trial: math.nan if trial.seed == 43 else 1.0, seeds=2, budget=1)
    assert found.tried[0].loss == math.inf


# ---- the space --------------------------------------------------------------------------


def test_ranges_keep_to_their_ends_and_to_the_kind_of_the_field(searched):
    space = {
        "head_units": LogRange(8, 64.0),
        "momentum": Range(0.5, 0.9),
        "batch_size": Range(4, 9),
    }
    found = searched(lambda trial: 1.0, trial=HEAD, space=space, budget=40)
    trials = [one.runs[0].trial for one in found.tried]
    assert all(type(trial.model.head_units) is int for trial in trials)
    assert {trial.batch_size for trial in trials} == set(range(4, 10))
    assert all(8 <= trial.model.head_units <= 64 for trial in trials)
    assert all(0.5 <= trial.momentum <= 0.9 for trial in trials)


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({}, "no field to search"),
        ({"learning_rat": LogRange(1e-4, 1e-1)}, "cannot vary learning_rat"),
        ({"head_units": Choice(8, 16)}, "cannot vary head_units"),  # the CNN has none
        ({"split": Choice("a", "b")}, "cannot vary split"),
        ({"seed": Range(1, 9)}, "cannot vary seed"),
        ({"learning_rate": LogRange(0, 1)}, "learning_rate .* greater than 0"),
        ({"learning_rate": LogRange(1e-1, 1e-4)}, "a range ascends"),
        ({"learning_rate": LogRange(1e-3, 1e-3)}, "a range ascends"),
        ({"learning_rate": Range(1e-3, math.inf)}, "a range ascends"),
        ({"learning_rate": Range(1e-3, math.nan)}, "learning_rate"),
        ({"momentum": LogRange(0, 0.9)}, "begins above 0"),
        ({"momentum": Range(0, 1)}, "momentum .* less than 1"),
        ({"batch_size": Range(8.5, 16)}, "batch_size .* integer"),
        ({"batch_size": Choice(16)}, "two values or more"),
        ({"batch_size": Choice(16, 16.0)}, "two values or more"),
        ({"optimizer": Choice("adam", "adma")}, "optimizer 'adma'"),
        ({"optimizer": Range(0, 1)}, "optimizer"),
        ({"restore_best": Range(0, 1)}, "is no number"),
    ],
)
def test_a_space_that_fits_no_trial_is_refused_before_anything_is_trained(searched, space, message):
    with pytest.raises(WasteError, match=message):
        searched(space=space)
    assert not searched.lists


# ---- what it says -----------------------------------------------------------------------


def test_the_table_has_a_row_per_trial_with_the_best_so_far(searched):
    losses = iter([math.nan, 3.0, 2.0, 2.5])
    table = search_table(searched(lambda trial: next(losses), budget=4))
    assert table["number"].tolist() == [1, 2, 3, 4]
    assert table["validation_loss"].fillna(-1).tolist() == [-1, 3.0, 2.0, 2.5]
    assert table["best_so_far"].fillna(-1).tolist() == [-1, 3.0, 2.0, 2.0]
    assert set(SPACE) < set(table.columns)
    assert table["validation_accuracy_low"].isna().tolist() == [True, False, False, False]


def test_an_accuracy_of_several_seeds_has_the_interval_of_whole_groups(searched):
    """Two seeds that answer alike are no more evidence than one."""
    (one,), (two,) = (
        search_table(searched(seeds=seeds, budget=1)).to_dict("records") for seeds in (1, 2)
    )
    expected = evaluate(
        right_or_wrong([True, True, True, False]).assign(subset="validation"), "validation"
    )
    ends = ["validation_accuracy_low", "validation_accuracy_high"]
    assert [one[end] for end in ends] == pytest.approx(expected.accuracy_interval)
    assert [two[end] for end in ends] == pytest.approx(expected.accuracy_interval)
    assert (one["seconds"], two["seconds"]) == (2.0, 4.0)
    assert len(two["runs"].split()) == 2


def test_the_field_that_matters_has_the_importance(searched):
    def mostly_optimizer(trial):
        return 0.1 + 0.3 * (trial.optimizer == "adam") + 0.02 * (trial.batch_size == 32)

    table = importances(searched(mostly_optimizer, budget=16))
    assert table["field"].tolist()[:2] == ["optimizer", "batch_size"]
    assert table["importance"][0] > 0.8
    assert table["importance"].sum() == pytest.approx(1)
    assert (table["low"] <= table["importance"]).all()
    assert (table["importance"] <= table["high"]).all()


def test_rates_count_by_their_ratios(searched):
    """A valley at the low end: on a linear scale it would be a sliver of no importance."""
    space = {"learning_rate": LogRange(1e-6, 1), "momentum": Range(0, 0.9)}

    def low_end(trial):
        return 0.3 * (trial.learning_rate > 1e-3) + 0.01 * trial.momentum

    table = importances(searched(low_end, space=space, budget=16))
    assert table["field"][0] == "learning_rate"
    assert table["importance"][0] > 0.9


def test_one_disaster_does_not_explain_it_all(searched):
    """A loss above that of guessing counts as that of guessing, like one that is not finite."""

    def disasters(height):
        return importances(
            searched(
                lambda t: height if t.learning_rate > 0.03 else 0.5 * (t.batch_size == 16), budget=9
            )
        )

    pd.testing.assert_frame_equal(disasters(1e30), disasters(math.nan))
    pd.testing.assert_frame_equal(disasters(1e30), disasters(math.log(2)))


def test_too_few_trials_or_equal_losses_have_no_importances(searched):
    assert importances(searched(budget=FEWEST - 1)) is None
    assert importances(searched(budget=FEWEST)) is not None
    assert importances(searched(lambda trial: 1.0)) is None
    assert importances(searched(lambda trial: math.nan)) is None
    repeated = {"batch_size": Choice(16, 32), "optimizer": Choice("adam", "sgd")}
    assert importances(searched(space=repeated, budget=20)) is None  # four different ones


# ---- with real trainings ----------------------------------------------------------------


def small_search(dataset, **options):
    trial = trial_of(dataset, epochs=1)
    space = {"learning_rate": LogRange(1e-4, 1e-1), "batch_size": Choice(4, 8)}
    return search(trial, space, dataset, budget=2, seed=1, **options)


def test_finished_runs_are_used_again_and_their_tests_stay_shut(prepare_small, monkeypatch):
    dataset = prepare_small()
    found = small_search(dataset)
    runs = [run for one in found.tried for run in one.runs]
    for run in runs:
        assert run.trial.batch_size in (4, 8)
        with pytest.raises(WasteError, match="not declared"):
            run.open_test()
        # Whatever the test says, the search must not notice.
        (run.folder / "test_predictions.parquet").write_bytes(b"none of its business")
    monkeypatch.setattr("wastelib.training.pool.TrainingProcess.take", lambda threads: 1 / 0)
    pd.testing.assert_frame_equal(search_table(small_search(dataset)), search_table(found))


def test_a_split_that_tears_groups_is_refused(prepare_small):
    dataset = prepare_small()
    split = dataset.splits["random"]
    split.assignment["group"] = split.assignment["label"]
    trial = trial_of(dataset, split=split.fingerprint)
    with pytest.raises(WasteError, match="3 groups of the split stand on more than one side"):
        search(trial, SPACE, dataset, budget=1, seed=0)
