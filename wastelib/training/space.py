"""The space of a search, declared as data: which fields of a trial may vary, and between what."""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from pydantic import ValidationError

from wastelib.errors import WasteError
from wastelib.training.trial import Trial

# Another dataset or split would be another question, and a lucky seed is no setting.
NEVER_SEARCHED = {"dataset", "split", "seed", "model", "kind"}
REMEDY = "correct the space; nothing was trained"


@dataclass(frozen=True)
class Range:
    """Any number from `low` to `high`, both included; whole ones where the field takes no other."""

    low: float
    high: float

    @property
    def values(self) -> tuple[float, float]:
        """Its ends."""
        return self.low, self.high


@dataclass(frozen=True)
class LogRange(Range):
    """The same, with each factor of ten as likely as the next; `low` is above 0."""


@dataclass(frozen=True, init=False)
class Choice:
    """One of at least two values."""

    values: tuple[object, ...]

    def __init__(self, *values: object) -> None:
        object.__setattr__(self, "values", values)


# The name of a field, of `Trial` or of its model, and the values that it may take.
Space = Mapping[str, Range | Choice]


def changed(trial: Trial, values: Mapping[str, object]) -> Trial:
    """`trial` with other values in some fields, its own or its model's.

    Raises `WasteError` if the result is no valid trial.
    """
    description = trial.model_dump()
    for name, value in values.items():
        (description if name in Trial.model_fields else description["model"])[name] = value
    try:
        return Trial.model_validate(description)
    except ValidationError as error:
        first = error.errors()[0]
        said = ", ".join(f"{name} {value!r}" for name, value in values.items())
        raise WasteError(
            f"no trial has {said}: {'.'.join(map(str, first['loc'][-1:]))} {first['msg']}",
            remedy=REMEDY,
        ) from error


def distributions_of(space: Space, trial: Trial) -> dict[str, BaseDistribution]:
    """What Optuna draws from for each field, in the order of their names.

    Raises `WasteError` if the space is empty, a field is unknown or never searched, or values
    in it are none that `trial` could have together.
    """
    if not space:
        raise WasteError("the space has no field to search", remedy=REMEDY)
    known = {*Trial.model_fields, *type(trial.model).model_fields} - NEVER_SEARCHED
    if unknown := sorted(set(space) - known):
        raise WasteError(
            f"a search cannot vary {', '.join(unknown)}",
            remedy=f"choose among the fields {', '.join(sorted(known))}",
        )
    names = sorted(space)
    held: dict[str, dict] = {name: {} for name in names}
    for corner in itertools.product(*(space[name].values for name in names)):
        found = changed(trial, dict(zip(names, corner, strict=True)))
        for name, value in zip(names, corner, strict=True):
            held[name][value] = _held(found, name)
    return {name: _distribution(name, space[name], list(held[name].values())) for name in names}


def _held(trial: Trial, name: str) -> object:
    """A field's value as the trial has it: 16 for 16.0 where only whole numbers are taken."""
    return getattr(trial if name in Trial.model_fields else trial.model, name)


def _distribution(name: str, allowed: Range | Choice, held: list) -> BaseDistribution:
    if isinstance(allowed, Choice):
        if len(held) < 2 or len(held) < len(allowed.values):
            raise WasteError(f"{name} needs two values or more, all different", remedy=REMEDY)
        return CategoricalDistribution(held)
    low, high = held[0], held[-1]
    log = isinstance(allowed, LogRange)
    if type(low) not in (int, float):  # a switch is no number, though Python takes it for one
        raise WasteError(f"{name} is no number and has no range; give a Choice", remedy=REMEDY)
    if not low < high < math.inf or (log and low <= 0):
        raise WasteError(
            f"{name} cannot be searched from {low!r} to {high!r}: a range ascends, and one of "
            "ratios begins above 0",
            remedy=REMEDY,
        )
    return (IntDistribution if type(low) is int else FloatDistribution)(low, high, log=log)
