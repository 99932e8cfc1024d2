"""The state of an unfinished training, on the disk after every epoch."""

import math
import os
import shutil
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from wastelib.errors import WasteError
from wastelib.files import need_space, whole_folder
from wastelib.training.averages import Averages

FLOAT_BYTES = 4


class Checkpoints:
    """The last finished epoch of an unfinished training, and the weights of its best one.

    One folder per epoch, written whole: `model.npy` (weights, moving statistics, states of
    random layers), `optimizer.npy` (steps, learning rate, moments; averaged weights, if any),
    `history.csv`, and `best.npy`, which is `model.npy` of the best epoch, with the averaged
    weights. A file holds NumPy arrays one after the other, as they come from the model; Keras's
    own format puts a copy of all of them together in memory first.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _epochs(self) -> list[Path]:
        return sorted(self.folder.glob("epoch-*"))

    def restore(self, net: keras.Model, averages: Averages) -> pd.DataFrame | None:
        """Put `net`, its optimizer, built, and `averages` into the state of the last epoch.

        Returns the history, if any.

        Raises `WasteError` if that state is of another network or cannot be read.
        """
        epochs = self._epochs()
        if not epochs:
            return None
        _load(epochs[-1] / "model.npy", net.variables)
        _load(epochs[-1] / "optimizer.npy", [*net.optimizer.variables, *averages.variables])
        return pd.read_csv(epochs[-1] / "history.csv")

    def restore_best(self, net: keras.Model) -> None:
        """Give `net` the weights of the epoch with the lowest validation loss so far."""
        _load(self._epochs()[-1] / "best.npy", net.variables)

    def save(
        self, net: keras.Model, averages: Averages, history: pd.DataFrame, *, best: bool
    ) -> None:
        """Store the epoch that `history` ends with; the one before it is then removed.

        `best` says that no earlier epoch had a lower validation loss.
        """
        earlier = self._epochs()
        state = [*net.optimizer.variables, *averages.variables]
        apart = best and averages.variables  # the best weights are not those trained on
        stored = [*net.variables, *state, *(net.variables if apart else [])]
        needed = sum(math.prod(variable.shape) * FLOAT_BYTES for variable in stored)
        need_space(self.folder, needed, "the state of a training after each epoch")
        with whole_folder(self.folder / f"epoch-{len(history):05d}") as folder:
            _store(folder / "model.npy", net.variables)
            _store(folder / "optimizer.npy", state)
            history.to_csv(folder / "history.csv", index=False)
            if apart:
                with averages.in_place():
                    _store(folder / "best.npy", net.variables)
            else:
                same = folder / "model.npy" if best else earlier[-1] / "best.npy"
                os.link(same, folder / "best.npy")
        for folder in earlier:
            shutil.rmtree(folder)

    def remove(self) -> None:
        """The run is finished; nothing is left to go on from."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _store(file: Path, variables: list[keras.Variable]) -> None:
    with file.open("wb") as opened:
        for variable in variables:
            np.save(opened, keras.ops.convert_to_numpy(variable), allow_pickle=False)


def _load(file: Path, variables: list[keras.Variable]) -> None:
    try:
        with file.open("rb") as opened:
            for variable in variables:
                variable.assign(np.load(opened, allow_pickle=False))
            if opened.read(1):
                raise ValueError("it holds more arrays than the network")
    except (OSError, ValueError, EOFError) as error:
        raise WasteError(
            f"the state of an interrupted training does not fit: {error}",
            where=file,
            remedy="remove this folder; the trial is then trained from its first epoch",
        ) from error
