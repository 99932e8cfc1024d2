"""Trials on a Dask cluster: runs as made here, whatever becomes of the workers."""

import contextlib
import os
import shutil
import signal
import time
from collections import Counter

import pandas as pd
import psutil
import pytest
from small_trials import small_backbone, trial_of

from wastelib.errors import WasteError
from wastelib.training import cluster as on_cluster
from wastelib.training import dask_client, remote
from wastelib.training.parcel import receive
from wastelib.training.progress import Progress
from wastelib.training.train import train, train_all
from wastelib.training.trial import Trial


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Two worker processes that share a machine's cache folder, and not the client's files."""
    from distributed import LocalCluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WASTELIB_CACHE", str(tmp_path_factory.mktemp("machine")))
        with LocalCluster(
            n_workers=2,
            threads_per_worker=os.cpu_count(),
            dashboard_address="127.0.0.1:0",
            local_directory=tmp_path_factory.mktemp("dask"),
        ) as started:
            yield started


def head_of(dataset, **changes) -> Trial:
    return trial_of(dataset, image_size=32, model=small_backbone(**changes), epochs=1)


def assert_same(run, expected) -> None:
    assert run.trial == expected.trial
    pd.testing.assert_frame_equal(run.predictions, expected.predictions, check_exact=True)


def test_runs_and_features_are_those_made_here_and_one_that_fails_stops_no_other(
    prepare_small, cluster, tmp_path, capfd
):
    here, there = (prepare_small(build=tmp_path / name) for name in ("here", "there"))
    frozen = train(head_of(here), here)
    shutil.copytree(frozen.folder, there.build_folder / "runs" / frozen.hash)
    fold, _ = (dataset.folds(3, seed=1)[0] for dataset in (here, there))
    trials = {
        "a CNN": trial_of(here),
        "unfit": head_of(here, weights="sha256:0"),
        "fine-tuned": head_of(here, unfrozen_layers=5, start=frozen.hash),
        "the same CNN": trial_of(here),
        "on a fold": trial_of(here, split=fold.fingerprint),
        "taught": trial_of(here, image_size=32, teacher=frozen.hash),
    }
    with pytest.raises(WasteError, match="1 of 5 trainings failed") as raised:
        train_all(trials, there, scheduler=cluster.scheduler_address)
    assert "unfit: the trial was declared for other weights" in str(raised.value)
    del trials["unfit"]
    runs = train_all(trials, there, scheduler="not asked: all runs are there")
    assert list(runs) == list(trials)
    assert {run.folder.parent for run in runs.values()} == {there.build_folder / "runs"}
    for name, trial in trials.items():
        assert_same(runs[name], train(trial, here))
    (features,) = (there.build_folder / "cache").glob("features-*.npy")
    assert (here.build_folder / "cache" / features.name).read_bytes() == features.read_bytes()
    assert capfd.readouterr().err.count("Dask dashboard: http") == 1


def test_a_killed_workers_training_goes_on_elsewhere_and_ends_the_same(
    prepare_small, cluster, tmp_path, monkeypatch
):
    here, there = (prepare_small(build=tmp_path / name) for name in ("here", "there"))
    trials = {f"seed {seed}": trial_of(here, epochs=9, seed=seed) for seed in (1, 2)}
    killed, told = [], Counter()
    epoch = Progress.epoch

    def kill_at_the_third(self, run, **facts):
        told[run, facts["epoch"]] += 1
        if facts["epoch"] == 3 and not killed:
            killed.append(run)
            os.kill(worker_of(cluster, run).pid, signal.SIGKILL)
        epoch(self, run, **facts)

    monkeypatch.setattr(Progress, "epoch", kill_at_the_third)
    runs = train_all(trials, there, scheduler=cluster.scheduler_address)
    assert len(killed) == 1
    assert told[killed[0], 1] == 1, "the training began anew"
    monkeypatch.undo()
    expected = train_all(trials, here)
    for name in trials:
        assert_same(runs[name], expected[name])


def test_trainings_end_when_the_one_who_asked_is_stopped(prepare_small, cluster, monkeypatch):
    dataset = prepare_small()

    def stop(self, run, **facts):
        raise KeyboardInterrupt

    monkeypatch.setattr(Progress, "epoch", stop)
    with pytest.raises(KeyboardInterrupt):
        train(trial_of(dataset, epochs=10_000), dataset, scheduler=cluster.scheduler_address)
    end = time.monotonic() + 60
    while any(training_processes(cluster)):
        assert time.monotonic() < end, "a training goes on that nobody waits for"
        time.sleep(0.05)


def training_processes(cluster):
    """Processes that the cluster's workers have started to train in."""
    for nanny in cluster.workers.values():
        for child in psutil.Process(nanny.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess):
                if "wastelib.training.worker" in child.cmdline():
                    yield child


def worker_of(cluster, run):
    """The nanny of the worker process that trains a run."""
    (address,) = [
        state.address
        for state in cluster.scheduler.workers.values()
        if any(run in task.key for task in state.processing)
    ]
    (nanny,) = [n for n in cluster.workers.values() if n.worker_address == address]
    return nanny


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense://x", "127.0.0.1:x", "demo"])
def test_a_scheduler_that_does_not_answer_is_named(prepare_small, monkeypatch, address):
    monkeypatch.setattr(dask_client, "CONNECT_SECONDS", 0.5)
    dataset = prepare_small()
    with pytest.raises(WasteError, match="no Dask scheduler answers") as raised:
        train(trial_of(dataset), dataset, scheduler=address)
    assert f"where:  {address}" in str(raised.value)


def test_a_cluster_with_other_versions_is_refused(prepare_small, cluster, monkeypatch):
    ours = remote.versions() | {"wastelib": "9.9"}
    monkeypatch.setattr(dask_client, "our_versions", lambda: ours)
    dataset = prepare_small()
    with pytest.raises(WasteError, match=r"other versions: wastelib .* instead of 9\.9"):
        train(trial_of(dataset), dataset, scheduler=cluster.scheduler_address)


def test_a_parcel_stays_in_its_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("WASTELIB_CACHE", str(tmp_path))
    with pytest.raises(WasteError, match="would leave its folder"):
        receive("key", "../../outside", 1, "token", b"x", True)
    receive("key", "cache/a.npy", 2, "token", b"x", False)
    assert not (tmp_path / "cluster" / "key" / "cache" / "a.npy").exists()
    receive("key", "cache/a.npy", 2, "token", b"y", True)
    assert (tmp_path / "cluster" / "key" / "cache" / "a.npy").read_bytes() == b"xy"


def test_a_run_that_is_not_what_was_asked_for_is_not_kept(tmp_path):
    files = dict.fromkeys(on_cluster.FILES, b"{}")
    with pytest.raises(WasteError, match="other files"):
        on_cluster.store(tmp_path / "runs" / "a", files | {"../x": b""})
    with pytest.raises(ValueError, match="Trial"):
        on_cluster.store(tmp_path / "runs" / "a", files)
    assert not (tmp_path / "runs" / "a").exists()
