"""A card that is missing, edited or of another file is named before a model is asked anything."""

import json

import pytest

from wastelib.errors import WasteError
from wastelib.export.card import Card, card_file, read_card, write_card
from wastelib.files import sha256_of


@pytest.fixture
def exported(tmp_path):
    """A file with its card; what is in the file does not matter here."""
    file = tmp_path / "3f2a-litert-int8.tflite"
    file.write_bytes(b"a model")
    write_card(file, card_of(file))
    return file


def card_of(file, **changes) -> Card:
    values = {
        "classes": ("Glass", 'Me"tal\n', "Papier mâché"),
        "image_size": 96,
        "view": "colour",
        "temperature": 1.25,
        "trial": "3f2a",
        "format": "litert-int8",
        "sha256": sha256_of(file),
    }
    return Card(**values | changes)


def edit(file, **changes):
    """Change the card's text, as somebody with an editor would; None removes a value."""
    values = json.loads(card_file(file).read_text("utf-8")) | changes
    kept = {name: value for name, value in values.items() if value is not ...}
    card_file(file).write_text(json.dumps(kept), "utf-8")


@pytest.mark.parametrize("temperature", [1.25, 2, None])
def test_a_card_read_back_is_the_same(exported, temperature):
    card = card_of(exported, temperature=temperature)
    write_card(exported, card)
    assert read_card(exported) == card


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": ["Metal", "Glass", "Paper"]}, "changed after it was written"),
        ({"classes": ["Glass", "Glass"]}, "wrong or incomplete in: classes"),
        ({"classes": ["Glass"]}, "wrong or incomplete in: classes"),
        ({"classes": "Glass"}, "wrong or incomplete in: classes"),
        ({"classes": ["Glass", 3]}, "wrong or incomplete in: classes"),
        ({"image_size": 97}, "changed after it was written"),
        ({"image_size": "96"}, "wrong or incomplete in: image_size"),
        ({"image_size": True}, "wrong or incomplete in: image_size"),
        ({"temperature": 1.5}, "changed after it was written"),
        ({"temperature": 0}, "wrong or incomplete in: temperature"),
        ({"temperature": float("nan")}, "wrong or incomplete in: temperature"),
        ({"temperature": 10**400}, "wrong or incomplete in: temperature"),
        ({"view": ...}, "wrong or incomplete in: view"),
        ({"view": "sepia"}, "wrong or incomplete in: view"),
        ({"seal": ...}, "changed after it was written"),
        ({"more": 1}, "wrong or incomplete in: more"),
        ({"format": "pickle"}, "wrong or incomplete in: format"),
        ({"format": ["onnx"]}, "wrong or incomplete in: format"),
        ({"format": "onnx"}, "a file of another kind, onnx"),
        ({"sha256": "0" * 64}, "changed after it was written"),
    ],
)
def test_an_edited_card_is_refused(exported, changes, message):
    edit(exported, **changes)
    with pytest.raises(WasteError, match=message):
        read_card(exported)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "\udcff", "[" * 100_000, "1" * 5000])
def test_a_card_that_is_no_card_is_refused(exported, text):
    card_file(exported).write_text(text, "utf-8", errors="surrogateescape")
    with pytest.raises(WasteError, match=r"its card (cannot be read|is no JSON object)"):
        read_card(exported)


def test_another_files_card_is_refused(exported):
    exported.write_bytes(b"another model")
    with pytest.raises(WasteError, match="its card is of another file"):
        read_card(exported)


def test_a_file_without_a_card_is_refused(exported):
    card_file(exported).unlink()
    with pytest.raises(WasteError, match=r"its card 3f2a-litert-int8\.json is missing"):
        read_card(exported)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.tflite", "there is no such file"),
        ("", "no exported model"),
        ("model.keras", "no exported model"),
        ("3f2a-litert-int8.json", "no exported model"),
    ],
)
def test_what_is_no_exported_model_is_refused(exported, name, message):
    (exported.parent / "model.keras").touch()
    with pytest.raises(WasteError, match=message):
        read_card(exported.parent / name)
