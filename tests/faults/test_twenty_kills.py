"""Killed twenty times at random moments, a training ends with the predictions it would have had."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest
from small_trials import trial_of

from wastelib.training.train import train

KILLS = 20
EPOCHS = 90
# What a notebook's kernel does. It needs no TensorFlow; the process that trains does.
CALLER = """
import sys
from wastelib.data.dataset import open_dataset
from wastelib.training.train import train
from wastelib.training.trial import Trial
train(Trial.model_validate_json(sys.argv[2]), open_dataset(sys.argv[1]))
"""


def test_twenty_kills_at_random_moments_change_no_prediction(prepare_small, tmp_path):
    whole = prepare_small(build=tmp_path / "whole")
    expected = train(trial_of(whole, epochs=EPOCHS, restore_best=True), whole)
    dataset = prepare_small(build=tmp_path / "killed")
    trial = trial_of(dataset, epochs=EPOCHS, restore_best=True)
    unfinished = dataset.build_folder / "runs" / f"{trial.hash}.unfinished"
    command = [sys.executable, "-c", CALLER, str(dataset.build_folder), trial.model_dump_json()]
    moments = random.Random(20)
    reached = []
    for _ in range(KILLS):
        caller = psutil.Popen(command, stderr=subprocess.DEVNULL)
        worker = worker_of(caller)
        # A third of the kills meets the start, the others the training and its checkpoints.
        if moments.random() < 0.33:
            time.sleep(moments.uniform(0, 2))
        else:
            wait_for_an_epoch_after(epochs_in(unfinished), unfinished, caller)
            time.sleep(moments.uniform(0, 0.4))
        assert caller.poll() is None, "the training ended before it was killed"
        moments.choice([caller, worker]).kill()
        caller.wait(60)
        assert not psutil.wait_procs([worker], timeout=60)[1], "the worker outlived its caller"
        reached.append(epochs_in(unfinished))
    assert reached == sorted(reached)
    assert 0 < reached[-1] < EPOCHS
    run = train(trial, dataset)
    pd.testing.assert_frame_equal(
        run.history.drop(columns="seconds"), expected.history.drop(columns="seconds")
    )
    pd.testing.assert_frame_equal(run.predictions, expected.predictions, check_exact=True)
    assert not unfinished.exists()


def worker_of(caller: psutil.Popen) -> psutil.Process:
    """The process that trains, as soon as there is one."""
    for _ in range(6000):
        for child in caller.children():
            if "wastelib.training.worker" in child.cmdline():
                return child
        time.sleep(0.01)
    return pytest.fail("no training process was started")


def epochs_in(unfinished: Path) -> int:
    """How many epochs are on the disk."""
    return max((int(path.name[-5:]) for path in unfinished.glob("epoch-*")), default=0)


def wait_for_an_epoch_after(before: int, unfinished: Path, caller: psutil.Popen) -> None:
    """Until this life of the training has finished an epoch of its own."""
    while epochs_in(unfinished) <= before:
        assert caller.poll() is None, "the training ended before it was killed"
        time.sleep(0.005)
