"""The doctor names what is missing or wrong, and the remedy, and its exit status says so."""

import importlib.metadata
import os
import sys

import pytest

from wastelib import doctor
from wastelib.doctor import Check


@pytest.fixture
def sick_module(tmp_path, monkeypatch):
    """Put a module that cannot be imported where the doctor's subprocess finds it."""

    def write(code: str) -> str:
        (tmp_path / "sick.py").write_text(code)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        return "sick"

    return write


def installed_version(name: str) -> str:
    return importlib.metadata.version(name)


def test_a_machine_without_faults_is_healthy():
    found = {check.name: check for check in (doctor.python_version(), doctor.versions_match_lock())}
    assert found["Python"].ok
    assert found["packages"].ok, found["packages"].detail


def test_another_version_than_the_locks_is_named(tmp_path):
    lock = tmp_path / "requirements.lock"
    lock.write_text(
        "# a comment\n"
        f"numpy=={installed_version('numpy')} \\\n    --hash=sha256:00 \\\n    --hash=sha256:01\n"
        "pytest==0.1 \\\n    --hash=sha256:00\n"
        "no-such-package==1.0 ; python_version >= '3' \\\n    --hash=sha256:00\n"
        "for-others-only==1.0 ; sys_platform == 'no-such-system' \\\n    --hash=sha256:00\n"
    )
    check = doctor.versions_match_lock(lock)
    assert not check.ok
    assert check.detail.startswith("2 of 3 differ")
    assert f"pytest is {installed_version('pytest')}, not 0.1" in check.detail
    assert "no-such-package is missing, not 1.0" in check.detail
    assert ".venv" in check.remedy


def test_a_library_of_the_system_that_is_missing_has_its_debian_package_named(sick_module):
    message = "libGL.so.1: cannot open shared object file: No such file or directory"
    check = doctor.library_imports("OpenCV", sick_module(f"raise ImportError({message!r})"))
    assert not check.ok
    assert "libGL.so.1" in check.detail
    assert "apt-get install libgl1" in check.remedy


def test_an_import_that_kills_the_process_is_survived(sick_module):
    module = sick_module("import os, signal\nos.kill(os.getpid(), signal.SIGILL)")
    check = doctor.library_imports("OpenCV", module)
    assert not check.ok
    assert "signal 4" in check.detail
    assert "AVX" in check.remedy


@pytest.mark.parametrize(("flags", "fits"), [("fpu sse avx avx2", True), ("fpu sse avx2", False)])
def test_a_processor_without_avx_is_told_before_tensorflow_kills_a_process(tmp_path, flags, fits):
    facts = tmp_path / "cpuinfo"
    facts.write_text(f"model name\t: old\nflags\t\t: {flags}\nbugs\t\t: none\n")
    check = doctor.processor_fits(facts)
    assert check.ok is fits
    assert "AVX" in check.detail


def test_a_processor_that_lists_no_flags_is_not_refused(tmp_path):
    assert doctor.processor_fits(tmp_path / "no such file").ok


def test_the_doctor_never_loads_tensorflow(monkeypatch):
    asked = []
    monkeypatch.setattr(doctor, "_run", lambda command, _: asked.append(command[-1]) or (0, "%PDF"))
    list(doctor.examine())
    assert asked
    assert not any("tensorflow" in code for code in asked)


def test_an_import_that_never_ends_is_given_up(sick_module, monkeypatch):
    monkeypatch.setattr(doctor, "IMPORT_SECONDS", 0.5)
    check = doctor.library_imports("OpenCV", sick_module("import time\ntime.sleep(60)"))
    assert not check.ok
    assert "0.5 seconds" in check.detail


def test_a_missing_package_is_told(sick_module):
    check = doctor.library_imports("OpenCV", "no_such_module")
    assert not check.ok
    assert "No module named 'no_such_module'" in check.detail
    assert ".venv" in check.remedy


def test_pdf_tools_are_really_run(monkeypatch):
    assert doctor.pdf_can_be_made().ok
    monkeypatch.setattr(doctor, "TINY_PDF", "raise OSError('No pandoc was found')")
    check = doctor.pdf_can_be_made()
    assert not check.ok
    assert "No pandoc was found" in check.detail


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "cache"  # below a file: not even root can make it
    check = doctor.writable("cache folder", folder, 1, hint=", or set WASTELIB_CACHE")
    assert not check.ok
    assert not check.optional
    assert str(folder) in check.detail
    assert "WASTELIB_CACHE" in check.remedy


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_named(tmp_path):
    tmp_path.chmod(0o500)
    check = doctor.writable("report folder", tmp_path, 1)
    tmp_path.chmod(0o700)
    assert not check.ok
    assert "Permission denied" in check.detail


def test_a_writable_folder_is_left_as_it_was(tmp_path):
    assert doctor.writable("report folder", tmp_path, 1).ok
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_a_warning(tmp_path):
    check = doctor.writable("report folder", tmp_path, 1e18)
    assert not check.ok
    assert check.optional
    assert str(check).startswith("warning")


def test_too_little_memory_is_a_warning(monkeypatch):
    assert doctor.available_memory() > 1e6
    monkeypatch.setattr(doctor, "available_memory", lambda: 1.5e9)
    check = doctor.enough_memory()
    assert not check.ok
    assert check.optional
    assert "1.5 GB available" in check.detail


def test_a_missing_browser_is_a_warning_with_its_package(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    found = {check.name: check for check in early_findings(monkeypatch)}
    assert not found["chromium"].ok
    assert found["chromium"].optional
    assert "apt-get install chromium" in found["chromium"].remedy


def early_findings(monkeypatch) -> list[Check]:
    """What the doctor finds on a Python without packages."""
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: None)
    return list(doctor.examine())


def test_a_python_without_packages_is_told_once(monkeypatch):
    last = early_findings(monkeypatch)[-1]
    assert (last.name, last.ok) == ("packages", False)
    assert "make report" in last.remedy


@pytest.mark.parametrize(
    ("checks", "status"),
    [
        ([Check("a", True, "fine")], 0),
        ([Check("a", False, "slow", "wait", optional=True), Check("b", True, "fine")], 0),
        ([Check("a", False, "broken", "mend it"), Check("b", True, "fine")], 1),
    ],
)
def test_the_exit_status_is_1_if_something_needed_fails(monkeypatch, capsys, checks, status):
    monkeypatch.setattr(doctor, "examine", lambda: iter(checks))
    assert doctor.main() == status
    out = capsys.readouterr().out
    assert all(check.name in out for check in checks)
    assert all(check.remedy in out for check in checks if not check.ok)


def test_it_needs_nothing_but_python():
    """`make doctor` runs it before, or after a failed, set-up."""
    status, output = doctor._run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"import sys; sys.path.insert(0, {str(doctor.ROOT)!r})\n"
            "import wastelib.doctor as d; print(d.python_version().ok)",
        ],
        30,
    )
    assert (status, output.strip()) == (0, "True")
