"""No more trainings run side by side than the machine has room for, and one always runs."""

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from wastelib.training import machine
from wastelib.training.budget import Budget, threads_for

jobs = st.builds(SimpleNamespace, threads=st.integers(1, 8), memory_bytes=st.integers(1, 100))
budgets = st.builds(Budget, cores=st.integers(1, 16), memory_bytes=st.integers(0, 300))


@given(budgets, st.lists(jobs, max_size=20), st.randoms(use_true_random=False))
def test_what_runs_side_by_side_stays_in_the_budget_and_all_is_run(budget, waiting, random):
    running = []
    while waiting or running:
        while waiting and budget.admits(waiting[0], running):
            running.append(waiting.pop(0))
        assert running
        if len(running) > 1:
            assert sum(job.threads for job in running) <= budget.cores
            assert sum(job.memory_bytes for job in running) <= budget.memory_bytes
        running.pop(random.randrange(len(running)))


def test_memory_is_not_estimated_where_the_cores_are_taken_anyway():
    taken = SimpleNamespace(threads=2)
    assert not Budget(2, 10**12).admits(taken, [taken])


@given(st.integers(1, 50), st.integers(1, 64))
def test_a_training_has_its_share_of_the_cores(trials, cores):
    threads = threads_for(trials, cores)
    assert min(cores, 2) <= threads <= cores
    if trials == 1:
        assert threads == cores


def test_a_container_counts_and_not_the_machine_around_it(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "CGROUP", tmp_path)
    alone = machine.cores(), machine.available_memory()
    assert alone[0] >= 1
    assert alone[1] > 10**6
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "memory.current").write_text("400000\n")
    assert (machine.cores(), machine.available_memory()) == (1, 600_000)
    (tmp_path / "cpu.max").write_text("max 100000\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert machine.cores() == alone[0]
