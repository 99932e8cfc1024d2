"""What a re-run found, as far as the grader has computed it itself."""

from dataclasses import dataclass, field

from wastelib.report.results import TableResult


@dataclass(frozen=True)
class DataFacts:
    """The photographs and the split that a submission's models were trained on."""

    images: int
    groups: int
    skipped: int
    images_per_class: dict[str, int]
    train: int
    validation: int
    test: int
    torn_groups: int


@dataclass(frozen=True)
class RunFacts:
    """A run that the grader has trained: what is recorded of models and of rates."""

    run: str
    kind: str
    optimizer: str
    learning_rate: float
    momentum: float
    image_size: int
    parameters: int
    trainable_parameters: int
    epochs: int
    test_accuracy: float
    test_macro_f1: float
    test_loss: float
    validation_accuracy: float
    validation_loss: float | None


@dataclass(frozen=True)
class Found:
    """By the grader: `data`, `models`, `rates` and `chosen`; the rest by the notebooks."""

    data: DataFacts | None = None
    models: dict[str, RunFacts] = field(default_factory=dict)
    rates: list[RunFacts] = field(default_factory=list)
    chosen: RunFacts | None = None
    tables: dict[tuple[str, str], TableResult] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
