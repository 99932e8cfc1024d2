"""The reference: the project's own notebooks, run by the grader, and all runs that it has made.

Its build folder holds only what the grader's own code wrote. A submission that declares the same
trials finds their runs here, read-only; what it declares besides is trained here from the trial's
description, which is data. So no figure that is judged comes from a submission's code.
"""

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path

from wastelib.data.dataset import Dataset, open_dataset
from wastelib.errors import WasteError
from wastelib.evaluation.models import test_evaluations
from wastelib.files import write_json
from wastelib.grading.bands import MODEL_SEEDS, RATE_SEEDS, Band, band, widest
from wastelib.grading.found import DataFacts, RunFacts
from wastelib.grading.records import Spread
from wastelib.training.run import Run, declare, declared, open_run
from wastelib.training.trial import Trial

DAY = 86_400.0  # seconds
MODEL_FIGURES = ("test_accuracy", "test_macro_f1", "test_loss")
RATE_FIGURES = ("validation_accuracy", "validation_loss")

# Trains what is given, by name, and takes no longer than so many seconds.
TrainAll = Callable[[dict[str, Trial], float], None]


@dataclass
class Reference:
    """A finished build folder of the project's own notebooks; `train` adds runs to it."""

    build: Path
    train: TrainAll
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @cached_property
    def dataset(self) -> Dataset:
        """The photographs that everybody is graded on."""
        return open_dataset(self.build)

    @property
    def models(self) -> list[str]:
        """The names that the project's notebooks give their models."""
        return list(declared(self.build, "models"))

    def has(self, run: str) -> bool:
        """Whether a run is here whole."""
        return (self.build / "runs" / run).is_dir()

    def facts(self, run: str) -> RunFacts:
        """What is recorded of a run that is here; computed once."""
        file = self.build / "facts" / f"{run}.json"
        with self._lock:
            if not file.exists():
                write_json(file, asdict(self._read(open_run(self.build / "runs" / run))))
            return RunFacts(**json.loads(file.read_text("utf-8")))

    def data(self, trial: Trial) -> DataFacts | None:
        """The data of a trial, if they are the reference's photographs and a split known here."""
        dataset = self.dataset
        if trial.dataset != dataset.fingerprint:
            return None
        try:
            split = dataset.split(trial.split)
        except WasteError:
            return None
        counts = dataset.catalogue["label"].value_counts()
        return DataFacts(
            images=len(dataset.catalogue),
            groups=int(dataset.catalogue["group"].nunique()),
            skipped=len(dataset.skipped),
            images_per_class={label: int(counts[label]) for label in dataset.classes},
            torn_groups=split.leaking_groups(),
            **split.sizes(),
        )

    def _read(self, run: Run) -> RunFacts:
        name = f"graded-{run.hash}"
        declare(self.build, name, {"graded": {run.hash: run}})
        test = test_evaluations({run.hash: run})[run.hash]
        best, trial = run.kept_epoch, run.trial
        loss = float(best["val_loss"])
        return RunFacts(
            run=run.hash,
            kind=trial.model.kind,
            optimizer=trial.optimizer,
            learning_rate=trial.learning_rate,
            momentum=trial.momentum,
            image_size=trial.image_size,
            parameters=run.manifest["parameters"],
            trainable_parameters=run.manifest["trainable_parameters"],
            epochs=len(run.history),
            test_accuracy=test.accuracy,
            test_macro_f1=test.macro_f1,
            test_loss=test.loss,
            validation_accuracy=float(best["val_accuracy"]),
            validation_loss=None if loss != loss else loss,
        )

    @cached_property
    def spreads(self) -> list[Spread]:
        """Every judged figure under several seeds; the trainings that are missing are made."""
        models, rates = declared(self.build, "models"), declared(self.build, "learning_rates")
        wanted = {
            name: _seeds(run.trial, seeds, self.trial)
            for runs, seeds in ((models, MODEL_SEEDS), (rates, RATE_SEEDS))
            for name, run in runs.items()
        }
        missing = {
            f"{name}, seed {trial.seed}": trial
            for name, chains in wanted.items()
            for chain in chains
            for trial in chain
            if not self.has(trial.hash)
        }
        if missing:
            self.train(missing, DAY)
        if any(not self.has(trial.hash) for trial in missing.values()):
            raise WasteError(
                "the grader's own trainings under other seeds did not come to their end",
                where=self.build,
                remedy="see that memory and disk are free, and grade again: finished ones are kept",
            )
        return [
            self._spread(name, figure, [chain[-1] for chain in wanted[name]])
            for runs, figures in ((models, MODEL_FIGURES), (rates, RATE_FIGURES))
            for name in runs
            for figure in figures
        ]

    def trial(self, run: str) -> Trial:
        """The trial of a run that is here."""
        return open_run(self.build / "runs" / run).trial

    def _spread(self, name: str, figure: str, trials: Iterable[Trial]) -> Spread:
        values = [getattr(self.facts(trial.hash), figure) for trial in trials]
        return Spread(name=name, figure=figure, values=[v for v in values if v is not None])

    def band(self, figure: str, name: str = "") -> Band | None:
        """The band of a figure: of that model if it has been measured, else the widest of all.

        Those of the rates are pooled over all rates.
        """
        values = {s.name: s.values for s in self.spreads if s.figure == figure}
        if figure in RATE_FIGURES:
            return band(*values.values())
        if name in values:
            return band(values[name])
        return widest(band(sample) for sample in values.values())


def _seeds(trial: Trial, seeds: int, of: Callable[[str], Trial]) -> list[list[Trial]]:
    """The trial under its own seed and the next ones; before each, the trials it begins from."""
    return [_reseeded(trial, trial.seed + more, of) for more in range(seeds)]


def _reseeded(trial: Trial, seed: int, of: Callable[[str], Trial]) -> list[Trial]:
    if seed == trial.seed:
        return [trial]
    changed, before = {"seed": seed}, []
    if trial.model.kind == "pretrained" and trial.model.start is not None:
        before = _reseeded(of(trial.model.start), seed, of)
        changed["model"] = trial.model.model_copy(update={"start": before[-1].hash})
    return [*before, trial.model_copy(update=changed)]
