"""Asking about single photographs: what is answered, what is refused, and who may ask."""

import base64
import socket
from types import SimpleNamespace

import cv2
import numpy as np
import pandas as pd
import pytest
import requests

from tests.predicted import right_or_wrong
from tests.sample_displays import NAMES, photograph
from tests.served import ABOUT, CLASSES, running
from wastelib.displays.opinion import OpinionDisplay
from wastelib.errors import WasteError
from wastelib.evaluation.calibration import answer_threshold
from wastelib.explore import expert, lab, nearest
from wastelib.explore.server import HOST, LARGEST_BYTES, serve
from wastelib.training.predict import Classifier


def picture(brightness: int, kind: str = ".png") -> bytes:
    return cv2.imencode(kind, np.full((40, 60, 3), brightness, np.uint8))[1].tobytes()


@pytest.fixture(scope="module")
def address():
    with running() as server:
        yield server.address


def ask(address, content, **headers):
    return requests.post(f"{address}/ask", data=content, headers=headers, timeout=10)


@pytest.mark.parametrize("kind", [".png", ".jpg", ".webp", ".bmp"])
def test_a_photograph_is_answered_with_probabilities_and_two_pictures(address, kind):
    told = ask(address, picture(250, kind)).json()
    assert told["answer"] == "Glass"
    assert [name for name, _ in told["shares"]] == list(CLASSES)
    assert sum(share for _, share in told["shares"]) == pytest.approx(1)
    for name in ("photograph", "heat"):
        content = base64.b64decode(told[name].removeprefix("data:image/png;base64,"))
        shown = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
        assert shown.shape == (40, 60, 3)


def test_below_the_threshold_it_does_not_know(address):
    told = ask(address, picture(150)).json()
    assert told["answer"] is None
    assert told["likeliest"] == "Glass"


@pytest.mark.parametrize(
    "content",
    [b"", b"no picture", b"%PDF-1.7", b"<svg onload='alert(1)'/>", picture(9, ".jpg")[:200]],
)
def test_what_is_no_photograph_gets_a_clear_message(address, content):
    reply = ask(address, content)
    assert reply.status_code == 422
    assert reply.json()["problem"].startswith("This is no photograph that can be read")
    assert "/tmp" not in reply.text


@pytest.mark.parametrize("length", [str(LARGEST_BYTES + 1), "1" * 5000])
def test_too_large_a_file_is_refused_before_it_is_read(address, length):
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        head = f"POST /ask HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: {length}"
        connection.sendall(f"{head}\r\n\r\n".encode())
        assert b" 413 " in connection.recv(1000)


@pytest.mark.parametrize("length", ["", "-1", "ten", "\u0663"])
def test_a_request_without_a_length_is_refused(address, length):
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        head = f"POST /ask HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: {length}\r\n\r\n"
        connection.sendall(head.encode("utf-8"))
        assert b" 400 " in connection.recv(1000)


def test_only_this_machine_is_listened_to():
    with running() as server:
        assert server.server_address[0] == HOST == "127.0.0.1"


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Origin": "null"}]
)
def test_pages_of_others_may_not_ask(address, headers):
    assert ask(address, picture(250), **headers).status_code == 403
    assert requests.get(f"{address}/about", headers=headers, timeout=10).status_code == 403


@pytest.mark.parametrize("path", ["/../../cli.py", "/%2e%2e/page.js", "/page.html", "//etc/passwd"])
def test_nothing_else_is_served(address, path):
    assert requests.get(address + path, timeout=10).status_code in (403, 404)


def test_the_page_allows_itself_no_other_address(address):
    for path in ("/", "/page.js", "/style.css"):
        reply = requests.get(address + path, timeout=10)
        assert reply.ok
        assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
        assert "http" not in reply.text
        assert "//" not in reply.text.replace("// ", "")


def test_a_port_that_is_taken_is_named():
    with running() as server, pytest.raises(WasteError, match=str(server.server_address[1])):
        serve(None, ABOUT, server.server_address[1])


def test_the_threshold_is_the_lowest_that_is_right_often_enough():
    """Nine sure answers are right; of the unsure ones, every second."""
    table = right_or_wrong(np.r_[np.ones(10), [1, 0] * 5]).assign(subset="validation")
    unsure = table.index >= 10
    table.loc[unsure, ["p_a", "p_b"]] = 0.5 + (table.loc[unsure, ["p_a", "p_b"]] - 0.5) / 2
    assert answer_threshold(table, 0.95) == pytest.approx(0.9)
    assert answer_threshold(table, 0.7) == pytest.approx(0.7)
    assert answer_threshold(table.assign(label="b"), 0.99) is None


@pytest.fixture
def by_brightness(monkeypatch):
    """A run whose model says how bright a photograph is, and whose heat is of one place."""

    def probabilities(pixels):
        bright = pixels.mean(axis=(1, 2, 3)) / 255
        return np.c_[bright, 1 - bright].astype(np.float32)

    def heat(run, pixels):
        assert pixels.shape == (1, 8, 8, 3)
        return np.eye(8, dtype=np.float32)[None]

    model = Classifier(("a", "b"), 8, "colour", None, probabilities)
    monkeypatch.setattr(expert, "classifier_of", lambda run: model)
    monkeypatch.setattr(expert, "grad_cam", heat)
    table = right_or_wrong([1] * 18 + [0] * 2).assign(subset="validation")
    return SimpleNamespace(predictions=table)


def test_an_expert_answers_from_its_threshold_on(by_brightness, tmp_path):
    file = tmp_path / "photograph"
    known = expert.Expert(by_brightness, None, 0.8)
    for brightness, answer in [(250, "a"), (5, "b"), (150, None)]:
        file.write_bytes(picture(brightness))
        found = known.asked(file)
        assert found.answer == answer
        assert found.probabilities.sum() == pytest.approx(1)
    file.write_bytes(picture(250))
    assert expert.Expert(by_brightness, None, None).asked(file).answer is None


def test_an_expert_shows_calibrated_probabilities(by_brightness, tmp_path):
    """Of twenty answers with 90 % two are wrong: as sure as it should be, so T is about 1."""
    file = tmp_path / "photograph"
    file.write_bytes(picture(230))
    asked = expert.Expert.of(by_brightness, 0.5)
    assert asked.temperature == pytest.approx(1, abs=0.05)
    hotter = expert.Expert(by_brightness, 2.0, 0.5).asked(file).probabilities
    assert 0.5 < hotter[0] < asked.asked(file).probabilities[0]


def test_large_photographs_are_shown_small_in_their_shape(by_brightness, tmp_path):
    file = tmp_path / "photograph.png"
    cv2.imwrite(str(file), np.full((500, 2000, 3), 250, np.uint8))
    assert expert.Expert(by_brightness, None, 0.8).asked(file).photograph.shape == (160, 640, 3)


def test_nearest_are_training_photographs_the_likest_first(monkeypatch):
    angles = np.radians([0, 80, 10, 30, 5, 60])
    features = np.c_[np.cos(angles), np.sin(angles)].astype(np.float32)
    monkeypatch.setattr(nearest, "BackboneLook", lambda build: lambda root, table: features)
    monkeypatch.setattr(nearest, "AT_ONCE", 2)
    names = [f"{number}.jpg" for number in range(6)]
    table = pd.DataFrame({"path": names, "label": list("aabbaa"), "group": names})
    split = SimpleNamespace(rows=lambda subset: np.array([1, 2, 3, 5]))
    dataset = SimpleNamespace(
        build_folder="b", root="r", catalogue=table, split=lambda fingerprint: split
    )
    run = SimpleNamespace(trial=SimpleNamespace(split="s"))
    found = nearest.nearest_training(dataset, run, "0.jpg", count=3)
    assert found["image"].tolist() == ["2.jpg", "3.jpg", "5.jpg"]
    assert found["likeness"].tolist() == pytest.approx(np.cos(np.radians([10, 30, 60])))


def opinion_display() -> OpinionDisplay:
    shares = dict(zip(NAMES, np.linspace(0.3, 0.01, len(NAMES)), strict=True))
    near = [(name, 0.9, photograph(None)) for name in NAMES[:5]]
    return OpinionDisplay(NAMES[3], photograph(None), np.ones((8, 8)), shares, near)


def test_an_opinion_names_its_classes_and_the_nearest():
    display = opinion_display().plot()
    assert "Glass 30%" in display.alt
    words = " ".join(text.get_text() for ax in display.figure_.axes for text in ax.texts)
    assert "30.0%" in words


def test_boxes_pick_a_model_and_a_validation_image(monkeypatch):
    widgets = pytest.importorskip("ipywidgets")
    table = right_or_wrong([1, 1, 0, 1]).assign(subset="validation")
    runs = {name: SimpleNamespace(predictions=table, name=name) for name in ("one", "two")}
    asked = []

    def opinion(dataset, run, image, wanted_accuracy):
        asked.append((run.name, image))
        return opinion_display()

    monkeypatch.setattr(lab, "open_dataset", lambda build: None)
    monkeypatch.setattr(lab, "declared", lambda build, role: runs)
    monkeypatch.setattr(lab, "opinion", opinion)
    box = lab.explore("build")
    (model, wrong), image, shown = box.children[0].children, *box.children[1:]
    assert isinstance(shown, widgets.HTML)
    assert list(image.options) == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]
    image.value = "1.jpg"
    model.value = "two"
    wrong.value = True
    assert list(image.options) == ["2.jpg"]
    assert asked[-3:] == [("one", "1.jpg"), ("two", "1.jpg"), ("two", "2.jpg")]
    assert 'src="data:image/png;base64,' in shown.value
    assert "<script>" not in shown.value
