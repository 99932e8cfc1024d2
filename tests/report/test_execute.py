"""A notebook runs in this Python, with validated values, and never fails in silence."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from wastelib.errors import WasteError
from wastelib.profiles import Profile
from wastelib.report import workers
from wastelib.report.execute import execute_notebooks
from wastelib.report.ledger import Entry
from wastelib.settings import ALONE, NOTEBOOKS, READS

FIRST, SECOND, THIRD, FOURTH, FIFTH, *_ = NOTEBOOKS

# Run by another process, so that a test can send it a real signal.
CALLER = """
import sys, types
from pathlib import Path
sys.path.insert(0, sys.argv[1])
root = Path(sys.argv[2])
from test_execute import build
from wastelib import cli
fake = types.SimpleNamespace(build_report=lambda *_, **__: build(root, jobs=2))  # never returns
sys.modules["wastelib.report.build"] = fake
sys.argv = ["wastelib", "report"]
cli.main()
"""


def write_notebooks(folder: Path, **cells: list[str]) -> None:
    """One notebook for each name, with a parameters cell before the given code cells."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, sources in cells.items():
        parameters = new_code_cell("build_folder: str = ''\nseed: int = 1")
        parameters.metadata["tags"] = ["parameters"]
        notebook = new_notebook(
            cells=[new_markdown_cell("# Title"), parameters, *map(new_code_cell, sources)]
        )
        notebook.metadata["kernelspec"] = {
            "name": "no-such-kernel",
            "display_name": "?",
            "language": "python",
        }
        nbformat.write(notebook, folder / f"{name}.ipynb")


def build(root: Path, **options) -> dict[str, Entry]:
    """Run the notebooks that lie in root/notebooks."""
    folder = root / "notebooks"
    names = sorted(path.stem for path in folder.glob("*.ipynb"))
    values = {name: NOTEBOOKS[name](build_folder="a '$x'", seed=7) for name in names}
    profile = Profile(name="test", title="Test", notebooks=values)
    return execute_notebooks(profile, root / "build", folder=folder, **options)


def printed(root: Path, name: str) -> str:
    """Everything that the code cells of an executed copy printed."""
    notebook = nbformat.read(root / "build" / "notebooks" / f"{name}.ipynb", as_version=4)
    outputs = [o for cell in notebook.cells for o in cell.get("outputs", [])]
    return "".join(output.get("text", "") for output in outputs)


def kernels_of(root: Path) -> list[psutil.Process]:
    """Kernel processes that work below `root`."""
    found = []
    for process in psutil.process_iter():
        try:
            if "ipykernel_launcher" in process.cmdline() and process.cwd().startswith(str(root)):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
    return found


def test_notebooks_run_in_this_python_with_the_profiles_values(tmp_path, monkeypatch):
    startup = tmp_path / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00.py").write_text("raise SystemExit('a user file ran')")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    spec = tmp_path / "jupyter" / "kernels" / "python3"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text(
        json.dumps({"argv": ["/nowhere/python"], "display_name": "x", "language": "python"})
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    write_notebooks(
        tmp_path / "notebooks",
        **{
            FIRST: [
                "import os, sys",
                "print([sys.executable, os.getcwd(), seed, build_folder])",
                "print(os.environ['KERAS_BACKEND'])",
            ],
            SECOND: ["print(seed)"],
        },
    )
    entries = build(tmp_path)
    here = [sys.executable, str(tmp_path / "notebooks"), 7, "a '$x'"]
    assert printed(tmp_path, FIRST) == f"{here}\ntensorflow\n"
    assert printed(tmp_path, SECOND) == "7\n"
    assert list(entries) == [FIRST, SECOND]
    assert all(entry.seconds.setup_seconds > 0 for entry in entries.values())


def test_the_copy_names_its_source_and_no_temporary_path(tmp_path):
    write_notebooks(tmp_path / "notebooks", **{FIRST: ["1 + 1"]})
    build(tmp_path)
    copy = tmp_path / "build" / "notebooks" / f"{FIRST}.ipynb"
    facts = nbformat.read(copy, as_version=4).metadata.papermill
    assert facts.input_path == f"{FIRST}.ipynb"
    assert facts.output_path == f"{FIRST}.ipynb"
    assert str(tmp_path) not in copy.read_text("utf-8")


def test_a_raising_cell_is_named_and_what_was_done_is_kept(tmp_path):
    cells = [
        "print('so far')",
        "\n# the culprit\nraise ValueError('first\\nsecond')",
        "print('no')",
    ]
    write_notebooks(tmp_path / "notebooks", **{FIRST: cells})
    build_folder = tmp_path / "build" / "notebooks"
    build_folder.mkdir(parents=True)
    (build_folder / f"{FIRST}.ipynb").write_text("of an earlier build")
    with pytest.raises(WasteError) as raised:
        build(tmp_path)
    message = str(raised.value)
    assert f"{FIRST}, code cell 4: # the culprit" in message  # parameters, injected, print, this
    assert "ValueError: first\n  second" in message
    assert f"{FIRST}.failed.ipynb" in message
    assert [path.name for path in build_folder.iterdir()] == [f"{FIRST}.failed.ipynb"]
    assert "so far" in printed(tmp_path, f"{FIRST}.failed")


def test_a_later_success_takes_the_failed_copy_away(tmp_path):
    write_notebooks(tmp_path / "notebooks", **{FIRST: ["1 / 0"]})
    with pytest.raises(WasteError, match="ZeroDivisionError"):
        build(tmp_path)
    write_notebooks(tmp_path / "notebooks", **{FIRST: ["1 / 1"]})
    build(tmp_path)
    names = [path.name for path in (tmp_path / "build" / "notebooks").iterdir()]
    assert names == [f"{FIRST}.ipynb"]


def test_ending_the_notebook_early_is_no_success(tmp_path):
    write_notebooks(tmp_path / "notebooks", **{FIRST: ["import sys; sys.exit()", "print(1)"]})
    with pytest.raises(WasteError, match="code cell 3: import sys"):
        build(tmp_path)


def test_a_killed_kernel_is_told_from_an_exception(tmp_path):
    cell = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
    write_notebooks(tmp_path / "notebooks", **{FIRST: [cell]})
    with pytest.raises(WasteError, match="killed by SIGKILL") as raised:
        build(tmp_path)
    assert "code cell 3: import os, signal" in str(raised.value)
    assert "memory" in str(raised.value)
    assert kernels_of(tmp_path) == []


def test_a_kernel_that_cannot_start_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "broken"))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "ipykernel_launcher.py").write_text("raise SystemExit(3)")
    write_notebooks(tmp_path / "notebooks", **{FIRST: ["1"]})
    with pytest.raises(WasteError, match="did not start") as raised:
        build(tmp_path)
    assert "make doctor" in str(raised.value)


@pytest.mark.parametrize("content", ["", "not json", "{}", '{"nbformat": 4, "cells": 3}'])
def test_a_broken_notebook_is_named_before_any_kernel_starts(tmp_path, content):
    write_notebooks(tmp_path / "notebooks", **{FIRST: ["print(1)"]})
    (tmp_path / "notebooks" / f"{SECOND}.ipynb").write_text(content)
    with pytest.raises(WasteError, match=f"{SECOND}.ipynb"):
        build(tmp_path)
    assert not (tmp_path / "build" / "notebooks" / f"{FIRST}.ipynb").exists()


def test_a_missing_notebook_is_named(tmp_path):
    profile = Profile(name="test", title="Test", notebooks={FIRST: NOTEBOOKS[FIRST]()})
    with pytest.raises(WasteError, match=f"{FIRST}.ipynb is missing"):
        execute_notebooks(profile, tmp_path / "build", folder=tmp_path)


def test_children_of_a_kernel_are_gone_with_it(tmp_path):
    cell = "import subprocess\nprint(subprocess.Popen(['sleep', '600']).pid)"
    write_notebooks(tmp_path / "notebooks", **{FIRST: [cell]})
    build(tmp_path)
    pid = int(printed(tmp_path, FIRST))
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def slow_cell(working: Path, tidied: Path) -> str:
    """Touches `working`, works for a minute, and tidies up by touching `tidied`."""
    return (
        "import time\nfrom pathlib import Path\n"
        f"Path({str(working)!r}).touch()\n"
        "try:\n    time.sleep(60)\n"
        f"finally:\n    Path({str(tidied)!r}).touch()"
    )


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_all_kernels_and_leaves_nothing_half_written(tmp_path, sent, status):
    working, tidied = ([tmp_path / f"{what}{n}" for n in (2, 3)] for what in ("working", "tidied"))
    cells = [[slow_cell(*files)] for files in zip(working, tidied, strict=True)]
    write_notebooks(tmp_path / "notebooks", **dict(zip(NOTEBOOKS, [["1"], *cells], strict=False)))
    command = [sys.executable, "-c", CALLER, str(Path(__file__).parent), str(tmp_path)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    wait_until(lambda: all(path.exists() for path in working), process)
    assert len(kernels_of(tmp_path)) == 2
    process.send_signal(sent)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == status, output
    assert "Traceback" not in output
    assert all(path.exists() for path in tidied), "a cell had no time to tidy up"
    assert kernels_of(tmp_path) == []
    assert [p.name for p in (tmp_path / "build" / "notebooks").iterdir()] == [f"{FIRST}.ipynb"]


def test_a_kernel_follows_its_killed_parent(tmp_path):
    working = tmp_path / "working"
    cell = f"import time\nopen({str(working)!r}, 'w').close()\ntime.sleep(60)"
    write_notebooks(tmp_path / "notebooks", **{FIRST: [cell]})
    command = [sys.executable, "-c", CALLER, str(Path(__file__).parent), str(tmp_path)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
    wait_until(working.exists, process)
    process.kill()
    process.wait()
    wait_until(lambda: kernels_of(tmp_path) == [])


def wait_until(condition, process: subprocess.Popen | None = None, seconds: float = 30) -> None:
    """Wait for a condition, and stop at once if the process has ended without it."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        assert process is None or process.poll() is None, "the process has ended"
        time.sleep(0.05)


def test_papermill_is_given_typed_values(tmp_path):
    write_notebooks(tmp_path / "notebooks", **{SECOND: ["print([restore_best, learning_rate])"]})
    values = NOTEBOOKS[SECOND](restore_best=False, learning_rate=1e-4)
    profile = Profile(name="test", title="Test", notebooks={SECOND: values})
    execute_notebooks(profile, tmp_path / "build", folder=tmp_path / "notebooks")
    assert printed(tmp_path, SECOND) == "[False, 0.0001]\n"


def test_only_some_notebooks_can_be_asked_for(tmp_path):
    write_notebooks(tmp_path / "notebooks", **{FIRST: ["1"], SECOND: ["2"]})
    assert list(build(tmp_path, only=[SECOND])) == [SECOND]
    assert os.listdir(tmp_path / "build" / "notebooks") == [f"{SECOND}.ipynb"]


def meeting(root: Path, name: str, *others: str) -> list[str]:
    """Cells that go on only when the others have come as far."""
    return [
        "import time\nfrom pathlib import Path",
        f"Path({str(root)!r}, {name!r}).touch()\nend = time.monotonic() + 60",
        f"while not all(Path({str(root)!r}, other).exists() for other in {others!r}):\n"
        "    assert time.monotonic() < end\n    time.sleep(0.05)",
    ]


def test_what_does_not_read_from_each_other_runs_side_by_side(tmp_path):
    middle = (SECOND, THIRD, FOURTH)
    cells = {name: meeting(tmp_path, name, *middle) for name in middle}
    nobody = f"import os\nprint(sorted(set(os.listdir({str(tmp_path)!r})) & set({middle!r})))"
    write_notebooks(tmp_path / "notebooks", **cells, **{FIRST: [nobody], FIFTH: [nobody]})
    build(tmp_path, jobs=3)
    assert printed(tmp_path, FIRST) == "[]\n"
    assert printed(tmp_path, FIFTH) == f"{list(middle)}\n"


def alone(root: Path, seconds: float) -> list[str]:
    """Cells that take so long, and fail if others of the kind run meanwhile."""
    busy = str(root / "busy")
    return [
        f"import os, time\nos.close(os.open({busy!r}, os.O_CREAT | os.O_EXCL))",
        f"time.sleep({seconds})\nos.remove({busy!r})",
    ]


def test_no_more_than_asked_for_run_side_by_side(tmp_path):
    write_notebooks(tmp_path / "notebooks", **dict.fromkeys([SECOND, THIRD], alone(tmp_path, 8)))
    assert len(build(tmp_path)) == 2


def test_beside_what_measures_time_nothing_runs(tmp_path):
    (measuring,) = ALONE
    other = next(name for name in NOTEBOOKS if name not in (measuring, *READS[measuring]))
    write_notebooks(tmp_path / "notebooks", **dict.fromkeys([other, measuring], alone(tmp_path, 8)))
    assert len(build(tmp_path, jobs=2)) == 2


def test_what_may_meet_does(tmp_path):
    """Else the two tests above could not fail."""
    write_notebooks(tmp_path / "notebooks", **dict.fromkeys([SECOND, THIRD], alone(tmp_path, 8)))
    with pytest.raises(WasteError, match="FileExistsError"):
        build(tmp_path, jobs=2)


def test_a_failure_ends_the_others_and_is_told_at_once(tmp_path):
    working, tidied = tmp_path / "working", tmp_path / "tidied"
    wait_and_fail = [*meeting(tmp_path, SECOND, "working"), "1 / 0"]
    slow = [slow_cell(working, tidied)]
    write_notebooks(tmp_path / "notebooks", **{SECOND: wait_and_fail, THIRD: slow, FOURTH: ["1"]})
    with pytest.raises(WasteError, match=f"{SECOND}(.|\n)*ZeroDivisionError"):
        build(tmp_path, jobs=2)
    assert tidied.exists()
    assert kernels_of(tmp_path) == []
    assert os.listdir(tmp_path / "build" / "notebooks") == [f"{SECOND}.failed.ipynb"]


def test_a_cell_that_will_not_end_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "TIDY_SECONDS", 0.5)
    deaf = (
        "import signal, time\nfrom pathlib import Path\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        f"Path({str(tmp_path / 'working')!r}).touch()\ntime.sleep(60)"
    )
    wait_and_fail = [*meeting(tmp_path, SECOND, "working"), "1 / 0"]
    write_notebooks(tmp_path / "notebooks", **{SECOND: wait_and_fail, THIRD: [deaf]})
    with pytest.raises(WasteError, match="ZeroDivisionError"):
        build(tmp_path, jobs=2)
    assert kernels_of(tmp_path) == []
    assert os.listdir(tmp_path / "build" / "notebooks") == [f"{SECOND}.failed.ipynb"]


def test_time_is_told_apart_by_what_it_went_into(tmp_path):
    trains = (
        "import json, os, time\ntime.sleep(0.4)\n"
        "line = {'run': 'a', 'epoch': 1, 'epochs': 1, 'seconds': 0.4}\n"
        "open(os.environ['WASTELIB_PROGRESS'], 'a').write(json.dumps(line) + '\\n')"
    )
    cells = ["import colorsys", trains, "time.sleep(0.2)"]
    write_notebooks(tmp_path / "notebooks", **{SECOND: cells})
    seconds = build(tmp_path)[SECOND].seconds
    assert seconds.training_seconds >= 0.4
    assert seconds.other_seconds >= 0.2
    assert seconds.setup_seconds > 0
    assert json.loads((tmp_path / "build" / "ledger" / f"{SECOND}.json").read_text())["outputs"]
