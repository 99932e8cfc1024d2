"""Photographs of one's own: any names, any number, and one that is broken stops no other."""

import csv
import io
import json
import os
from itertools import count, islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from wastelib.data import images
from wastelib.data.layout import named_images
from wastelib.export.answers import Problems, printable, write_answers
from wastelib.models.temperature import tempered
from wastelib.training import predict
from wastelib.training.predict import Answer, Classifier, predict_images

CLASSES = ("Glass", "Metal", "Paper", "Wood")
HOSTILE = [
    "a\nb",
    "c\r\nd",
    'e"f',
    "g,h;i",
    "=1+1",
    "\x1b[31mred",
    "\u202egnp",
    "ü",
    "j\\n",
    os.fsdecode(b"\xff"),
]


def by_brightness(pixels: np.ndarray) -> np.ndarray:
    """A stand-in for a network: a probability per class, which depends on the image."""
    first = pixels.mean(axis=(1, 2, 3)) / 255
    rest = np.repeat((1 - first)[:, None] / 3, 3, axis=1)
    return np.c_[first, rest].astype(np.float32)


def classifier(temperature=None) -> Classifier:
    return Classifier(CLASSES, 4, "colour", temperature, by_brightness)


def save(path: Path, brightness: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((8, 6, 3), brightness, np.uint8))
    return path


def test_answers_come_in_order_and_broken_files_stop_none(tmp_path, monkeypatch):
    monkeypatch.setattr(predict, "BATCH", 3)
    paths = [save(tmp_path / f"{number}.png", 10 * number) for number in range(8)]
    paths[2].write_bytes(b"")
    paths[3].write_bytes(b"no image")
    paths[7] = tmp_path / "missing.png"
    answers = list(predict_images(paths, classifier()))
    assert [answer.path for answer in answers] == paths
    assert [bool(answer.problem) for answer in answers] == [n in (2, 3, 7) for n in range(8)]
    for number in (0, 1, 4, 5, 6):
        assert answers[number].probabilities[0] == pytest.approx(10 * number / 255)


def test_a_batch_without_a_usable_image_is_no_end(tmp_path, monkeypatch):
    monkeypatch.setattr(predict, "BATCH", 2)
    good = save(tmp_path / "good.png", 51)
    answers = list(predict_images([tmp_path / "a", tmp_path / "b", good], classifier()))
    assert [answer.probabilities is None for answer in answers] == [True, True, False]


def test_probabilities_are_calibrated_if_there_is_a_temperature(tmp_path):
    path = save(tmp_path / "a.png", 204)
    (plain,), (calibrated,) = (
        predict_images([path], classifier(temperature)) for temperature in (None, 2.5)
    )
    assert calibrated.probabilities == pytest.approx(tempered(plain.probabilities, 2.5))
    assert calibrated.probabilities.max() < plain.probabilities.max()


def test_the_model_is_shown_what_it_was_trained_on(tmp_path):
    path, shown = tmp_path / "a.png", []
    cv2.imwrite(str(path), np.full((9, 9, 3), (10, 200, 90), np.uint8))
    grey = Classifier(CLASSES, 5, "grey", None, lambda p: shown.append(p) or by_brightness(p))
    list(predict_images([path], grey))
    assert (shown[0].shape, shown[0].dtype) == ((1, 5, 5, 3), np.uint8)
    assert (shown[0] == shown[0][..., :1]).all()


def test_paths_without_end_are_answered_as_they_come(tmp_path, monkeypatch, most_alive):
    """However many there are: few photographs are held at once, and few names read ahead."""
    path, taken = save(tmp_path / "a.png", 9), []
    monkeypatch.setattr(images, "_upright_rgb", most_alive(images._upright_rgb))
    endless = (path for number in count() if taken.append(number) is None)
    assert len(list(islice(predict_images(endless, classifier()), 300))) == 300
    assert len(taken) < 300 + 200
    assert most_alive.found < 100


def named(words, lines=()):
    problems = []
    found = named_images(words, lines, lambda path, reason: problems.append((str(path), reason)))
    return list(map(str, found)), problems


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with images in it and below it, and things that are none."""
    for name in ("all/b.png", "all/a.JPG", "all/z/1.png", "all/c/2.png", "all/.hidden/3.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "all/note.txt").touch()
    (tmp_path / "all/c/loop").symlink_to("..")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)


def test_folders_stand_for_all_images_below_them_in_order(folder):
    found, problems = named(["x.png", "all"])
    assert found == ["x.png", "all/a.JPG", "all/b.png", "all/c/2.png", "all/z/1.png"]
    assert problems == []


def test_a_folder_without_images_is_named(folder):
    assert named(["empty", "all/z"]) == (["all/z/1.png"], [("empty", "no image is in this folder")])


def test_a_folder_that_cannot_be_read_is_named_and_the_rest_is_read(folder, monkeypatch):
    """The refusal is acted out: nothing is forbidden to the root user."""
    scandir = os.scandir

    def refused(path):
        if Path(path) == Path("all/c"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refused)
    found, problems = named(["all"])
    assert found == ["all/a.JPG", "all/b.png", "all/z/1.png"]
    assert problems == [("all/c", "this folder cannot be read: Permission denied")]


def test_a_dash_stands_for_the_lines_of_standard_input(folder):
    lines = ["one.png\n", "\n", " two .png\n", "all/z\n", "last.png"]
    found, _ = named(["first.png", "-"], lines)
    assert found == ["first.png", "one.png", " two .png", "all/z/1.png", "last.png"]


def test_lines_of_windows_and_empty_words(folder):
    """A name may end with that character too, if there is such a file."""
    Path("real\r").touch()
    found, problems = named(["-", ""], ["one.png\r\n", "real\r\n", "\r\n"])
    assert found == ["one.png", "real\r"]
    assert [reason for _, reason in problems] == ["an empty word names no file"]


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path):
    (answer,) = predict_images([tmp_path / "gone.png"], classifier())
    assert answer.problem == "there is no such file"


def test_an_answer_that_is_no_number_is_a_problem_and_no_answer(capsys):
    problems, out = Problems(), io.StringIO()
    answers = [Answer(Path("a.png"), np.full(4, np.nan))]
    write_answers(answers, CLASSES, "json", out, problems)
    assert (problems.count, out.getvalue()) == (1, "")
    assert "diverged" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["\0", "x" * 5000])
def test_a_name_that_no_file_can_have_is_a_problem_of_that_file_only(name):
    (answer,) = predict_images(map(Path, named([name])[0]), classifier())
    assert answer.problem


def written(form: str, names, classes=CLASSES) -> str:
    shares = np.array([0.05, 0.7, 0.1, 0.15])
    out = io.StringIO(newline="")
    problems = Problems()
    write_answers((Answer(Path(name), shares) for name in names), classes, form, out, problems)
    assert problems.count == 0
    return out.getvalue()


def test_text_is_one_line_per_image_whatever_its_name():
    lines = written("text", HOSTILE).split("\n")
    assert len(lines) == len(HOSTILE) + 1
    assert all(line.endswith(": Metal 70.0%, Wood 15.0%, Paper 10.0%") for line in lines[:-1])
    assert lines[7] == "ü: Metal 70.0%, Wood 15.0%, Paper 10.0%"
    assert all(line.isprintable() for line in lines)


def test_json_gives_every_name_and_class_back():
    classes = HOSTILE[:4]
    lines = written("json", HOSTILE, classes).splitlines()
    answers = [json.loads(line) for line in lines]
    assert [answer["image"] for answer in answers] == HOSTILE
    assert answers[0]["class"] == classes[1]
    assert answers[0]["probabilities"] == dict(zip(classes, [0.05, 0.7, 0.1, 0.15], strict=True))


def test_csv_gives_every_name_and_class_back():
    classes = HOSTILE[:4]
    head, *rows = csv.reader(io.StringIO(written("csv", HOSTILE, classes), newline=""))
    assert head == ["image", "class", *(f"p_{name}" for name in classes)]
    assert [row[0] for row in rows] == HOSTILE
    assert {row[1] for row in rows} == {classes[1]}
    assert rows[0][2:] == ["0.05", "0.7", "0.1", "0.15"]


def test_problems_are_said_on_one_line_each_and_counted(capsys):
    problems = Problems()
    for name in HOSTILE:
        problems(Path(name), "cannot be decoded: 'a\nb'")
    assert problems.count == len(HOSTILE)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == len(HOSTILE)
    assert lines[0] == "error: a\\nb: cannot be decoded: 'a\\nb'"


def test_escapes_can_be_told_from_what_is_seen():
    assert printable("\x1b[0m\udcff\u202e ü") == "\\x1b[0m\\udcff\\u202e ü"
