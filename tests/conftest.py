"""What tests in several folders need: a small dataset, and one real build of the smoke profile."""

import ctypes
import gc
import sys
import threading
import weakref
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import settings

# The same examples each time, and no verdict by the clock: the machine may be busy.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")

# The tests of the smoke build. It takes minutes, so they all run in the process that makes it.
OF_THE_SMOKE_BUILD = (
    "tests/report/test_book.py",
    "tests/report/test_build.py",
    "tests/report/test_interaction.py",
    "tests/report/test_page.py",
    "tests/notebooks/",
    "tests/faults/test_killed_report.py",
)

COLOURS = {"Blue": (200, 60, 40), "Green": (50, 190, 60), "Red": (40, 50, 210)}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Each file's tests run in one process, and those of the smoke build in the same."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid):
            if nodeid.startswith(OF_THE_SMOKE_BUILD):
                return "smoke"
            return super()._split_scope(nodeid)

    return Scheduling(config, log)


@pytest.fixture(autouse=True, scope="module")
def forget_networks():
    """What one file's tests have trained in this process is no burden to the next.

    TensorFlow keeps the memory of networks, and a suite of many would need more than there is.
    """
    yield
    if "keras" in sys.modules:
        sys.modules["keras"].utils.clear_session()
        gc.collect()
        if sys.platform == "linux":  # what was freed goes back to the system
            ctypes.CDLL(None).malloc_trim(0)


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory) -> Path:
    """Three classes of twelve noisy images, easily told apart by their colour."""
    folder = tmp_path_factory.mktemp("small")
    rng = np.random.default_rng(0)
    for label, colour in COLOURS.items():
        (folder / label).mkdir()
        for number in range(1, 13):
            noise = rng.normal(0, 25, (24, 24, 3))
            pixels = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
            cv2.imwrite(str(folder / label / f"{label}_{number}.png"), pixels)
    return folder


@pytest.fixture
def prepare_small(small_folder, tmp_path):
    """Prepare the small dataset, or another folder, in a build folder of its own."""
    from small_trials import prepared_small

    def prepared(folder=small_folder, build=tmp_path / "build", **changes):
        return prepared_small(folder, build, **changes)

    return prepared


@pytest.fixture
def most_alive():
    """Wraps a function; `found` is how many arrays of its results were alive at most at once."""

    class MostAlive:
        alive = found = 0
        lock = threading.RLock()  # an array may go while another is counted

        def __call__(self, function, array_of=lambda result: result):
            def counted(*arguments):
                result = function(*arguments)
                with self.lock:
                    self.alive += 1
                    self.found = max(self.found, self.alive)
                weakref.finalize(array_of(result), self._gone)
                return result

            return counted

        def _gone(self):
            with self.lock:
                self.alive -= 1

    return MostAlive()


@pytest.fixture(scope="session")
def smoke_build(tmp_path_factory) -> Path:
    """The whole course, built once with the smoke profile."""
    from wastelib.report.build import build_report

    return build_report("smoke", builds=tmp_path_factory.mktemp("builds")).folder
