"""No more trainings run side by side than the machine has room for, and one always runs."""

from types import SimpleNamespace
from typing import ClassVar

from hypothesis import given
from hypothesis import strategies as st

from wastelib.training import budget, machine
from wastelib.training.budget import LONG_LIST, Budget, threads_for
from wastelib.training.process import KEPT_BELOW_BYTES, TrainingProcess
from wastelib.training.trial import CustomModel, PretrainedModel, Trial

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
    assert 1 <= threads <= cores
    if trials == 1:
        assert threads == cores
    if trials < LONG_LIST * cores:
        assert threads >= min(cores, 2)


def test_trainings_of_a_long_list_run_side_by_side_on_a_small_machine_too():
    assert threads_for(2, cores=2) == 2
    assert threads_for(40, cores=2) == 1


def test_a_process_is_kept_for_the_next_training_whatever_was_idle_before():
    """After a pass by all cores, each training of a long list once started a process anew."""

    class Fake(TrainingProcess):
        _idle: ClassVar[list] = []

        def __init__(self, threads):
            self.threads, self.held_bytes, self.ended = threads, KEPT_BELOW_BYTES * 0.6, False

        def end(self):
            self.ended = True

    wide = Fake.take(threads=2)
    wide._give_back()
    narrow = Fake.take(threads=1)
    assert wide.ended
    narrow._give_back()
    assert Fake.take(threads=1) is narrow
    assert not narrow.ended


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


def test_a_training_that_sends_pixels_through_frozen_layers_needs_room_for_them(monkeypatch):
    monkeypatch.setattr(budget, "_size_of_network", lambda *_: (1000, 100, 10_000))
    model = PretrainedModel(backbone="MobileNetV2-0.35", weights="demo")

    def needed(**changes):
        settings = {"dataset": "d", "split": "s", "image_size": 32, "learning_rate": 1, "epochs": 1}
        return budget.memory_needed(Trial(model=model, **settings | changes), classes=3)

    assert needed(augmentation="mixup", batch_size=64) > needed(batch_size=64)


def test_a_teacher_takes_room_beside_its_student(monkeypatch):
    monkeypatch.setattr(budget, "_size_of_network", lambda *_: (1000, 100, 10_000))
    settings = {"dataset": "d", "split": "s", "image_size": 32, "learning_rate": 1, "epochs": 1}
    teacher = Trial(model=CustomModel(), **settings)
    student = Trial(model=CustomModel(), teacher=teacher.hash, batch_size=64, **settings)
    alone = budget.memory_needed(student, classes=3)
    assert budget.memory_needed(student, classes=3, teacher=teacher) > alone
