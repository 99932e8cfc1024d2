"""The card of an exported file: the small JSON beside it that says how to ask the model.

`<run>-litert-int8.tflite` has the card `<run>-litert-int8.json`. It is checked by hand, as it
comes: this is all that `wastelib predict` needs to know, and no larger library has to start.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import get_args

from wastelib.errors import WasteError
from wastelib.files import sha256_of, write_json
from wastelib.settings import View

SUFFIXES = {
    "litert-float32": ".tflite",
    "litert-float16": ".tflite",
    "litert-int8": ".tflite",
    "onnx": ".onnx",
}


@dataclass(frozen=True)
class Card:
    """What a file does not say of itself.

    `classes` are in the order of the model's outputs; `image_size` is in pixels and `view` one
    of `data.views`; `temperature` was fitted on validation images, None: not at all; `trial`
    is the run's hash and `sha256` that of the file.
    """

    classes: tuple[str, ...]
    image_size: int
    view: str
    temperature: float | None
    trial: str
    format: str
    sha256: str

    @property
    def seal(self) -> str:
        """SHA-256 of all the rest: a card that was edited is noticed. It is no signature."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


def card_file(file: Path) -> Path:
    """Where the card of an exported file is."""
    return file.with_suffix(".json")


def write_card(file: Path, card: Card) -> None:
    """Write the card of `file`."""
    write_json(card_file(file), asdict(card) | {"seal": card.seal})


def read_card(file: Path) -> Card:
    """The card of the exported `file`, found to be whole and of this very file.

    Raises `WasteError` if there is no such file or card, or either is not what was written.
    """
    if file.suffix not in SUFFIXES.values() or not file.is_file():
        raise WasteError(
            "this is no exported model" if file.exists() else "there is no such file",
            where=file,
            remedy="name a .tflite or .onnx file that `wastelib export` wrote, its .json beside it",
        )
    values = _json(file)
    seal = values.pop("seal", None)
    wrong = sorted(values.keys() ^ CHECKS.keys()) or [
        name for name, is_right in CHECKS.items() if not is_right(values[name])
    ]
    if wrong:
        raise _not_ours(file, f"its card is wrong or incomplete in: {', '.join(wrong)}")
    card = Card(**values | {"classes": tuple(values["classes"])})
    if SUFFIXES[card.format] != file.suffix:
        raise _not_ours(file, f"its card is of a file of another kind, {card.format}")
    if card.seal != seal:
        raise _not_ours(file, "its card was changed after it was written")
    if card.sha256 != sha256_of(file):
        raise _not_ours(file, "its card is of another file: the SHA-256 differs")
    return card


def _json(file: Path) -> dict:
    try:
        values = json.loads(card_file(file).read_text("utf-8"))
    except FileNotFoundError:
        raise _not_ours(file, f"its card {card_file(file).name} is missing") from None
    except (OSError, ValueError, RecursionError) as error:
        raise _not_ours(file, f"its card cannot be read: {error}") from error
    if not isinstance(values, dict):
        raise _not_ours(file, "its card is no JSON object")
    return values


def _not_ours(file: Path, reason: str) -> WasteError:
    return WasteError(
        f"this exported model cannot be used: {reason}",
        where=file,
        remedy="export it again with `wastelib export`, and keep file and .json together",
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _is_class_list(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) >= 2
        and all(map(_is_text, value))
        and len(set(value)) == len(value)
    )


def _is_temperature(value: object) -> bool:
    return value is None or (type(value) in (int, float) and 1e-3 < value < 1e3)


CHECKS = {
    "classes": _is_class_list,
    "image_size": lambda value: type(value) is int and value > 0,
    "view": lambda value: isinstance(value, str) and value in get_args(View),
    "temperature": _is_temperature,
    "trial": _is_text,
    "format": lambda value: isinstance(value, str) and value in SUFFIXES,
    "sha256": _is_text,
}
