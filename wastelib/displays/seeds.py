"""Learning curves of one trial under several seeds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from wastelib.displays.style import GREY, count, one_line
from wastelib.displays.training import LearningCurvesDisplay


@dataclass
class SeedCurvesDisplay(LearningCurvesDisplay):
    """The mean of several seeds' learning curves, and the band from the lowest to the highest.

    `lowest` and `highest` have the columns of a history, and a row for each epoch. A seed that
    stopped early counts up to its last epoch. `kept` has each seed's row of the epoch whose
    weights were kept.
    """

    lowest: pd.DataFrame = field(default_factory=pd.DataFrame)
    highest: pd.DataFrame = field(default_factory=pd.DataFrame)
    kept: pd.DataFrame = field(default_factory=pd.DataFrame)

    @classmethod
    def from_seeds(
        cls, name: str, histories: Sequence[pd.DataFrame], kept: Sequence[pd.Series]
    ) -> Self:
        """One history and one kept epoch per seed."""
        epochs = pd.concat(histories).groupby("epoch")
        mean, lowest, highest = (
            table.reset_index() for table in (epochs.mean(), epochs.min(), epochs.max())
        )
        return cls({name: mean}, lowest=lowest, highest=highest, kept=pd.DataFrame(kept))

    def _scores(self, name: str, history: pd.DataFrame, score: str) -> pd.DataFrame:
        """Means over the seeds, and beside them the ends of the bands."""
        table = super()._scores(name, history, score)
        for words, ends in (("lowest", self.lowest), ("highest", self.highest)):
            table[f"training, {words}"] = ends[score].to_numpy()
            table[f"validation, {words}"] = ends[f"val_{score}"].to_numpy()
        return table

    @property
    def alt(self) -> str:
        accuracies = self.kept["val_accuracy"]
        (name,) = self.histories
        return (
            f"Accuracy and loss over epochs of {one_line(name)}, as the mean and the range of "
            f"{count(len(self.kept), 'seed')}; the epochs kept have validation accuracies from "
            f"{accuracies.min():.1%} to {accuracies.max():.1%}."
        )

    def _draw_run(
        self, ax: Axes, history: pd.DataFrame, column: str, style: dict, best: int | None
    ) -> None:
        # The mean's best epoch is no seed's, so none is marked.
        super()._draw_run(ax, history, column, style, None)
        top = 50 * self._loss_top() if column == "loss" else None
        for shown, alpha in ((column, 0.12), (f"val_{column}", 0.25)):
            low, high = (table[shown].clip(upper=top) for table in (self.lowest, self.highest))
            ax.fill_between(
                history["epoch"], low, high, color=style["color"], alpha=alpha, linewidth=0
            )

    def _loss_top(self) -> float:
        """The band's top, unless it is off the scale."""
        losses = self.highest[["loss", "val_loss"]].stack()
        return max([super()._loss_top(), *losses[losses <= self.loss_limit]])

    def _kinds(self) -> list[Artist]:
        training, validation, _ = super()._kinds()
        seeds = count(len(self.kept), "seed")
        return [training, validation, Patch(color=GREY, alpha=0.25, label=f"range of {seeds}")]
