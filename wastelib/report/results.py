"""The schema of `results.json`: what a build found, in one documented, versioned file.

`report/results.schema.json` is this schema as JSON Schema; a test holds the two together.
Shares and metrics lie in 0..1, intervals are 95 % and given as [low, high].
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Share = float
Interval = tuple[float, float]
Precision = Literal["float32", "bfloat16"]


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SplitSizes(_Record):
    """How the images were split; sizes count images."""

    method: Literal["group", "random"]
    seed: int
    train: int
    validation: int
    test: int


class DatasetResult(_Record):
    """The photographs that every figure of the report is from."""

    name: str = Field(description="named on every page, for example 'Demo data (rendered)'")
    kind: Literal["demo", "realwaste", "folder"]
    fingerprint: str = Field(description="SHA-256 of the catalogue's table")
    images: int
    groups: int
    skipped: int = Field(description="files that could not be read")
    images_per_class: dict[str, int]
    split: SplitSizes


class ClassScores(_Record):
    """One class's scores on the test subset; support counts its images."""

    precision: Share
    recall: Share
    f1: Share
    support: int


class ModelResult(_Record):
    """One finished run, measured on the test subset."""

    name: str
    kind: Literal["custom", "pretrained"]
    image_size: int
    precision: Precision = "float32"
    parameters: int
    trainable_parameters: int
    size_bytes: int = Field(description="of model.keras, without optimizer state")
    epochs: int
    train_seconds: float = Field(description="training, and the feature pass where there is one")
    image_milliseconds: float = Field(description="one image through the whole model, least of 20")
    test_accuracy: Share
    test_accuracy_interval: Interval
    test_macro_f1: Share
    test_macro_f1_interval: Interval
    test_loss: float
    per_class: dict[str, ClassScores]
    confusion_matrix: list[list[int]] = Field(description="rows true, columns predicted")
    run: str = Field(description="the trial's hash, which names the run's folder")


class RateResult(_Record):
    """One line of the learning-rate and optimizer comparison, judged on validation."""

    optimizer: str
    learning_rate: float
    momentum: float
    precision: Precision = "float32"
    epochs: int
    validation_accuracy: Share
    validation_accuracy_interval: Interval | None = Field(
        None, description="null where training diverged, and in what was recorded without"
    )
    validation_loss: float | None = Field(description="null where training diverged")
    chosen: bool
    run: str


class TableResult(_Record):
    """A table as the report shows it; its number is that of the report, such as 6.1."""

    notebook: str
    number: str
    name: str
    caption: str
    columns: list[str]
    rows: list[list[str]]


class TrainingSeconds(_Record):
    """One training that a notebook is about; its seconds are those of the time it was made."""

    name: str
    run: str
    epochs: int
    seconds: float = Field(description="of all epochs, and of the feature pass where there is one")
    feature_seconds: float = Field(description="of the one pass, also if several runs read it")
    trained_here: bool = Field(description="by this execution of the notebook; else found")


class NotebookSeconds(_Record):
    """Where the time of one executed notebook went; the three parts are all of it."""

    notebook: str
    setup_seconds: float = Field(description="start and end of the kernel, imports")
    training_seconds: float = Field(description="cells in which an epoch ended")
    other_seconds: float = Field(description="all other cells: tables, figures, scores")
    kept: bool = Field(False, description="executed by an earlier build; nothing had changed")
    trainings: list[TrainingSeconds]

    @property
    def seconds(self) -> float:
        """The whole, rounded as its parts are."""
        return round(self.setup_seconds + self.training_seconds + self.other_seconds, 1)


class Ledger(_Record):
    """Where the time of a report went, rounded to tenths of a second."""

    notebooks: list[NotebookSeconds]
    collect_seconds: float
    page_seconds: float
    pdf_seconds: float


class Environment(_Record):
    """What the figures were made with."""

    versions: dict[str, str]
    platform: str
    processor: str
    cores: int
    memory_bytes: int
    git_commit: str
    finished: str = Field(description="UTC time, ISO 8601")
    notebook_seconds: dict[str, float]
    ledger: Ledger | None = Field(None, description="null in what was recorded without one")
    parameters: dict[str, dict[str, str | int | float | bool]]


class Results(_Record):
    """Everything that is recorded, printed in prose, drawn or graded later."""

    schema_version: Literal[1] = 1
    profile: str
    dataset: DatasetResult
    models: list[ModelResult]
    learning_rates: list[RateResult]
    answers: dict[str, str] = Field({}, description="the words that each notebook ends with")
    tables: list[TableResult] = Field([], description="every table of the notebooks, as shown")
    environment: Environment
