"""What a user types reaches the command letter for letter, and no half-made .venv is used.

The Makefile runs here with stand-ins for Python: a script that notes its arguments.
"""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = ("wastelib", "tests", "notebooks")

# Takes the part of Python, pip and uv: notes each call, "makes" a .venv with itself in it,
# and fails where the test says so.
STAND_IN = """#!/bin/sh
printf '%s\\n' "call" "$@" >> "{notes}"
case "$*" in
    *sys.version_info*) echo "$0"; [ ! -e "{root}/too-old" ]; exit ;;
    -V) echo "Python 3.11.0"; exit ;;
    "-m venv .venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
    *"-r requirements.lock") [ ! -e "{root}/no-network" ]; exit ;;
    *"--editable .") [ ! -e "{root}/no-build" ]; exit ;;
esac
"""


class Project:
    """A copy of the Makefile beside a stand-in for Python."""

    def __init__(self, root: Path):
        self.root = root
        self.notes = root / "notes"
        self.python = root / "bin of mine" / "python"
        self.python.parent.mkdir()
        self.python.write_text(STAND_IN.format(notes=self.notes, root=root))
        self.python.chmod(0o755)
        for name in ("Makefile", "pyproject.toml"):
            shutil.copy(ROOT / name, root)
        (root / "requirements.lock").write_text("uv==1.0 \\\n    --hash=sha256:00\nz==1 \\\n")

    def environment(self) -> dict[str, str]:
        """For make: a test that make itself runs must not hand on that make's flags."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
        return inherited | {"PYTHON": str(self.python)}

    def make(self, *words: str) -> subprocess.CompletedProcess:
        """Call make with a fresh sheet of notes."""
        self.notes.unlink(missing_ok=True)
        return subprocess.run(
            ["make", *words],
            cwd=self.root,
            env=self.environment(),
            capture_output=True,
            text=True,
        )

    def calls(self) -> list[list[str]]:
        """The arguments of every call of the stand-in since the last make."""
        text = self.notes.read_text() if self.notes.exists() else ""
        return [call.splitlines() for call in text.split("call\n")[1:]]

    def made(self) -> bool:
        """Whether the last make made .venv."""
        return ["-m", "venv", ".venv"] in self.calls()


@pytest.fixture
def project(tmp_path):
    root = tmp_path / "my 'project'"
    root.mkdir()
    return Project(root)


def test_make_alone_prints_one_line_for_each_target(project):
    done = project.make()
    assert done.returncode == 0
    for target in ("report", "grade", "test", "lab", "student", "doctor", "clean"):
        assert f"  make {target} " in done.stdout
    assert "setup" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100
    assert project.calls() == []


def test_report_passes_no_option_that_was_not_given(project):
    assert project.make("report").returncode == 0
    assert project.calls()[-1] == ["-m", "wastelib", "report", "--profile=demo"]


@pytest.mark.parametrize(
    "value",
    [
        "../my photos",
        "$(shell touch {out})",
        "$(touch {out})",
        "`touch {out}`",
        "x; touch {out}",
        "x' && touch {out} && '",
        'x" && touch {out} && "',
        "$HOME ${PATH} $$ $",
        "*",
        "-n --help",
        "a#b%c\\d",
        "Müll/图像",
    ],
)
@pytest.mark.parametrize("name", ["DATA", "OTHER", "WEIGHTS", "SCHEDULER", "PROFILE"])
def test_a_value_arrives_letter_for_letter(project, tmp_path, name, value):
    value = value.replace("{out}", str(tmp_path / "out"))
    assert project.make("report", f"{name}={value}").returncode == 0
    assert f"--{name.lower()}={value}" in project.calls()[-1]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("value", ["handed in/b's.zip", "--help", "$(shell touch {out})", "; id"])
def test_a_submission_arrives_letter_for_letter_and_is_no_option(project, tmp_path, value):
    value = value.replace("{out}", str(tmp_path / "out"))
    assert project.make("grade", f"SUBMISSION={value}").returncode == 0
    assert project.calls()[-1][2:] == ["grade", "--profile=demo", "--", value]
    assert not (tmp_path / "out").exists()
    project.make("grade")
    assert project.calls()[-1][2:] == ["grade", "--profile=demo", "--"]


@pytest.mark.parametrize(
    ("value", "fresh"), [("1", True), ("yes", True), ("", False), ("0", False), ("no", False)]
)
def test_fresh_is_a_switch(project, value, fresh):
    project.make("report", f"FRESH={value}")
    assert ("--fresh" in project.calls()[-1]) is fresh


@pytest.mark.parametrize(
    ("flags", "jobs"),
    [
        (["-j2"], ["--jobs=2"]),
        (["-j", "3", "-k"], ["--jobs=3"]),
        (["-j"], ["--jobs=0"]),
        (["-k"], []),
    ],
)
def test_makes_own_flag_says_how_many_notebooks_run_side_by_side(project, flags, jobs):
    assert project.make(*flags, "report", "DATA=-j7 -- -j8").returncode == 0
    assert [word for word in project.calls()[-1] if word.startswith("--jobs")] == jobs


def test_variables_of_the_users_shell_play_no_part(project, monkeypatch):
    monkeypatch.setenv("DATA", "of another program")
    monkeypatch.setenv("PROFILE", "of another program")
    project.make("report")
    assert project.calls()[-1] == ["-m", "wastelib", "report", "--profile=demo"]


def test_set_up_happens_once(project):
    assert "Making .venv" in project.make("report").stdout
    assert project.made()
    done = project.make("report")
    assert not project.made()
    assert done.stdout == ""


def test_another_date_of_the_lock_is_no_change(project):
    project.make("report")
    os.utime(project.root / "requirements.lock", (4e9, 4e9))
    project.make("report")
    assert not project.made()


def test_a_changed_lock_makes_the_venv_again(project):
    project.make("report")
    (project.root / ".venv" / "leftover").touch()
    lock = project.root / "requirements.lock"
    lock.write_text(lock.read_text() + "y==2\n")
    project.make("report")
    assert project.made()
    assert not (project.root / ".venv" / "leftover").exists()


def test_a_moved_project_makes_the_venv_again(project, tmp_path):
    project.make("report")
    project.root = project.root.rename(tmp_path / "elsewhere")
    project.python = project.root / "bin of mine" / "python"
    project.make("report")
    assert (project.root / ".venv" / "made-from").read_text().startswith(str(project.root))


def test_a_changed_pyproject_only_installs_the_project_again(project):
    project.make("report")
    (project.root / "pyproject.toml").write_text("[project]\n")
    project.make("report")
    assert not project.made()
    assert any("--editable" in call for call in project.calls())
    project.make("report")
    assert not any("--editable" in call for call in project.calls())


@pytest.mark.parametrize("trouble", ["no-network", "no-build"])
def test_an_interrupted_set_up_is_done_again(project, trouble):
    (project.root / trouble).touch()
    done = project.make("report")
    assert done.returncode != 0
    assert ["-m", "wastelib", "report", "--profile=demo"] not in project.calls()
    if trouble == "no-network":
        assert "remedy" in done.stderr
    (project.root / trouble).unlink()
    assert project.make("report").returncode == 0
    assert project.calls()[-1] == ["-m", "wastelib", "report", "--profile=demo"]


def test_everything_installed_is_checked_against_hashes(project):
    project.make("report")
    installs = [call for call in project.calls() if "install" in call and "-r" in call]
    assert len(installs) == 2
    assert all("--require-hashes" in call for call in installs)
    bootstrap = (project.root / ".venv" / "uv.lock").read_text()
    assert bootstrap == "uv==1.0 \\\n    --hash=sha256:00\n"


@pytest.mark.parametrize("target", ["report", "doctor"])
def test_an_unfit_python_is_refused_with_the_remedy(project, target):
    (project.root / "too-old").touch()
    done = project.make(target)
    assert done.returncode != 0
    assert "no Python 3.11" in done.stderr
    assert "PYTHON=" in done.stderr
    assert not (project.root / ".venv").exists()


def test_doctor_works_without_a_venv(project):
    assert project.make("doctor").returncode == 0
    assert project.calls()[-1] == ["-m", "wastelib.doctor"]
    assert not (project.root / ".venv").exists()


def test_clean_keeps_the_venv_and_what_is_not_built(project):
    project.make("report")
    for path in (
        "report/build/demo",
        "report/profiles",
        "wastelib/__pycache__",
        "tests",
        "notebooks",
    ):
        (project.root / path).mkdir(parents=True)
    assert project.make("clean").returncode == 0
    assert not (project.root / "report" / "build").exists()
    assert not (project.root / "wastelib" / "__pycache__").exists()
    assert (project.root / "report" / "profiles").exists()
    assert (project.root / ".venv" / "made-from").exists()


def test_lab_keeps_its_token_and_listens_on_this_machine_only(project):
    project.make("lab")
    call = project.calls()[-1]
    assert "--ip=127.0.0.1" in call
    assert not any("token" in word or "password" in word for word in call)


@pytest.mark.parametrize(
    ("words", "folder"),
    [
        ([], "notebooks"),
        (["NOTEBOOKS=report/build/student/notebooks"], "report/build/student/notebooks"),
        (["NOTEBOOKS=her $(touch out) 'folder'"], "her $(touch out) 'folder'"),
    ],
)
def test_lab_opens_the_notebooks_or_those_of_a_student(project, words, folder):
    project.make("lab", *words)
    assert f"--ServerApp.root_dir={folder}" in project.calls()[-1]
    assert not (project.root / "out").exists()


def test_student_writes_the_student_edition(project):
    assert project.make("student").returncode == 0
    assert project.calls()[-1] == ["-m", "wastelib", "student"]


def test_clean_keeps_what_students_have_written(project):
    answers = project.root / "report" / "build" / "student" / "notebooks"
    for path in (answers, answers.parents[1] / "demo", *map(project.root.joinpath, CODE)):
        path.mkdir(parents=True)
    assert project.make("clean").returncode == 0
    assert answers.exists()
    assert not (project.root / "report" / "build" / "demo").exists()


def test_a_signal_to_make_reaches_the_program(project):
    project.make("report")
    program = project.root / ".venv" / "bin" / "python"
    ended = project.root / "ended"
    # A program that tidies up when it is told to end, as the real one does.
    program.write_text(
        '#!/bin/sh\n[ "$1" = -c ] && exit\n'
        "trap 'kill $!; touch \"$PWD/ended\"; exit 143' TERM\n"
        'touch "$PWD/started"; sleep 60 & wait\n'
    )
    started = project.root / "started"
    command = subprocess.Popen(["make", "report"], cwd=project.root, env=project.environment())
    while not started.exists():
        assert command.poll() is None
        time.sleep(0.02)
    command.terminate()
    command.wait(timeout=60)
    assert ended.exists()
