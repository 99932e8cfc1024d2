"""Gather what a build found into `results.json`: read from runs, never from prose."""

from datetime import UTC, datetime
from pathlib import Path

from wastelib.data.dataset import Dataset, open_dataset
from wastelib.evaluation.metrics import Evaluation
from wastelib.evaluation.models import model_table, test_evaluations
from wastelib.report.results import (
    ClassScores,
    DatasetResult,
    Environment,
    ModelResult,
    RateResult,
    Results,
    SplitSizes,
)
from wastelib.settings import Profile
from wastelib.training.environment import environment
from wastelib.training.run import Run, declared


def collect_results(profile: Profile, build: Path, notebook_seconds: dict[str, float]) -> Results:
    """The results of the build in `build`, whose notebooks have all been executed.

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
    chosen = {run.hash for run in declared(build, "chosen").values()}
    return [_rate(run, run.hash in chosen) for run in declared(build, "learning_rates").values()]


def _rate(run: Run, chosen: bool) -> RateResult:
    best, loss = run.kept_epoch, float(run.kept_epoch["val_loss"])
    return RateResult(
        optimizer=run.trial.optimizer,
        learning_rate=run.trial.learning_rate,
        momentum=run.trial.momentum,
        precision=run.trial.precision,
        epochs=len(run.history),
        validation_accuracy=float(best["val_accuracy"]),
        validation_loss=loss if loss == loss else None,
        chosen=chosen,
        run=run.hash,
    )
