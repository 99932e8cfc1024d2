"""A training that is killed goes on from its last epoch, and ends with the same numbers."""

import subprocess
import sys
import time

import pandas as pd
import pytest

from wastelib.errors import WasteError

TRAIN = """
import sys
from wastelib.data.dataset import open_dataset
from wastelib.training.fit import fit
from wastelib.training.trial import Trial
trial, dataset = Trial.model_validate_json(sys.argv[2]), open_dataset(sys.argv[1])
fit(trial, dataset, weights="demo", on_epoch=lambda history: None)
"""
EPOCHS = 12


@pytest.fixture
def trial_of():
    from wastelib.training.trial import CustomModel, Trial

    return lambda dataset: Trial(
        dataset=dataset.fingerprint,
        split=dataset.splits["group"].fingerprint,
        model=CustomModel(),
        image_size=16,
        learning_rate=1e-3,
        batch_size=8,
        epochs=EPOCHS,
        restore_best=True,
    )


def test_killed_training_goes_on_and_ends_with_the_same_predictions(
    prepare_small, trial_of, tmp_path
):
    whole = prepare_small(build=tmp_path / "whole")
    expected = fitted(trial_of(whole), whole)
    dataset = prepare_small(build=tmp_path / "killed")
    trial = trial_of(dataset)
    unfinished = dataset.build_folder / "runs" / f"{trial.hash}.unfinished"
    command = [sys.executable, "-c", TRAIN, str(dataset.build_folder), trial.model_dump_json()]
    for epochs in (2, 6):
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        wait_for(unfinished, epochs, process)
        process.kill()
        process.wait()
    run = fitted(trial, dataset)
    assert len(run.history) == EPOCHS
    seconds = "seconds"
    pd.testing.assert_frame_equal(
        run.history.drop(columns=seconds), expected.history.drop(columns=seconds)
    )
    pd.testing.assert_frame_equal(run.predictions, expected.predictions, check_exact=True)
    assert not unfinished.exists()


def fitted(trial, dataset):
    from wastelib.training.fit import fit

    return fit(trial, dataset, weights="demo", on_epoch=lambda history: None)


def test_a_killed_training_process_is_reported_with_a_remedy(prepare_small, trial_of, monkeypatch):
    """As the system does it for want of memory: with no word to the process."""
    from wastelib.training.machine import cores
    from wastelib.training.process import TrainingProcess
    from wastelib.training.train import train

    dataset = prepare_small()
    doomed = TrainingProcess(cores())
    doomed._process.kill()
    monkeypatch.setattr(TrainingProcess, "_idle", [doomed])
    with pytest.raises(WasteError, match=r"status -9.*want of memory(.|\n)*try batch_size 4"):
        train(trial_of(dataset), dataset)


def wait_for(unfinished, epochs, process, at_most=120):
    """Until so many epochs are on the disk."""
    began = time.monotonic()
    while time.monotonic() - began < at_most:
        assert process.poll() is None, "the training ended before it was killed"
        if any(int(p.name[-5:]) >= epochs for p in unfinished.glob("epoch-*")):
            return
        time.sleep(0.005)
    pytest.fail(f"no {epochs} epochs within {at_most} seconds")


def test_a_full_disk_leaves_the_last_epoch_to_go_on_from(prepare_small, trial_of, monkeypatch):
    import errno

    from wastelib.training import checkpoints

    dataset = prepare_small()
    trial = trial_of(dataset)
    store = checkpoints._store

    def fails_at_the_third(file, variables):
        if len(list(file.parent.parent.glob("epoch-00002"))):
            raise OSError(errno.ENOSPC, "No space left on device")
        store(file, variables)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "_store", fails_at_the_third)
        with pytest.raises(WasteError, match="the disk is full"):
            fitted(trial, dataset)
    unfinished = dataset.build_folder / "runs" / f"{trial.hash}.unfinished"
    assert [path.name for path in unfinished.iterdir()] == ["epoch-00002"]
    assert len(fitted(trial, dataset).history) == EPOCHS
