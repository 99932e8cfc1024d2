"""Answers written as they come: text for people, JSON lines or CSV for programs.

Names of files and classes may hold anything, line breaks and escape sequences included, and no
name may end a line, start a field or speak to the terminal.
"""

import csv
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TextIO

import numpy as np

from wastelib.training.predict import Answer

SHOWN_CLASSES = 3
DIGITS = 6  # of probabilities that programs read

Writer = Callable[[Path, dict[str, float]], None]


class Problems:
    """Says on standard error which files could not be used, and why; counts them."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, path: Path, reason: str) -> None:
        self.count += 1
        print(f"error: {printable(path)}: {printable(reason)}", file=sys.stderr)


def write_answers(
    answers: Iterable[Answer],
    classes: Sequence[str],
    form: str,
    out: TextIO,
    on_problem: Callable[[Path, str], None],
) -> None:
    """Write each answer to `out` as soon as it is there, in a form of `WRITERS`."""
    write = WRITERS[form](classes, out)
    for answer in answers:
        if answer.probabilities is None:
            on_problem(answer.path, answer.problem)
            continue
        if not np.isfinite(answer.probabilities).all():
            on_problem(answer.path, "the model's answer is no number: its training diverged")
            continue
        write(answer.path, dict(zip(classes, map(float, answer.probabilities), strict=True)))
        out.flush()


def printable(text: object) -> str:
    """`text` on one line, whatever is in it: what cannot be seen is written as its escape."""
    return "".join(c if c.isprintable() else _escaped(c) for c in str(text))


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def _text(classes: Sequence[str], out: TextIO) -> Writer:
    """One line per image with the three likeliest classes."""

    def write(path: Path, shares: dict[str, float]) -> None:
        likely = sorted(shares, key=shares.get, reverse=True)[:SHOWN_CLASSES]
        named = ", ".join(f"{printable(name)} {shares[name]:.1%}" for name in likely)
        print(f"{printable(path)}: {named}", file=out)

    return write


def _json(classes: Sequence[str], out: TextIO) -> Writer:
    """One object per line: image, class (the likeliest), probabilities by class."""

    def write(path: Path, shares: dict[str, float]) -> None:
        rounded = {name: round(share, DIGITS) for name, share in shares.items()}
        answer = {"image": str(path), "class": _likeliest(shares), "probabilities": rounded}
        print(json.dumps(answer), file=out)

    return write


def _csv(classes: Sequence[str], out: TextIO) -> Writer:
    """A head and one row per image: image, class, and `p_<class>` for each class."""
    # All text is quoted, so that no name is taken for a number or the end of a line.
    rows = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    rows.writerow(["image", "class", *(f"p_{name}" for name in classes)])

    def write(path: Path, shares: dict[str, float]) -> None:
        figures = (round(share, DIGITS) for share in shares.values())
        rows.writerow([str(path), _likeliest(shares), *figures])

    return write


def _likeliest(shares: dict[str, float]) -> str:
    return max(shares, key=shares.get)


WRITERS: dict[str, Callable[[Sequence[str], TextIO], Writer]] = {
    "text": _text,
    "json": _json,
    "csv": _csv,
}
