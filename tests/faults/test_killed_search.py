"""Killed at random moments, a search ends with the history it would have had."""

import inspect
import random
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest
from small_trials import trial_of

from wastelib.evaluation.search import search_table
from wastelib.training.search import search
from wastelib.training.space import Choice, LogRange

KILLS = 5
BUDGET = 12


def searched(trial, dataset, budget):
    """The first five trials are drawn blindly, the others learn from those before."""
    space = {"learning_rate": LogRange(1e-4, 1e-1), "batch_size": Choice(4, 8)}
    return search(trial, space, dataset, budget=budget, seed=3)


# What a notebook's kernel does.
CALLER = f"""
import sys
from wastelib.data.dataset import open_dataset
from wastelib.training.search import search
from wastelib.training.space import Choice, LogRange
from wastelib.training.trial import Trial

{inspect.getsource(searched)}

searched(Trial.model_validate_json(sys.argv[2]), open_dataset(sys.argv[1]), {BUDGET})
"""


def test_kills_at_random_moments_change_nothing_in_the_history(prepare_small, tmp_path):
    whole = prepare_small(build=tmp_path / "whole")
    expected = searched(trial_of(whole, epochs=3), whole, BUDGET)
    dataset = prepare_small(build=tmp_path / "killed")
    trial = trial_of(dataset, epochs=3)
    command = [sys.executable, "-c", CALLER, str(dataset.build_folder), trial.model_dump_json()]
    moments = random.Random(5)
    for _ in range(KILLS):
        caller = psutil.Popen(command, stderr=subprocess.DEVNULL)
        before = finished(dataset.build_folder)
        # One kill meets the start, the others what follows the end of a training.
        if moments.random() > 1 / KILLS:
            wait_for_a_run_after(before, dataset.build_folder, caller)
        time.sleep(moments.uniform(0, 0.5))
        assert caller.poll() is None, "the search ended before it was killed"
        workers = caller.children()
        caller.kill()
        caller.wait(60)
        assert not psutil.wait_procs(workers, timeout=60)[1], "a worker outlived its caller"
    assert 0 < finished(dataset.build_folder) < BUDGET
    table = search_table(searched(trial, dataset, BUDGET))
    pd.testing.assert_frame_equal(
        table.drop(columns="seconds"), search_table(expected).drop(columns="seconds")
    )


def finished(build: Path) -> int:
    """How many trials have left a run."""
    return len(list((build / "runs").glob("*/manifest.json")))


def wait_for_a_run_after(before: int, build: Path, caller: psutil.Popen) -> None:
    """Until this life of the search has finished a trial of its own."""
    for _ in range(60_000):
        if finished(build) > before:
            return
        assert caller.poll() is None, "the search ended before it was killed"
        time.sleep(0.005)
    pytest.fail("no trial was finished")
