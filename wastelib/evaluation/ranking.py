"""All models against each other, and which of their differences are real."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import pandas as pd

from wastelib.evaluation.comparison import compare
from wastelib.evaluation.metrics import Evaluation, evaluate

# The chance of so much as one false 'real' among all pairs of models, all arms of a question, all
# steps of a ladder or all quantized models, for each score: Holm's p below it is called real.
LEVEL = 0.05

COLUMNS = {
    "model": "str",
    "against": "str",
    "difference": "float",
    "low": "float",
    "high": "float",
    "only_model_right": "int",
    "only_against_right": "int",
    "mcnemar_p": "float",
    "group_p": "float",
    "macro_f1_difference": "float",
    "macro_f1_low": "float",
    "macro_f1_high": "float",
    "macro_f1_p": "float",
}


@dataclass(frozen=True, eq=False)
class Ranking:
    """Models by their accuracy, best first, and one row per pair of them.

    `evaluations` is in that order. `pairs` has model (the more accurate one), against,
    difference (of the accuracies, 0..1) with low and high, only_model_right and
    only_against_right (images), mcnemar_p, group_p, their corrected values mcnemar_holm and
    group_holm, and real; then macro_f1_difference with macro_f1_low and macro_f1_high,
    macro_f1_p, macro_f1_holm and macro_f1_real. Intervals are 95 %, for each pair by itself.
    """

    evaluations: dict[str, Evaluation]
    pairs: pd.DataFrame

    @property
    def real(self) -> list[tuple[str, str]]:
        """(better, worse) of each pair whose accuracies differ for certain enough."""
        rows = self.pairs[self.pairs["real"]]
        return list(zip(rows["model"], rows["against"], strict=True))


def rank(
    predictions_by_name: Mapping[str, pd.DataFrame],
    subset: str = "test",
    *,
    samples: int = 1000,
    seed: int = 0,
) -> Ranking:
    """Compare every model with every other on the images of `subset`.

    A difference in accuracy is *real* if the exact test over groups rejects that the two are
    equal, at 5 % over all pairs, after Holm's correction (Holm 1979, Scand. J. Stat. 6,
    65-70). McNemar's own p is there for comparison with what others publish, but decides
    nothing: on grouped images it raises too many false alarms (`report/recorded/coverage`).
    Macro F1 is judged by the bootstrap over groups, corrected likewise as a family of its own.

    Raises as `compare` does.
    """
    evaluations = {
        name: evaluate(predictions, subset, seed=seed)
        for name, predictions in predictions_by_name.items()
    }
    order = sorted(evaluations, key=lambda name: -evaluations[name].accuracy)
    rows = []
    for model, against in combinations(order, 2):
        both = predictions_by_name[model], predictions_by_name[against]
        found = compare(*both, subset, samples=samples, seed=seed)
        difference = (found.difference, *found.difference_interval)
        images = (found.only_a_right, found.only_b_right)
        macro_f1 = (found.macro_f1_difference, *found.macro_f1_interval)
        p = (found.p_value, found.group_p_value)
        rows.append((model, against, *difference, *images, *p, *macro_f1, found.macro_f1_p_value))
    pairs = pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)
    pairs["mcnemar_holm"] = holm(pairs["mcnemar_p"])
    pairs["group_holm"] = holm(pairs["group_p"])
    pairs["macro_f1_holm"] = holm(pairs["macro_f1_p"])
    pairs["real"] = pairs["group_holm"] < LEVEL
    pairs["macro_f1_real"] = pairs["macro_f1_holm"] < LEVEL
    return Ranking({name: evaluations[name] for name in order}, pairs)


def holm(p_values: pd.Series) -> pd.Series:
    """Each p value corrected for there being several, by Holm's method; as many as given."""
    from statsmodels.stats.multitest import multipletests

    if p_values.empty:  # one model alone: statsmodels would divide by 0
        return p_values.copy()
    return pd.Series(multipletests(p_values, method="holm")[1], index=p_values.index)
