"""What this machine lacks, and the remedy. Needs nothing but Python, so it can judge a bare one."""

import contextlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wastelib.files import cache_folder

ROOT = Path(__file__).parent.parent
BUILDS = ROOT / "report" / "build"
LOCK = ROOT / "requirements.lock"

MEMORY_BYTES = 4e9  # the peak for 4752 images at 256 px
BUILD_BYTES = 2e9  # models, decoded images and features of a larger build
CACHE_BYTES = 3e9  # the RealWaste zip, its 4752 photographs and their decoded copies
IMPORT_SECONDS = 120

REMAKE = "remove .venv, then run `make report` or `make test`: it is made again from the lock"

# Libraries that wheels expect of the system, and Debian's packages that have them.
DEBIAN_PACKAGES = {
    "libGL.so": "libgl1",
    "libgthread": "libglib2.0-0",
    "libgomp": "libgomp1",
    "libstdc++": "libstdc++6",
}

TINY_PDF = """
import pypandoc, typst
source = pypandoc.convert_text("# Title", "typst", format="markdown")
print(typst.compile(source.encode())[:4])
"""


@dataclass(frozen=True)
class Check:
    """One finding. An optional one that fails costs a feature, or may in time."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""
    optional: bool = False

    def __str__(self) -> str:
        word = "ok" if self.ok else "warning" if self.optional else "NOT OK"
        line = f"{word:<8}{self.name}: {self.detail}"
        return line if self.ok else f"{line}\n{'':<8}  remedy: {self.remedy}"


def main() -> int:
    """Print every finding; return the exit status, 1 if something needed fails."""
    healthy = True
    for check in examine():
        print(check, flush=True)
        healthy &= check.ok or check.optional
    return 0 if healthy else 1


def examine() -> Iterator[Check]:
    """Make the checks one by one; what needs no packages comes first."""
    yield python_version()
    yield enough_memory()
    yield writable("report folder", BUILDS, BUILD_BYTES)
    yield command_found("make", purpose="sets up and starts everything", package="make")
    yield command_found("git", purpose="tells the report the code's version", package="git")
    yield command_found(
        "chromium",
        "chromium-browser",
        "google-chrome",
        purpose="opens the built page in a test",
        package="chromium",
    )
    if importlib.util.find_spec("pooch") is None:
        yield Check("packages", False, "not installed for this Python", REMAKE)
        return  # what follows would only say so again
    yield writable("cache folder", cache_folder(), CACHE_BYTES, hint=", or set WASTELIB_CACHE")
    yield versions_match_lock()
    yield library_imports("OpenCV", "cv2")
    yield processor_fits()
    yield library_imports("wastelib, as the notebooks find it", "wastelib")
    yield pdf_can_be_made()


def python_version() -> Check:
    """The lock has packages for Python 3.11 to 3.13."""
    version = ".".join(map(str, sys.version_info[:3]))
    return Check(
        "Python",
        (3, 11) <= sys.version_info < (3, 14),
        f"{version} at {sys.executable}",
        "install Python 3.11, 3.12 or 3.13 and name it: make report PYTHON=/path/to/python3.12",
    )


def versions_match_lock(lock: Path = LOCK) -> Check:
    """Every package that `lock` asks for here is installed in exactly its version."""
    from packaging.requirements import Requirement

    pins = [
        Requirement(line.rstrip(" \\\n"))
        for line in lock.read_text("utf-8").splitlines()
        if re.match(r"[A-Za-z0-9]", line)
    ]
    wanted = [pin for pin in pins if pin.marker is None or pin.marker.evaluate()]
    wrong = [
        f"{pin.name} is {installed or 'missing'}, not {str(pin.specifier).lstrip('=')}"
        for pin in wanted
        if (installed := _installed(pin.name)) is None or installed not in pin.specifier
    ]
    detail = f"{len(wanted)} as in {lock.name}"
    if wrong:
        detail = f"{len(wrong)} of {len(wanted)} differ from {lock.name}: {'; '.join(wrong[:3])}"
    return Check("packages", not wrong, detail, REMAKE)


def _installed(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def library_imports(name: str, module: str) -> Check:
    """A module imports: in another process, since an unfit processor kills the importing one."""
    code = f"import {module}; print({module}.__version__)"
    status, output = _run([sys.executable, "-P", "-c", code], IMPORT_SECONDS)  # not from here
    last = _last_line(output)
    if status == 0:
        return Check(name, True, last)
    if status < 0:
        return Check(
            name,
            False,
            f"the import was ended by signal {-status}",
            "the wheel asks for processor instructions (AVX) that this machine, or the virtual "
            "machine it is, does not have; use another one",
        )
    packages = [package for library, package in DEBIAN_PACKAGES.items() if library in last]
    remedy = REMAKE
    if packages:
        remedy = f"on Debian and Ubuntu: apt-get install {' '.join(packages)}"
    return Check(name, False, last or "the import failed", remedy)


def processor_fits(facts: Path = Path("/proc/cpuinfo")) -> Check:
    """TensorFlow's wheels run on it: told by its flags, since importing them takes seconds."""
    text = facts.read_text("utf-8") if facts.exists() else ""
    flags = re.search(r"^flags\s*:(.*)$", text, re.MULTILINE)
    if flags is None:  # ARM, or no Linux: the wheels for these ask for nothing special
        return Check("processor", True, "TensorFlow asks nothing special of this kind")
    has_avx = "avx" in flags[1].split()
    return Check(
        "processor",
        has_avx,
        f"{'has' if has_avx else 'lacks'} AVX, which TensorFlow's wheel asks for",
        "use another machine, or set up the virtual machine to pass the processor's flags on",
    )


def pdf_can_be_made() -> Check:
    """Pandoc and Typst, both from wheels, make a tiny PDF."""
    status, output = _run([sys.executable, "-c", TINY_PDF], IMPORT_SECONDS)
    if status == 0 and "%PDF" in output:
        return Check("PDF", True, "pandoc and Typst work")
    return Check("PDF", False, _last_line(output) or f"exit status {status}", REMAKE)


def enough_memory() -> Check:
    """Memory that programs can still have, against the largest dataset's need."""
    free = available_memory()
    return Check(
        "memory",
        free >= MEMORY_BYTES,
        f"{free / 1e9:.1f} GB available, {MEMORY_BYTES / 1e9:.0f} GB are enough for any profile",
        "close other programs, or choose a smaller image_size in the profile",
        optional=True,
    )


def available_memory() -> float:
    """Bytes that a new program can have: of the machine, or of the container if that is less."""
    figures = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    with contextlib.suppress(OSError, ValueError):  # Linux
        text = Path("/proc/meminfo").read_text("ascii")
        figures += [
            int(kilobytes) * 1024 for kilobytes in re.findall(r"MemAvailable: *(\d+)", text)
        ]
    with contextlib.suppress(OSError, ValueError):  # a container; "max" is no number
        figures.append(int(Path("/sys/fs/cgroup/memory.max").read_text("ascii")))
    return min(figures)


def writable(name: str, folder: Path, needed_bytes: float, *, hint: str = "") -> Check:
    """A file can be written in `folder`, which is made if missing, and its disk has room."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            free = shutil.disk_usage(folder).free
    except OSError as error:
        remedy = f"give yourself the right to write there{hint}"
        return Check(name, False, f"cannot write in {folder}: {error.strerror}", remedy)
    return Check(
        name,
        free >= needed_bytes,
        f"{folder} has {free / 1e9:.1f} GB free, up to {needed_bytes / 1e9:.0f} GB are used",
        f"free some space on that disk{hint}",
        optional=True,
    )


def command_found(*names: str, purpose: str, package: str) -> Check:
    """A command is on the PATH under one of its names."""
    found = next(filter(None, map(shutil.which, names)), None)
    detail = f"{found or 'not found'}; it {purpose}"
    remedy = f"install it; on Debian and Ubuntu: apt-get install {package}"
    return Check(names[0], found is not None, detail, remedy, optional=True)


def _last_line(output: str) -> str:
    return output.strip().splitlines()[-1] if output.strip() else ""


def _run(command: list[str], seconds: float) -> tuple[int, str]:
    """Exit status (negative: the signal that ended it) and everything the command printed."""
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    try:
        done = subprocess.run(  # noqa: S603 -- this Python, with code from this module
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=seconds,
            env=quiet,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return 1, f"no answer within {seconds} seconds"
    return done.returncode, done.stdout


if __name__ == "__main__":
    sys.exit(main())
