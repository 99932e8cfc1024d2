"""A training that is stopped says why, and leaves its last epoch to go on from."""

import pytest
from small_trials import fitted, trial_of

from wastelib.errors import WasteError

EPOCHS = 4


def test_a_killed_training_process_is_reported_with_a_remedy(prepare_small, monkeypatch):
    """As the system does it for want of memory: with no word to the process."""
    from wastelib.training.machine import cores
    from wastelib.training.process import TrainingProcess
    from wastelib.training.train import train

    dataset = prepare_small()
    doomed = TrainingProcess(cores())
    doomed._process.kill()
    monkeypatch.setattr(TrainingProcess, "_idle", [doomed])
    words = r"status -9.*want of memory: it takes about \d.* GB.*are free(.|\n)*try batch_size 4"
    with pytest.raises(WasteError, match=words):
        train(trial_of(dataset, epochs=EPOCHS, restore_best=True), dataset)


def test_a_full_disk_leaves_the_last_epoch_to_go_on_from(prepare_small, monkeypatch):
    import errno

    from wastelib.training import checkpoints

    dataset = prepare_small()
    trial = trial_of(dataset, epochs=EPOCHS, restore_best=True)
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


def test_a_disk_without_room_for_the_state_is_named_with_both_figures(prepare_small, monkeypatch):
    from types import SimpleNamespace

    from wastelib import files
    from wastelib.data.batches import decoded

    dataset = prepare_small()
    decoded(dataset, 16)  # so that it is the state that finds no room
    monkeypatch.setattr(files.shutil, "disk_usage", lambda path: SimpleNamespace(free=1_000_000))
    with pytest.raises(WasteError, match=r"after each epoch needs 2 MB of disk, 1 MB are free"):
        fitted(trial_of(dataset, epochs=EPOCHS, restore_best=True), dataset)


@pytest.mark.parametrize("kind", ["MemoryError", "ResourceExhaustedError"])
def test_a_refusal_of_memory_is_told_from_a_mistake(kind, capsys, monkeypatch):
    import json
    from types import SimpleNamespace

    from wastelib.training import worker

    refused = type(kind, (Exception,), {})
    events = iter([refused, KeyboardInterrupt])  # the second ends the loop

    def get():
        raise next(events)

    monkeypatch.setattr(worker, "_read_orders", lambda orders: None)
    monkeypatch.setattr(worker.queue, "SimpleQueue", lambda: SimpleNamespace(get=get))
    with pytest.raises(KeyboardInterrupt):
        worker.main()
    assert "memory" in json.loads(capsys.readouterr().out)["died"]
