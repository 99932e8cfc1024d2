"""The command answers at once, names what is wrong, and its exit status can be relied on."""

import subprocess
import sys
import time
import types
from pathlib import Path

import cv2
import numpy as np
import pytest

from wastelib import cli
from wastelib.errors import WasteError

HEAVY = ("tensorflow", "keras", "sklearn", "matplotlib", "pandas", "cv2", "papermill", "nbformat")


@pytest.fixture
def run(monkeypatch, capfd):
    """Call the command as a shell would; return exit status, output and messages."""

    def called(*words: str):
        monkeypatch.setattr(sys, "argv", ["wastelib", *words])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        return (stopped.value.code or 0, *capfd.readouterr())

    return called


@pytest.fixture
def module(monkeypatch):
    """Put a stand-in for one of the project's modules in its place."""

    def replace(name: str, **attributes):
        monkeypatch.setitem(sys.modules, name, types.SimpleNamespace(**attributes))

    return replace


def test_help_imports_nothing_heavy_and_is_there_at_once():
    code = (
        "import sys; sys.argv = ['wastelib', '--help']\n"
        "from wastelib.cli import main\n"
        "try:\n    main()\n"
        f"finally:\n    print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    seconds = []
    for _ in range(3):  # the best of three: the machine may be busy
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        seconds.append(time.monotonic() - started)
    assert done.stdout.endswith("[]\n")
    assert "predict" in done.stdout
    assert min(seconds) < 0.5


@pytest.mark.parametrize("words", [["--help"], ["doctor"], ["data", "{photographs}"]])
def test_only_what_trains_or_predicts_loads_tensorflow(words, small_folder):
    """Of this process; doctor tries the import in one of its own, which is what it is for."""
    words = [word.format(photographs=small_folder) for word in words]
    code = (
        "import sys\n"
        f"sys.argv = ['wastelib', *{words!r}]\n"
        "from wastelib.cli import main\n"
        "try:\n    main()\n"
        "finally:\n    print([m for m in ('tensorflow', 'keras') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.endswith("[]\n"), done.stderr


def test_report_checks_and_reuses_without_tensorflow():
    code = (
        "import sys, wastelib.report.build, wastelib.report.execute, wastelib.report.write\n"
        "print([m for m in ('tensorflow', 'keras') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_module_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "wastelib", "--help"], capture_output=True, text=True, check=True
    )
    assert "report" in done.stdout


@pytest.mark.parametrize("data", ["demo", "my photos.zip", "$(x)'\"; rm", "-x"])
def test_report_hands_its_options_on_and_says_where_the_result_is(run, module, tmp_path, data):
    calls = []

    def build_report(*words, **options):
        calls.append((words, options))
        return types.SimpleNamespace(folder=tmp_path, seconds=125.4)

    module("wastelib.report.build", build_report=build_report)
    status, out, _ = run("report", f"--data={data}", "--profile=smoke", "--fresh")
    assert status == 0
    given = {"data": data, "weights": None, "scheduler": None, "fresh": True, "jobs": 1}
    assert calls == [(("smoke",), given)]
    assert out == f"report.html and report.pdf are in {tmp_path} (2:05 minutes)\n"


def test_what_a_user_can_mend_is_a_message_without_a_traceback(run, module):
    def build_report(*_, **__):
        raise WasteError("no photographs", where="/data", remedy="name a folder")

    module("wastelib.report.build", build_report=build_report)
    status, out, err = run("report")
    assert status == 1
    assert out == ""
    assert err == "error: no photographs\n  where:  /data\n  remedy: name a folder\n"


def test_ctrl_c_is_one_line_and_130(run, module):
    def build_report(*_, **__):
        raise KeyboardInterrupt

    module("wastelib.report.build", build_report=build_report)
    status, _, err = run("report")
    assert status == 130
    assert err.count("\n") == 1
    assert "stopped" in err


@pytest.mark.parametrize("words", [["frobnicate"], ["report", "--frob"], ["predict"]])
def test_a_mistyped_command_is_status_2(run, words):
    status, _, err = run(*words)
    assert status == 2
    assert "Error" in err


def test_data_prints_every_class_with_its_count(run, tmp_path):
    for label, count in {"Glass": 3, "Paper": 2}.items():
        (tmp_path / label).mkdir()
        for number in range(count):
            picture = np.full((8, 8, 3), number, np.uint8)
            cv2.imwrite(str(tmp_path / label / f"{number}.png"), picture)
    status, out, _ = run("data", str(tmp_path))
    assert status == 0
    assert "Glass       3\n" in out
    assert "Paper       2\n" in out
    assert "2 classes, 5 images" in out


def make_run(build: Path, name: str) -> Path:
    folder = build / "runs" / name
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def predictor(module):
    """A stand-in for the trained model; the list takes what it was asked for."""
    asked = []

    def predict_images(paths, run_folder):
        asked.append((list(paths), run_folder))
        shares = [("Glass", 0.1), ("Paper", 0.6), ("Wood", 0.05), ("Metal", 0.25)]
        return [(path, shares) for path in paths]

    module("wastelib.training.predict", predict_images=predict_images)
    return asked


def test_predict_prints_the_three_likeliest_classes(run, predictor, tmp_path):
    folder = make_run(tmp_path, "3f2a77")
    picture = tmp_path / "a picture.png"
    cv2.imwrite(str(picture), np.zeros((8, 8, 3), np.uint8))
    status, out, _ = run("predict", str(picture), "--run=3f", f"--build={tmp_path}")
    assert status == 0
    assert out == f"{picture}: Paper 60.0%, Metal 25.0%, Glass 10.0%\n"
    assert predictor == [([picture], folder)]


def test_predict_names_each_unreadable_file_and_goes_on(run, predictor, tmp_path):
    make_run(tmp_path, "3f2a77")
    good, empty, missing = (tmp_path / name for name in ("good.png", "empty.png", "missing.png"))
    cv2.imwrite(str(good), np.zeros((8, 8, 3), np.uint8))
    empty.touch()
    words = [str(path) for path in (empty, good, missing)]
    status, out, err = run("predict", *words, "--run=3f2a77", f"--build={tmp_path}")
    assert status == 1
    assert out.startswith(f"{good}: Paper")
    assert f"error: {empty}: the file is empty" in err
    assert f"error: {missing}: " in err


@pytest.mark.parametrize(("beginning", "found"), [("9", 0), ("3f", 2)])
def test_predict_wants_exactly_one_run(run, predictor, tmp_path, beginning, found):
    make_run(tmp_path, "3f2a77")
    make_run(tmp_path, "3f9900")
    status, _, err = run("predict", "x.png", f"--run={beginning}", f"--build={tmp_path}")
    assert status == 1
    assert f"{found} runs have a hash that begins with '{beginning}'" in err
    assert predictor == []


def test_predict_takes_the_best_model_on_validation(run, predictor, module, tmp_path):
    best = types.SimpleNamespace(folder=tmp_path / "best")
    module("wastelib.training.run", best_on_validation=lambda build: best)
    picture = tmp_path / "picture.png"
    cv2.imwrite(str(picture), np.zeros((8, 8, 3), np.uint8))
    status, _, _ = run("predict", str(picture), f"--build={tmp_path}")
    assert status == 0
    assert predictor == [([picture], best.folder)]
