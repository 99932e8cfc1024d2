"""What all checks are made of: an answer is tried on small cases, and what is wrong is said.

A check takes the student's function. It raises `NotYetError` with the first thing that it finds
wrong, or prints what the exercise was about.
"""

import copy
import traceback
from collections.abc import Callable
from typing import NamedTuple, NoReturn

import numpy as np
import pandas as pd

from wastelib.errors import WasteError

CLOSE = 1e-6  # relative and absolute: another order of summing is no mistake
DATA = pd.DataFrame | pd.Series | np.ndarray | dict | list | tuple


class NotYetError(WasteError):
    """What is wrong with an answer, in which case, and what to do about it.

    A notebook shows these words alone: the check's own traceback would help nobody.
    """

    def _render_traceback_(self) -> list[str]:
        return str(self).splitlines()


class Slip(NamedTuple):
    """A wrong result that gives its cause away."""

    value: object
    what: str
    remedy: str


def tried(answer: Callable, *arguments: object, where: str) -> object:
    """What the student's function returns for copies of `arguments`; `where` names the case.

    Raises `NotYetError` if it is not written yet, raises, or changes what it is given.
    """
    _require_function(answer, where)
    given = _copied(arguments)
    try:
        found = answer(*given)
    except NotImplementedError:
        _refuse_unwritten(answer)
    except NotYetError:  # what the answer was given, a model say, has told it already
        raise
    except Exception as error:
        raise NotYetError(
            f"{_name(answer)} ends with {_last_words(answer, error)}",
            where=where,
            remedy="run it yourself on such a case, in a cell of its own, and look at that line",
        ) from error
    if not _equal(given, arguments):
        raise NotYetError(
            f"{_name(answer)} changes what it is given, and who calls it next finds it changed",
            where=where,
            remedy="work on a copy: `.copy()`, or an operation that returns something new",
        )
    return found


def refuses(answer: Callable, *arguments: object, where: str, remedy: str) -> None:
    """Raise `NotYetError` unless the function raises `ValueError` for these arguments."""
    _require_function(answer, where)
    try:
        answer(*_copied(arguments))
    except ValueError:
        return
    except NotImplementedError:
        _refuse_unwritten(answer)
    except NotYetError:
        raise
    except Exception as error:
        what = f"ends with {_last_words(answer, error)}, which is no ValueError"
    else:
        what = "returns a result where it should refuse"
    raise NotYetError(f"{_name(answer)} {what}", where=where, remedy=remedy)


def expect(
    found: object, wanted: object, where: str, *slips: Slip, close: float = CLOSE, remedy: str = ""
) -> None:
    """Raise `NotYetError` unless `found` is the number, or the numbers, `wanted`.

    One of the `slips` is told by its cause. Any other is shown beside what was wanted.
    """
    values = numbers(found, np.shape(wanted), where)
    if np.allclose(values, wanted, rtol=close, atol=close):
        return
    for slip in slips:
        same_shape = np.shape(slip.value) == values.shape
        if same_shape and np.allclose(values, slip.value, rtol=close, atol=close, equal_nan=True):
            raise NotYetError(slip.what, where=where, remedy=slip.remedy)
    raise NotYetError(
        f"the result is {shown(values)}; worked out by hand, it is {shown(wanted)}",
        where=where,
        remedy=remedy or "work the case out on paper, and compare each step",
    )


def numbers(found: object, shape: tuple[int, ...], where: str) -> np.ndarray:
    """The result as an array of this shape; raises `NotYetError` if it is none."""
    wanted = f"{shape[0]} numbers" if shape else "one number"
    if found is None:
        raise NotYetError("the result is None", where=where, remedy=f"`return` {wanted}")
    try:
        values = np.asarray(found, dtype=float)
    except (TypeError, ValueError):
        values = None
    if values is None or values.shape != shape:
        kind = type(found).__name__
        size = f" of shape {values.shape}" if values is not None and values.ndim else ""
        raise NotYetError(f"the result is a {kind}{size}", where=where, remedy=f"return {wanted}")
    return values


def shape_of(found: object) -> tuple[int, ...] | None:
    """The shape of the result as an array; None if it has none, as rows of different lengths."""
    try:
        return np.shape(found)
    except ValueError:
        return None


def of_each_row(found: object, table: pd.DataFrame, where: str) -> pd.Series:
    """The subset of each row; raises `NotYetError` if there is not one for each.

    A Series that has the table's index says by it which row is meant, in whatever order.
    """
    require(
        shape_of(found) == (len(table),),
        f"the result does not have one subset for each of the {len(table)} rows",
        where,
        "leave no row out: return one subset for each, in the order of the rows",
    )
    by_index = isinstance(found, pd.Series) and found.index.is_unique
    if by_index and set(found.index) == set(table.index):
        return found.reindex(table.index).astype(object)
    return pd.Series(np.asarray(found), index=table.index, dtype=object)


def name_and_accuracy(found: object, where: str) -> tuple[str, object]:
    """The two parts of the result; raises `NotYetError` if it has others."""
    require(
        isinstance(found, tuple | list) and len(found) == 2,
        "the result is not a name and an accuracy",
        where,
        "return both, with a comma between",
    )
    name, accuracy = found
    require(
        isinstance(name, str),
        f"the name is a {type(name).__name__}",
        where,
        "what `head(1)` or a condition picks is still a table: `iloc[0]` is its first row, and "
        "that row's `[column]` is a single value",
    )
    return name, accuracy


def require(holds: bool, what: str, where: str, remedy: str) -> None:
    """Raise `NotYetError` with these words unless the condition holds."""
    if not holds:
        raise NotYetError(what, where=where, remedy=remedy)


def shown(values: object) -> str:
    """Numbers as a person would write them."""
    flat = [f"{value:.4g}" for value in np.ravel(np.asarray(values, dtype=float))]
    return flat[0] if np.ndim(values) == 0 else f"({', '.join(flat)})"


def right(lesson: str) -> None:
    """Say that an answer stood every case, and what it was good for."""
    print(f"Right. {lesson}")


def _name(answer: Callable) -> str:
    return getattr(answer, "__name__", "your function")  # a `functools.partial` has no name


def _require_function(answer: object, where: str) -> None:
    found = "None" if answer is None else f"a {type(answer).__name__}"
    require(
        callable(answer),
        f"the answer is {found}, and no function",
        where,
        "its name was given to something else, as by `name = name(…)`: call that by another name, "
        "then run the cell of your answer again, and this one",
    )


def _refuse_unwritten(answer: Callable) -> NoReturn:
    raise NotYetError(
        f"{_name(answer)} is not written yet",
        remedy="replace `raise NotImplementedError()` by your answer, run that cell, then this one",
    ) from None


def _last_words(answer: Callable, error: Exception) -> str:
    """The exception, and the line of the student's cell that it went through last."""
    own = getattr(getattr(answer, "__code__", None), "co_filename", None)
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == own
    ]
    line = f" in line {lines[-1]} of your cell" if lines else ""
    return f"{type(error).__name__}: {error}{line}"


def _copied(arguments: tuple) -> tuple:
    return tuple(copy.deepcopy(one) if isinstance(one, DATA) else one for one in arguments)


def _equal(one: object, other: object) -> bool:
    """Whether values are the same, as far as a function could have changed them in place."""
    if type(one) is not type(other):
        return False
    if isinstance(one, pd.DataFrame | pd.Series):
        return one.equals(other)
    if isinstance(one, np.ndarray):
        return one.shape == other.shape and one.tobytes() == other.tobytes()
    if isinstance(one, dict):
        return list(one) == list(other) and _equal(list(one.values()), list(other.values()))
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    return one is other or one == other
