"""Gather what a build found into `results.json`.

Models and rates are read from their runs; what else the notebooks found, from their tables.
"""

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from wastelib.data.dataset import Dataset, open_dataset
from wastelib.evaluation.metrics import Evaluation
from wastelib.evaluation.models import model_table, rate_table, test_evaluations
from wastelib.profiles import Profile
from wastelib.report import prose
from wastelib.report.document import Chapter, Table
from wastelib.report.results import (
    ClassScores,
    DatasetResult,
    Environment,
    ModelResult,
    RateResult,
    Results,
    SplitSizes,
    TableResult,
)
from wastelib.training.environment import environment
from wastelib.training.run import Run, declared


def collect_results(
    profile: Profile, build: Path, chapters: list[Chapter], notebook_seconds: dict[str, float]
) -> Results:
    """The results of the build in `build`, whose executed notebooks are the `chapters`.

    Raises `WasteError` if the notebooks declared no runs, or one of these is incomplete.
    """
    dataset = open_dataset(build)
    models = declared(build, "models")
    tests = test_evaluations(models)
    return Results(
        profile=profile.name,
        dataset=_dataset(dataset, next(iter(models.values()))),
        models=[
            _model(row, tests[row["name"]])
            for row in model_table(models, tests).to_dict(orient="records")
        ],
        learning_rates=_rates(build),
        answers={part.stem: answer_of(part) for part in chapters},
        tables=[
            _table(part, block)
            for part in chapters
            for block in part.blocks
            if block.kind == "table"
        ],
        environment=Environment(
            **environment(),
            finished=datetime.now(UTC).isoformat(timespec="seconds"),
            notebook_seconds={name: round(s, 1) for name, s in notebook_seconds.items()},
            parameters={name: profile.facts(name) for name in profile.notebooks},
        ),
    )


def _dataset(dataset: Dataset, run: Run) -> DatasetResult:
    split = dataset.split(run.trial.split)
    counts = dataset.catalogue["label"].value_counts()
    return DatasetResult(
        name=dataset.name,
        kind=dataset.source.kind,
        fingerprint=dataset.fingerprint,
        images=len(dataset.catalogue),
        groups=int(dataset.catalogue["group"].nunique()),
        skipped=len(dataset.skipped),
        images_per_class={label: int(counts[label]) for label in dataset.classes},
        split=SplitSizes(method=split.method, seed=split.seed, **split.sizes()),
    )


def _model(row: dict, test: Evaluation) -> ModelResult:
    accuracy = (row.pop("test_accuracy_low"), row.pop("test_accuracy_high"))
    macro_f1 = (row.pop("test_macro_f1_low"), row.pop("test_macro_f1_high"))
    return ModelResult(
        **row,
        test_accuracy_interval=accuracy,
        test_macro_f1_interval=macro_f1,
        per_class={
            str(label): ClassScores(**scores | {"support": int(scores["support"])})
            for label, scores in test.per_class.to_dict(orient="index").items()
        },
        confusion_matrix=test.confusion.tolist(),
    )


def _rates(build: Path) -> list[RateResult]:
    (chosen,) = declared(build, "chosen")
    table = rate_table(declared(build, "learning_rates"), chosen)
    return [_rate(row) for row in table.to_dict(orient="records")]


def _rate(row: dict) -> RateResult:
    row = {name: None if pd.isna(value) else value for name, value in row.items()}
    low, high = row.pop("validation_accuracy_low"), row.pop("validation_accuracy_high")
    return RateResult(**row, validation_accuracy_interval=None if low is None else (low, high))


def answer_of(chapter: Chapter) -> str:
    """Its last prose in plain words, one paragraph or item of a list on each line."""
    trees = [block.tree for block in chapter.blocks if block.kind == "prose"]
    paragraphs = (node for node in prose.walk(trees[-1:]) if node["t"] in ("Para", "Plain"))
    return "\n".join(prose.text(node) for node in paragraphs)


def _table(chapter: Chapter, table: Table) -> TableResult:
    return TableResult(
        notebook=chapter.stem,
        number=table.number,
        name=table.name,
        caption=table.caption,
        columns=[column["name"] for column in table.columns],
        rows=table.rows,
    )
