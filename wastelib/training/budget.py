"""How many trainings run side by side: what each one needs, and what the machine has."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from wastelib.data.dataset import Dataset
from wastelib.training import machine
from wastelib.training.earlier import teacher_trial
from wastelib.training.features import PASS
from wastelib.training.trial import Trial

# Chosen so that the estimate is at or above the peak (VmHWM) of training processes, as measured
# for the published CNN at 64 to 256 px and MobileNetV2, frozen and fine-tuned, at 224 px: peaks
# of 1.0 to 3.8 GB, estimates 2 to 20 % higher, and twice as high for deep fine-tuning. A process
# that has trained other small networks before held 1.15 GB.
PROCESS_BYTES = 1_250_000_000  # Python and TensorFlow, with what they compile and buffer
FLOAT_BYTES = 4
LONG_LIST = 4  # trainings for each core
COPIES_IN_TRAINING = 2  # each layer's output is kept for its gradient, which is as large
COPIES_IN_A_PASS = 3  # input and output of a layer, and room to compute in
COPIES_OF_WEIGHTS = 6  # weights, gradient, Adam's two means, and two in the making of a file


@dataclass(frozen=True)
class Budget:
    """Cores and bytes of memory that trainings may use together."""

    cores: int
    memory_bytes: int

    @classmethod
    def of_this_machine(cls) -> "Budget":
        """What this process may use, and what of it is free now."""
        return cls(machine.cores(), machine.available_memory())

    def admits(self, job: "Job", running: Sequence["Job"]) -> bool:
        """Whether `job` may start beside those; alone, it always may."""
        if not running:
            return True
        if job.threads + sum(other.threads for other in running) > self.cores:
            return False
        needed = job.memory_bytes + sum(other.memory_bytes for other in running)
        return needed <= self.memory_bytes


def threads_for(trials: int, cores: int) -> int:
    """Threads of each training in a list of so many, on a machine with so many cores.

    At least two in a short list: for networks with convolutions two threads in one process
    took 0.75 to 1.15 of the time of two processes with one thread each. Heads on stored
    features would gain from one thread each, but the time of one image is measured with the
    same threads, and is to be compared between models. One in a long list, whose trainings are
    mostly small: half of a small training is building, compiling and storing, which one core
    does while another computes.

    The number changes the last bits of an outcome. Hence it depends on the list as it was
    given and on the machine, never on what is finished already or on what runs beside it.
    """
    if trials >= LONG_LIST * cores:
        return 1
    return min(cores, max(2, cores // trials))


@dataclass(frozen=True)
class Job:
    """An order for a training process, with the threads that process has."""

    key: str
    order: dict
    trial: Trial
    classes: int
    threads: int

    @classmethod
    def of(
        cls,
        task: str,
        trial: Trial,
        dataset: Dataset,
        *,
        key: str,
        weights: str,
        threads: int,
        **more,
    ) -> "Job":
        """Do `task` (see `wastelib.training.worker`) for `trial`; `more` are facts it needs too."""
        order = {
            "task": task,
            "trial": trial.model_dump(mode="json"),
            "build_folder": str(dataset.build_folder.resolve()),
            "weights": weights,
            **more,
        }
        return cls(key, order, trial, len(dataset.classes), threads)

    @cached_property
    def memory_bytes(self) -> int:
        """What the process will hold at its peak; building the network to know takes a moment."""
        try:
            teacher = teacher_trial(self.trial, Path(self.order["build_folder"]))
            return memory_needed(self.trial, self.classes, teacher)
        except Exception:  # a network that cannot be built: its process will say why
            return PROCESS_BYTES


def memory_needed(trial: Trial, classes: int, teacher: Trial | None = None) -> int:
    """Estimated peak, in bytes, of a process that trains `trial`, taught by `teacher`'s model."""
    weights, outputs, widest = _network(trial.model, trial.image_size, classes)
    training = COPIES_IN_TRAINING * outputs * trial.batch_size
    forward = COPIES_IN_A_PASS * widest * PASS
    if trial.model.kind == "pretrained" and not trial.reads_features:
        # Each step sends its batch through the frozen layers first.
        training += COPIES_IN_A_PASS * widest * trial.batch_size
    if teacher is not None:  # it only answers, as frozen layers do
        more, _, its_widest = _network(teacher.model, trial.image_size, classes)
        training += more + COPIES_IN_A_PASS * its_widest * trial.batch_size
    copies = COPIES_OF_WEIGHTS + (trial.averaging > 0)
    numbers = copies * weights + max(training, forward)
    return PROCESS_BYTES + FLOAT_BYTES * numbers


def _network(model, image_size: int, classes: int) -> tuple[int, int, int]:
    if model.kind == "pretrained":  # where it starts is no part of its size
        model = model.model_copy(update={"start": None})
    return _size_of_network(model, image_size, classes)


@cache
def _size_of_network(model, image_size: int, classes: int) -> tuple[int, int, int]:
    """Numbers in its weights; in all outputs of one image in training; in the largest of any."""
    from wastelib.models.backbones import build_backbone
    from wastelib.models.custom import CUSTOM
    from wastelib.models.layers import layer_rows
    from wastelib.models.pretrained import split_backbone

    if model.kind == "custom":
        parts = [CUSTOM[model.network](image_size, classes)]
    else:
        parts = split_backbone(
            model.backbone,
            build_backbone(model.backbone, image_size, None),
            head_units=model.head_units,
            classes=classes,
            unfrozen_layers=model.unfrozen_layers,
        )
    outputs = [[_numbers(row["output_shape"]) for row in layer_rows(part)] for part in parts]
    weights = sum(part.count_params() for part in parts)
    return weights, sum(outputs[-1]), max(map(max, outputs))


def _numbers(shape: tuple[int, ...]) -> int:
    product = 1
    for side in shape:
        product *= side
    return product
