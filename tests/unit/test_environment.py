"""pyproject.toml, requirements.lock and environment.yml ask for the same packages.

`python tests/unit/test_environment.py` prints what environment.yml has to be; `make lock`
writes it.
"""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from wastelib.doctor import DEBIAN_PACKAGES

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PINS = [Requirement(line.rstrip(" \\")) for line in LOCK.splitlines() if re.match(r"\w", line)]
DIRECT = [Requirement(text) for text in PROJECT["dependencies"]]
GROUPS = PROJECT["optional-dependencies"]
OPTIONAL = [Requirement(text) for group in GROUPS.values() for text in group]
CONDA_PYTHON = {"python_version": "3.11", "python_full_version": "3.11.9"}


def locked_version(name: str) -> str:
    """The version that the lock has of a package for conda's Python."""
    [pin] = [
        pin
        for pin in PINS
        if canonicalize_name(pin.name) == canonicalize_name(name)
        and (pin.marker is None or pin.marker.evaluate(CONDA_PYTHON))
    ]
    return str(pin.specifier).removeprefix("==")


def environment() -> str:
    """The text of environment.yml."""
    wanted = [*DIRECT, *map(Requirement, GROUPS["export"] + GROUPS["explore"])]
    pins = [f"{requirement.name}=={locked_version(requirement.name)}" for requirement in wanted]
    lines = [
        "# For conda and Binder: the versions of requirements.lock. `make lock` writes this file.",
        "name: wastelib",
        "channels: [conda-forge]",
        "dependencies:",
        f"  - python={CONDA_PYTHON['python_version']}",
        "  - pip",
        "  - pip:",
        *(f"      - {pin}" for pin in pins),
        "      - -e .",
    ]
    return "\n".join(lines) + "\n"


def test_environment_has_the_versions_of_the_lock():
    text = (ROOT / "environment.yml").read_text("utf-8")
    assert text == environment(), "run `make lock`"
    assert yaml.safe_load(text)["dependencies"][-1]["pip"][-1] == "-e ."


@pytest.mark.parametrize("wanted", [*DIRECT, *OPTIONAL], ids=lambda r: r.name)
def test_the_lock_has_what_the_project_asks_for(wanted):
    assert locked_version(wanted.name) in wanted.specifier, "run `make lock`"


def test_every_pin_is_exact_and_has_a_hash():
    blocks = re.split(r"\n(?=\w)", LOCK)[1:]
    assert len(blocks) == len(PINS) > 100
    for block in blocks:
        assert re.match(r"[\w.\[\]-]+==[^\s*]+ ", block), block[:80]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", block), block[:80]


def test_the_lock_names_no_index_and_no_host():
    kinds = {line.strip().split("=")[0] for line in LOCK.splitlines() if line.startswith(" ")}
    assert kinds == {"--hash"}
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links|--trusted-host", LOCK)


def test_the_makefile_compiles_the_lock_as_its_head_says():
    head = next(line for line in LOCK.splitlines() if "uv pip compile" in line)
    recipe = (ROOT / "Makefile").read_text("utf-8").replace("\\\n", " ")
    command = next(line for line in recipe.splitlines() if "uv pip compile" in line)
    options = re.findall(r"-[-\w]+(?:[ =][\w.]+)?", head.split("compile")[1])
    assert len(options) > 5
    for option in options:
        assert option in re.sub(r"\s+", " ", command)


def test_binder_and_docker_install_the_libraries_that_the_doctor_asks_for():
    assert sorted((ROOT / "apt.txt").read_text("utf-8").split()) == sorted(DEBIAN_PACKAGES.values())
    assert "$(cat /tmp/apt.txt)" in (ROOT / ".ci" / "Dockerfile").read_text("utf-8")


def test_docker_sets_up_with_the_files_that_it_has_copied_by_then():
    """Were one missing, `make setup` would fail there, or make everything again later."""
    steps = (ROOT / ".ci" / "Dockerfile").read_text("utf-8").split("RUN make setup")[0]
    lines = re.findall(r"COPY --chown=student (.+)", steps)
    copied = {name for line in lines for name in line.split()}
    read = {"Makefile", "pyproject.toml", "requirements.lock", PROJECT["readme"]}
    assert read <= copied


if __name__ == "__main__":
    print(environment(), end="")
