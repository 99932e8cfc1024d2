"""Where a record disagrees with itself: figures beside their own confusion matrix, names twice."""

from collections import Counter
from collections.abc import Iterable

from wastelib.report.results import ModelResult

PRINTED = 0.0005  # shares are printed to a tenth of a percent, losses to three decimals
SAYS = "the record contradicts itself"


def twice(names: Iterable[str]) -> set[str]:
    """The names that a record uses for more than one entry."""
    return {name for name, count in Counter(names).items() if count > 1}


def contradiction(model: ModelResult, figure: str) -> str:
    """How a test score disagrees with its interval, its classes or its confusion matrix, or ''."""
    if figure == "test_loss":
        return ""
    value, (low, high) = getattr(model, figure), getattr(model, f"{figure}_interval")
    if not low - PRINTED <= value <= high + PRINTED:
        return f"{SAYS}: the interval of the {figure.removeprefix('test_')} does not hold it"
    table = model.confusion_matrix
    if not table:
        return ""
    if any(len(row) != len(table) for row in table) or any(n < 0 for row in table for n in row):
        return "the recorded confusion matrix is none"
    told = _accuracy(table) if figure == "test_accuracy" else _macro_f1(table)
    if abs(told - value) > PRINTED:
        return f"{SAYS}: its confusion matrix gives {told:.1%}"
    if figure == "test_macro_f1" and (name := _other_class(model, table)):
        return f"{SAYS}: its confusion matrix gives other scores of the class {name[:80]!r}"
    return ""


def _accuracy(table: list[list[int]]) -> float:
    images = sum(map(sum, table))
    return sum(table[i][i] for i in range(len(table))) / images if images else 0.0


def _macro_f1(table: list[list[int]]) -> float:
    """Of the classes that occur, among the labels or the answers."""
    f1s = [f1 for (*_, f1, _), occurs in _class_scores(table) if occurs]
    return sum(f1s) / len(f1s) if f1s else 0.0


def _class_scores(table: list[list[int]]) -> list[tuple[tuple[float, float, float, int], bool]]:
    """Precision, recall, F1 and support of each class, and whether it occurs at all."""
    rows = []
    for i, (row, column) in enumerate(zip(table, zip(*table, strict=True), strict=True)):
        hit, support, answers = table[i][i], sum(row), sum(column)
        shares = (hit / answers if answers else 0.0, hit / support if support else 0.0)
        both = support + answers
        rows.append(((*shares, 2 * hit / both if both else 0.0, support), both > 0))
    return rows


def _other_class(model: ModelResult, table: list[list[int]]) -> str:
    """The first class whose recorded scores are not those of the matrix, in the same order."""
    if len(model.per_class) != len(table):
        return next(iter(model.per_class), "")
    for (name, scores), (told, _) in zip(
        model.per_class.items(), _class_scores(table), strict=True
    ):
        recorded = (scores.precision, scores.recall, scores.f1, scores.support)
        if any(abs(a - b) > PRINTED for a, b in zip(recorded, told, strict=True)):
            return name
    return ""
