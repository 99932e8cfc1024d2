"""Many trials on this machine: one that fails stops no other, and who asked takes all along."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest
from small_trials import trial_of

from wastelib.errors import WasteError
from wastelib.training import machine
from wastelib.training.budget import memory_needed
from wastelib.training.process import TrainingProcess
from wastelib.training.train import train, train_all
from wastelib.training.trial import CustomModel, PretrainedModel

TRAIN = """
import json, sys
from wastelib.data.dataset import open_dataset
from wastelib.training.train import train_all
from wastelib.training.trial import Trial
trials = {name: Trial.model_validate(trial) for name, trial in json.loads(sys.argv[2]).items()}
train_all(trials, open_dataset(sys.argv[1]))
"""


def test_one_that_fails_is_named_and_the_others_are_as_if_alone(
    prepare_small, tmp_path, monkeypatch
):
    monkeypatch.setattr(machine, "cores", lambda: 4)  # two side by side, with two threads each
    dataset = prepare_small(build=tmp_path / "many")
    trials = {
        "first": trial_of(dataset),
        "unfit": trial_of(dataset, model=CustomModel(network="unheard-of")),
        "last": trial_of(dataset, seed=1),
    }
    with pytest.raises(WasteError) as raised:
        train_all(trials, dataset)
    assert "1 of 3 trainings failed, the others are finished and kept" in str(raised.value)
    assert "unfit: KeyError: 'unheard-of'" in str(raised.value)
    monkeypatch.setattr(TrainingProcess, "take", lambda threads: pytest.fail("trained again"))
    runs = train_all({name: trials[name] for name in ("last", "first")}, dataset)
    assert list(runs) == ["last", "first"]
    assert {run.manifest["threads"] for run in runs.values()} == {2}
    monkeypatch.undo()
    monkeypatch.setattr(machine, "cores", lambda: 2)
    alone = train(trials["last"], prepare_small(build=tmp_path / "alone"))
    pd.testing.assert_frame_equal(alone.predictions, runs["last"].predictions, check_exact=True)
    (idle,) = [process for process in TrainingProcess._idle if process.threads == 2][:1]
    status = Path(f"/proc/{idle._process.pid}/status").read_text()
    peak = 1024 * int(re.search(r"VmHWM:\s+(\d+)", status)[1])
    assert peak < memory_needed(trials["last"], classes=3) < 4 * peak


def test_equal_trials_are_trained_once_and_a_missing_start_is_named(prepare_small):
    dataset = prepare_small()
    trial = trial_of(dataset)
    runs = train_all({"a": trial, "b": trial.model_copy()}, dataset)
    assert list(runs) == ["a", "b"]
    assert runs["a"].folder == runs["b"].folder
    model = PretrainedModel(backbone="MobileNetV2-0.35", weights="w", start="0123456789abcdef")
    with pytest.raises(WasteError, match="starts from the run 0123456789abcdef"):
        train_all({"tuned": trial_of(dataset, model=model)}, dataset)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_trainings_end_with_the_one_who_asked(prepare_small, sent):
    import json

    dataset = prepare_small()
    trials = {"long": trial_of(dataset, epochs=10_000).model_dump(mode="json")}
    command = [sys.executable, "-c", TRAIN, str(dataset.build_folder), json.dumps(trials)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
    wait_until(lambda: any(dataset.build_folder.glob("runs/*.unfinished/*")), process)
    workers = psutil.Process(process.pid).children(recursive=True)
    assert workers
    process.send_signal(sent)
    assert process.wait(timeout=60) != 0
    wait_until(lambda: not any(map(is_alive, workers)))


def is_alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def wait_until(condition, process: subprocess.Popen | None = None, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        assert process is None or process.poll() is None, "the process has ended"
        time.sleep(0.02)
