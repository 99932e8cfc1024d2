"""A `make report` that is killed again and again ends with the runs it would have made."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest

KILLS = 9
ONLY = ("01_data_preparation", "02_custom_cnn")
# What `make report` does until page and PDF are written, which is tested elsewhere.
REPORT = """
import sys
from wastelib.report.execute import execute_notebooks
from wastelib.profiles import load_profile
build, *only = sys.argv[1:]
execute_notebooks(load_profile("smoke", build_folder=build), build, only=only)
"""
VICTIMS = {"kernel": "ipykernel_launcher", "worker": "wastelib.training.worker"}


def test_reports_killed_at_random_moments_end_with_the_same_predictions(smoke_build, tmp_path):
    moments = random.Random(9)
    command = [sys.executable, "-c", REPORT, str(tmp_path), *ONLY]
    for number in range(KILLS):
        report = psutil.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        victim = report
        if number % 3:
            victim = member_of(report, list(VICTIMS)[number % 3 - 1])
        time.sleep(moments.uniform(0, 4))
        family = [report, *report.children(recursive=True)]
        victim.kill()
        # Whichever it was, the others end too: nobody trains on unseen.
        assert not psutil.wait_procs(family, timeout=60)[1]
    assert subprocess.run(command, check=False).returncode == 0
    finished = sorted(path.parent.name for path in (tmp_path / "runs").glob("*/manifest.json"))
    assert finished
    for run in finished:
        for table in ("history.csv", "predictions.parquet"):
            pd.testing.assert_frame_equal(
                read(tmp_path / "runs" / run / table),
                read(smoke_build / "runs" / run / table),
                check_exact=True,
            )


def member_of(report: psutil.Popen, part: str) -> psutil.Process:
    """The process of the report that does this part, as soon as there is one."""
    while report.is_running() and report.status() != psutil.STATUS_ZOMBIE:
        for process in report.children(recursive=True):
            try:
                if VICTIMS[part] in " ".join(process.cmdline()):
                    return process
            except psutil.NoSuchProcess:
                continue
        time.sleep(0.05)
    return pytest.fail(f"the report ended before its {part} was killed")


def read(file: Path) -> pd.DataFrame:
    """A run's table, without what the clock has a part in."""
    if file.suffix == ".csv":
        return pd.read_csv(file).drop(columns="seconds")
    return pd.read_parquet(file)
