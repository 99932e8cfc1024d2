"""The ablation compares the recipe with itself less one thing, seed by seed."""

from argparse import Namespace
from types import SimpleNamespace

import pytest

from tests.benchmarks.ablation import ARMS, COMPLETE, RECIPE, WITHOUT, in_words, trials_of


def test_each_arm_differs_from_the_complete_recipe_in_one_ingredient():
    dataset = SimpleNamespace(
        fingerprint="d", splits={"group": SimpleNamespace(fingerprint="grouped")}
    )
    options = Namespace(network="residual_s", image_size=32, epochs=5, seeds=2)
    trials = trials_of(dataset, options)
    assert len({trial.hash for trial in trials.values()}) == len(trials) == 2 * len(ARMS)
    for seed in range(2):
        complete = trials[f"{COMPLETE}, seed {seed}"]
        assert complete.seed == seed
        assert complete.split == "grouped"
        for arm, changes in ARMS.items():
            other = trials[f"{arm}, seed {seed}"].model_dump()
            assert set(changes) <= set(RECIPE)
            restored = complete.model_validate(other | {name: RECIPE[name] for name in changes})
            assert restored == complete


def results_of(**accuracies) -> dict:
    arms = {
        arm: {"validation_accuracy": values, "validation_loss": 0.5, "epoch_seconds": 2.0}
        for arm, values in accuracies.items()
    }
    return {"data": "data", "model": "model", "seeds": 3, "arms": arms}


def test_a_loss_is_told_with_its_sign_and_paired_by_seed():
    """Seeds differ much, and each loses two points: the pairs say so, the means could not."""
    text = in_words(results_of(complete=[0.5, 0.7, 0.9], without=[0.48, 0.68, 0.88]))
    assert "| without | 68.0%" in text
    assert "| -2.0 (-2.0 to -2.0) |" in text


def test_every_ingredient_of_the_recipe_is_taken_away_once():
    taken = [name for changes in WITHOUT.values() for name in changes]
    assert len(taken) == len(set(taken))
    # The rate is no ingredient: there is none to go without.
    assert set(taken) == set(RECIPE) - {"learning_rate"}


@pytest.mark.parametrize("arm", ARMS)
def test_an_arm_is_a_row(arm):
    text = in_words(results_of(**{COMPLETE: [0.5, 0.6, 0.7]} | {arm: [0.5, 0.6, 0.7]}))
    assert f"| {arm} | 60.0%" in text
