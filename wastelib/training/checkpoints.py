"""The state of an unfinished training, on the disk after every epoch."""

import os
import shutil
import zipfile
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from wastelib.errors import WasteError
from wastelib.files import whole_folder


class Checkpoints:
    """The last finished epoch of an unfinished training, and the weights of its best one.

    One folder per epoch, written whole: `model.npz` (weights, moving statistics, states of
    random layers), `optimizer.npz` (steps, learning rate, moments), `history.csv`, and
    `best.npz`, which is `model.npz` of the best epoch. Arrays go from the model to the file
    one by one; Keras's own format puts a copy of all of them together in memory first.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _epochs(self) -> list[Path]:
        return sorted(self.folder.glob("epoch-*"))

    def restore(self, net: keras.Model) -> pd.DataFrame | None:
        """Put `net`, compiled, into the state of the last epoch; return the history, if any.

        Raises `WasteError` if that state is of another network or cannot be read.
        """
        epochs = self._epochs()
        if not epochs:
            return None
        net.optimizer.build(net.trainable_variables)
        _load(epochs[-1] / "model.npz", net.variables)
        _load(epochs[-1] / "optimizer.npz", net.optimizer.variables)
        return pd.read_csv(epochs[-1] / "history.csv")

    def restore_best(self, net: keras.Model) -> None:
        """Give `net` the weights of the epoch with the lowest validation loss so far."""
        _load(self._epochs()[-1] / "best.npz", net.variables)

    def save(self, net: keras.Model, history: pd.DataFrame, *, best: bool) -> None:
        """Store the epoch that `history` ends with; the one before it is then removed.

        `best` says that no earlier epoch had a lower validation loss.
        """
        earlier = self._epochs()
        with whole_folder(self.folder / f"epoch-{len(history):05d}") as folder:
            _store(folder / "model.npz", net.variables)
            _store(folder / "optimizer.npz", net.optimizer.variables)
            history.to_csv(folder / "history.csv", index=False)
            os.link(folder / "model.npz" if best else earlier[-1] / "best.npz", folder / "best.npz")
        for folder in earlier:
            shutil.rmtree(folder)

    def remove(self) -> None:
        """The run is finished; nothing is left to go on from."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _store(file: Path, variables: list[keras.Variable]) -> None:
    # As np.savez writes it, but with one array in memory at a time.
    with zipfile.ZipFile(file, "w") as archive:
        for index, variable in enumerate(variables):
            with archive.open(f"{index:05d}.npy", "w", force_zip64=True) as entry:
                array = keras.ops.convert_to_numpy(variable)
                np.lib.format.write_array(entry, array, allow_pickle=False)


def _load(file: Path, variables: list[keras.Variable]) -> None:
    try:
        with np.load(file, allow_pickle=False) as arrays:
            if len(arrays.files) != len(variables):
                raise ValueError(f"{len(arrays.files)} arrays for {len(variables)} variables")
            for name, variable in zip(arrays.files, variables, strict=True):
                variable.assign(arrays[name])
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise WasteError(
            f"the state of an interrupted training does not fit: {error}",
            where=file,
            remedy="remove this folder; the trial is then trained from its first epoch",
        ) from error
