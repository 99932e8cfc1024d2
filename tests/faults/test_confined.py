"""A submission's code can hang, grow, print and pry: it ends with a verdict, and alone."""

import socket
import threading
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from wastelib.grading import landlock, sandbox
from wastelib.grading.execution import Place, run_again
from wastelib.grading.watch import Limits
from wastelib.settings import READS

NAME = next(iter(READS))
LIMITS = Limits(
    seconds=120,
    cpu_seconds=120,
    memory_bytes=1_000_000_000,
    disk_bytes=100_000_000,
    file_bytes=50_000_000,
    output_bytes=1_000_000,
)
only_here = pytest.mark.skipif(not sandbox.namespaces(), reason="no namespaces on this system")
needs_landlock = pytest.mark.skipif(not landlock.version(), reason="no Landlock on this system")


def notebook(*sources: str) -> nbformat.NotebookNode:
    cells = [nbformat.v4.new_code_cell(source, id=f"c{i}") for i, source in enumerate(sources)]
    return nbformat.v4.new_notebook(cells=cells)


@pytest.fixture
def run(tmp_path):
    """Runs a notebook of these cells as a submission's, in a folder of its own."""
    work = tmp_path / "work"
    (work / "notebooks").mkdir(parents=True)

    def run(*sources: str, ours=None, **limits):
        submitted = notebook(*sources)
        place = Place(work, work / "build", (), tmp_path / "kept")
        return run_again(NAME, submitted, ours or submitted, {}, place, replace(LIMITS, **limits))

    run.kept = tmp_path / "kept"
    run.work = work
    return run


def test_what_a_notebook_finds_comes_out(run):
    ran = run(
        "import pandas as pd\nfrom wastelib import displays",
        "displays.table(pd.DataFrame({'a': [1]}), name='numbers', caption='c')",
        "displays.say('The answer is **42**.')",
    )
    assert ran.execution.ended == "done", ran.problems
    assert [(t.name, t.rows) for t in ran.rerun.tables] == [("numbers", [["1"]])]
    assert ran.rerun.answer == "The answer is 42."
    assert (run.kept / f"{NAME}.ipynb").exists()


def test_a_cell_that_hangs_is_ended(run):
    ran = run("1", "while True: pass", seconds=30, cpu_seconds=1000)
    assert ran.execution.ended == "stopped"
    assert "more time" in ran.problems[0].what


def test_a_cell_that_eats_memory_is_ended(run):
    ran = run(
        "kept = []",
        "while True:\n    kept.append(b'x' * 20_000_000)",
    )
    assert ran.execution.ended in ("stopped", "failed")
    assert "memory" in ran.problems[0].what.lower()


def test_a_cell_that_prints_without_end_is_ended(run):
    ran = run("1", "while True: print('x' * 1000)")
    assert ran.execution.ended == "stopped"
    assert "showed more than 1 MB" in ran.problems[0].what
    assert "code cell 2: while True" in ran.problems[0].what


def test_a_cell_that_fills_the_disk_is_ended(run):
    source = (
        "i = 0\nwhile True:\n    i += 1\n"
        "    with open(f'{i}.bin', 'wb') as f:\n        f.write(bytes(10_000_000))"
    )
    assert run(source).execution.ended == "stopped"


def test_a_cell_that_forks_without_end_is_ended_with_all_its_children(run):
    source = "import os, time\nfor _ in range(500):\n    os.fork() or time.sleep(1000)"
    ran = run(source)
    assert ran.execution.ended == "stopped"
    assert "processes" in ran.problems[0].what


@only_here
def test_what_a_cell_starts_does_not_outlive_the_notebook(run, tmp_path):
    marker = run.work / "alive"
    daemon = f"while True: open({str(marker)!r}, 'a').write('x'); time.sleep(0.1)"
    source = (
        "import subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, '-c', {'import time' + chr(10) + daemon!r}],"
        " start_new_session=True)\ntime.sleep(2)"
    )
    assert run(source).execution.ended == "done"
    size = marker.stat().st_size
    threading.Event().wait(1)
    assert marker.stat().st_size == size > 0


@needs_landlock
@pytest.mark.parametrize("how", ["write", "append", "link", "remove"])
def test_nothing_outside_its_folder_changes(run, tmp_path, how):
    outside = tmp_path / "outside.txt"
    outside.write_text("before", "utf-8")
    source = {
        "write": f"open({str(outside)!r}, 'w')",
        "append": f"open({str(outside)!r}, 'a').write('x')",
        "link": f"import os; os.link({str(outside)!r}, 'mine'); open('mine', 'w').write('x')",
        "remove": f"import os; os.remove({str(outside)!r})",
    }[how]
    ran = run(source)
    assert outside.read_text("utf-8") == "before"
    assert (ran.execution.ended, ran.problems[0].kind) == ("failed", "outside")


@needs_landlock
def test_nothing_outside_can_be_read_but_libraries(run, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("secret", "utf-8")
    ran = run(f"print(open({str(secret)!r}).read())")
    assert ran.problems[0].kind == "outside"
    assert "secret\n" not in (run.kept / f"{NAME}.ipynb").read_text("utf-8")


def test_no_connection_leaves_it(run):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ran = run(f"import socket; socket.create_connection(('127.0.0.1', {port}), timeout=5)")
    assert ran.execution.ended == "failed"


@only_here
def test_no_packet_leaves_it(run):
    ran = run("import socket; socket.socket(type=socket.SOCK_DGRAM).connect(('192.0.2.1', 53))")
    assert (ran.execution.ended, ran.problems[0].kind) == ("failed", "outside")


def test_a_process_that_dies_is_named(run):
    ran = run("import os; os._exit(3)")
    assert ran.execution.ended == "failed"
    assert "code cell 1" in ran.problems[0].what


@pytest.mark.parametrize("place", ["result.json", "executed"])
def test_a_link_in_place_of_the_result_is_not_followed(run, place, tmp_path):
    # The sandbox's own folder is where HOME lies; its process may write there.
    source = (
        "import os, pathlib, threading, time, shutil, subprocess, sys\n"
        f"there = pathlib.Path(os.environ['HOME']).parent / {place!r}\n"
        "shutil.rmtree(there, ignore_errors=True)\nos.symlink('/etc', there)"
    )
    ran = run(source)
    assert ran.rerun is None or ran.rerun.failure is None
    assert not list(Path("/etc").glob(f"{NAME}*"))


def test_changed_check_cells_are_put_back_and_may_fail(run):
    ours = notebook("x = 1", "assert x == 2, 'x is not 2'", "y = 3")
    ours.cells[1].metadata["nbgrader"] = {"grade": True, "locked": True}
    ran = run("x = 1", "assert True", "y = 3", ours=ours)
    assert ran.execution.ended == "done"
    assert [(e.outcome, e.says) for e in ran.exercises] == [("failed", "x is not 2")]
    assert [p.kind for p in ran.problems] == ["check restored"]
