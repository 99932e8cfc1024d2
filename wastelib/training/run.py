"""Run: the folder that a finished trial leaves. What is read later is read from here."""

import json
import warnings
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from wastelib.errors import WasteError
from wastelib.files import write_json
from wastelib.training.trial import Trial

if TYPE_CHECKING:
    import keras

FILES = (
    "trial.json",
    "history.csv",
    "predictions.parquet",
    "test_predictions.parquet",
    "model.keras",
    "manifest.json",
)


@dataclass(frozen=True)
class Run:
    """A finished run. Its files are read when asked for, and the model only then needs Keras.

    All that choices may be made by is of training and validation images. What the model says of
    the test images is apart, and is had by `open_test` when the choices are made.
    """

    folder: Path

    @property
    def hash(self) -> str:
        """The trial's hash."""
        return self.folder.name

    @cached_property
    def trial(self) -> Trial:
        """What was trained."""
        return Trial.model_validate_json((self.folder / "trial.json").read_text("utf-8"))

    @cached_property
    def history(self) -> pd.DataFrame:
        """One row per epoch: epoch (from 1), loss, accuracy, val_loss, val_accuracy, seconds."""
        return pd.read_csv(self.folder / "history.csv")

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """One row per validation image: image, label, group, subset, `p_<class>` …"""
        return pd.read_parquet(self.folder / "predictions.parquet")

    def open_test(self) -> pd.DataFrame:
        """The same of the test images.

        Raises `WasteError` unless the run has been declared in its build folder (see
        `declare`): whoever declares it has ended choosing by it.
        """
        if not _is_declared(self):
            raise WasteError(
                f"the run {self.hash} is not declared, and so its test is not opened",
                where=self.folder,
                remedy="choose by run.predictions, which are of validation images; when the "
                "choice is made, declare the run",
            )
        return pd.read_parquet(self.folder / "test_predictions.parquet")

    @cached_property
    def manifest(self) -> dict:
        """Versions, hardware, commit, seconds, parameters, bytes, and the epoch kept."""
        return json.loads((self.folder / "manifest.json").read_text("utf-8"))

    @property
    def classes(self) -> list[str]:
        """Class names in the order of the model's outputs."""
        return [name[2:] for name in self.predictions.columns if name.startswith("p_")]

    @property
    def kept_epoch(self) -> pd.Series:
        """The row of `history` whose weights the model has."""
        return self.history.set_index("epoch", drop=False).loc[self.manifest["kept_epoch"]]

    def load_model(self) -> "keras.Model":
        """The trained model: pixels 0..255 in, probabilities out."""
        import keras

        with warnings.catch_warnings():
            # A fine-tuned part keeps an optimizer that was never used; nothing is lost with it.
            warnings.filterwarnings("ignore", message="Skipping variable loading for optimizer")
            return keras.saving.load_model(self.folder / "model.keras", compile=False)


def predictions_table(
    rows: pd.DataFrame, probabilities: np.ndarray | list[np.ndarray], classes: list[str]
) -> pd.DataFrame:
    """A predictions table of images; `rows` has their path (or image), label, group and subset.

    `probabilities` is (images, classes).
    """
    table = rows.reset_index(drop=True).rename(columns={"path": "image"})
    columns = [f"p_{label}" for label in classes]
    return table[["image", "label", "group", "subset"]].join(
        pd.DataFrame(probabilities, columns=columns)
    )


def write_answers(folder: Path, trial: Trial, validation: pd.DataFrame, test: pd.DataFrame) -> None:
    """Into the folder of an unfinished run: the trial, and predictions of both subsets."""
    (folder / "trial.json").write_text(trial.model_dump_json(indent=2) + "\n", "utf-8")
    validation.to_parquet(folder / "predictions.parquet", index=False)
    test.to_parquet(folder / "test_predictions.parquet", index=False)


def open_run(folder: Path) -> Run:
    """A run that is there whole.

    Raises `WasteError` if there is none, or a file of it is missing or its trial has another
    hash than the folder's name.
    """
    run = Run(Path(folder))
    missing = [name for name in FILES if not (run.folder / name).is_file()]
    if missing:
        raise WasteError(
            f"this is no finished run: {', '.join(missing)} missing",
            where=run.folder,
            remedy="remove the folder; the trial is then trained again",
        )
    if run.trial.hash != run.hash:
        raise WasteError(
            f"the run's trial has the hash {run.trial.hash}, not the folder's name",
            where=run.folder,
            remedy="the folder was renamed or edited; remove it to train the trial again",
        )
    return run


def declare(build_folder: Path | str, notebook: str, runs: dict[str, dict[str, Run]]) -> None:
    """Note which runs a notebook is about: role ("models", "learning_rates") -> name -> run.

    Later notebooks and the report find the runs by these names, in this order. From then on
    their tests may be opened.
    """
    named = {
        role: [{"name": name, "run": run.hash} for name, run in entries.items()]
        for role, entries in runs.items()
    }
    write_json(Path(build_folder) / "declared" / f"{notebook}.json", named)


def declared(build_folder: Path | str, role: str) -> dict[str, Run]:
    """All runs that notebooks declared in a role, by name, in the notebooks' order.

    A notebook may declare none in a role. Raises `WasteError` if no notebook has declared that
    role, or a run is not there whole.
    """
    build_folder = Path(build_folder)
    lists = [roles[role] for roles in _declarations(build_folder) if role in roles]
    if not lists:
        raise WasteError(
            f"no notebook has declared any runs as {role}",
            where=build_folder / "declared",
            remedy="run the notebooks before this one first, with the same build_folder",
        )
    return {e["name"]: open_run(build_folder / "runs" / e["run"]) for e in chain(*lists)}


def _declarations(build_folder: Path) -> list[dict[str, list[dict]]]:
    """What notebooks have declared, in their order: role -> entries of name and run."""
    files = sorted((build_folder / "declared").glob("*.json"))
    return [json.loads(file.read_text("utf-8")) for file in files]


def _is_declared(run: Run) -> bool:
    build_folder = run.folder.parents[1]
    roles = (entries for roles in _declarations(build_folder) for entries in roles.values())
    return any(entry["run"] == run.hash for entries in roles for entry in entries)


def best_on_validation(build_folder: Path | str) -> Run:
    """The declared model with the highest validation accuracy; the test has no say in it."""
    runs = declared(build_folder, "models")
    return max(runs.values(), key=lambda run: run.kept_epoch["val_accuracy"])
