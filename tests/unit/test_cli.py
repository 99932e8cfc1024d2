"""The command answers at once, names what is wrong, and its exit status can be relied on."""

import errno
import os
import subprocess
import sys
import types
from pathlib import Path

import cv2
import numpy as np
import pytest

from wastelib import cli
from wastelib.errors import WasteError
from wastelib.training.predict import Answer, Classifier, predict_images

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


def test_help_imports_nothing_heavy():
    code = (
        "import sys; sys.argv = ['wastelib', '--help']\n"
        "from wastelib.cli import main\n"
        "try:\n    main()\n"
        f"finally:\n    print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")
    assert "predict" in done.stdout


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
    given = {"data": data, "other": None, "weights": None, "scheduler": None}
    given |= {"fresh": True, "jobs": 2}
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


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EEXIST])
def test_what_the_disk_refuses_is_a_message_too(run, module, number):
    def build_report(*_, **__):
        raise OSError(number, os.strerror(number), "/full/report.html")

    module("wastelib.report.build", build_report=build_report)
    status, _, err = run("report")
    assert (status, err) == (1, f"error: {os.strerror(number)}: /full/report.html\n")


@pytest.mark.parametrize(
    ("verdicts", "status"),
    [
        (["reproduced", "within noise"], 0),
        (["reproduced", "not reproduced"], 1),
        (["missing"], 1),
    ],
)
def test_grade_says_each_verdict_and_exits_by_the_worst(run, module, tmp_path, verdicts, status):
    grades = [
        types.SimpleNamespace(submission=f"\x1b[31m{number}", verdict=verdict)
        for number, verdict in enumerate(verdicts)
    ]
    calls = []

    def grade_all(*arguments, **named):
        calls.append((arguments, named))
        return tmp_path, types.SimpleNamespace(grades=grades)

    module("wastelib.grading.session", grade_all=grade_all)
    found, out, _ = run("grade", "handed in", "--profile=smoke", "--jobs=3")
    assert found == status
    assert calls == [(("smoke", Path("handed in")), {"data": None, "weights": None, "jobs": 3})]
    assert "\x1b" not in out
    for grade in grades:
        assert grade.verdict in out


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


def test_student_says_how_to_open_what_it_wrote_and_overwrites_nothing(run, tmp_path):
    into = tmp_path / "her folder"
    status, out, _ = run("student", f"--into={into}")
    assert status == 0
    assert out.endswith(f"open it: make lab NOTEBOOKS='{into}/notebooks'\n")
    assert "there already" in run("student", f"--into={into}")[1]
    (into / "notebooks" / "07_trust.ipynb").write_text("{}", "utf-8")
    status, _, told = run("student", f"--into={into}")
    assert status == 1
    assert "07_trust.ipynb" in told
    assert (into / "notebooks" / "07_trust.ipynb").read_text("utf-8") == "{}"


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
    """A stand-in for the runs and their models; the list takes the folders that were opened."""
    opened = []

    def open_run(folder):
        opened.append(folder)
        return types.SimpleNamespace(folder=folder)

    def classifier_of(run, temperature):
        assert temperature == 0.5
        shares = np.sqrt([[0.1, 0.6, 0.05, 0.25]])  # at the temperature 0.5 these are the shares
        classes = ("Glass", "Paper", "Wood", "Metal")
        return Classifier(
            classes, 4, "colour", temperature, lambda pixels: shares.repeat(len(pixels), 0)
        )

    best = types.SimpleNamespace(folder=Path("best"))
    module("wastelib.training.run", open_run=open_run, best_on_validation=lambda build: best)
    module("wastelib.evaluation.exports", temperature_of=lambda run: 0.5)
    module(
        "wastelib.training.predict",
        Answer=Answer,
        classifier_of=classifier_of,
        predict_images=predict_images,
    )
    return opened


@pytest.fixture
def pictures(tmp_path) -> list[Path]:
    """A photograph, an empty file and one that is not there."""
    good, empty, missing = (tmp_path / name for name in ("go od.png", "empty.png", "missing.png"))
    cv2.imwrite(str(good), np.zeros((8, 8, 3), np.uint8))
    empty.touch()
    return [good, empty, missing]


def test_predict_prints_the_three_likeliest_classes_calibrated(run, predictor, pictures, tmp_path):
    folder = make_run(tmp_path, "3f2a77")
    status, out, _ = run("predict", str(pictures[0]), "--run=3f", f"--build={tmp_path}")
    assert status == 0
    assert out == f"{pictures[0]}: Paper 60.0%, Metal 25.0%, Glass 10.0%\n"
    assert predictor == [folder]


def test_predict_names_each_unreadable_file_and_goes_on(run, predictor, pictures, tmp_path):
    make_run(tmp_path, "3f2a77")
    good, empty, missing = pictures
    words = [str(path) for path in (empty, good, missing)]
    status, out, err = run("predict", *words, "--run=3f2a77", f"--build={tmp_path}")
    assert status == 1
    assert out.startswith(f"{good}: Paper")
    assert f"error: {empty}: the file is empty\n" in err
    assert f"error: {missing}: " in err


@pytest.mark.parametrize(("form", "quotes"), [("text", 0), ("json", 18), ("csv", 16)])
def test_predict_writes_for_people_and_for_programs(
    run, predictor, pictures, tmp_path, form, quotes
):
    make_run(tmp_path, "3f2a77")
    words = [str(pictures[0]), f"--format={form}", "--run=3f", f"--build={tmp_path}"]
    status, out, _ = run("predict", *words)
    assert status == 0
    assert out.count('"') == quotes
    assert str(pictures[0]) in out


@pytest.mark.parametrize(("beginning", "found"), [("9", 0), ("3f", 2), ("/3f", 0)])
def test_predict_wants_exactly_one_run(run, predictor, tmp_path, beginning, found):
    make_run(tmp_path, "3f2a77")
    make_run(tmp_path, "3f9900")
    status, _, err = run("predict", "x.png", f"--run={beginning}", f"--build={tmp_path}")
    assert status == 1
    assert f"{found} runs have a hash that begins with '{beginning}'" in err
    assert predictor == []


def test_predict_takes_the_best_model_on_validation(run, predictor, pictures, tmp_path):
    status, _, _ = run("predict", str(pictures[0]), f"--build={tmp_path}")
    assert status == 0
    assert predictor == [Path("best")]


def test_predict_takes_a_run_or_a_file(run):
    status, _, err = run("predict", "x.png", "--run=3f", "--model=x.tflite")
    assert status == 2
    assert "not both" in err
