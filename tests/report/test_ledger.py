"""A notebook is not run again for nothing, and never kept when it should be run."""

import contextlib
import json
import re
import shutil
import types
from pathlib import Path

import pytest

from wastelib.profiles import Profile
from wastelib.report import execute, ledger, workers
from wastelib.report.execute import execute_notebooks
from wastelib.report.ledger import Entry
from wastelib.report.notebook import CellSeconds
from wastelib.report.results import NotebookSeconds, TrainingSeconds
from wastelib.settings import NOTEBOOKS, READS

DATA, CNN, RATES, PRETRAINED, COMPARISON, LEAK, TRUST, QUESTIONS, *_, FRONT = NOTEBOOKS
MATERIALS = {
    DATA: {"photographs": "p1"},
    PRETRAINED: {"weights": "w1"},
    LEAK: {"weights": "w1"},
    QUESTIONS: {"weights": "w1"},
}


class Course:
    """All notebooks without their kernels: each only leaves files, as the real ones do."""

    def __init__(self, root: Path):
        self.root, self.build, self.folder = root, root / "build", root / "notebooks"
        self.ran: list[str] = []
        self.left: dict[str, str] = dict.fromkeys(NOTEBOOKS, "first")
        self.materials = MATERIALS
        self.values: dict[str, dict] = {}
        shutil.copytree(execute.NOTEBOOKS, self.folder, ignore=shutil.ignore_patterns(".*"))

    def run_notebook(self, notebook, copies, kernel, progress, stopped) -> CellSeconds:
        """Stands in for the real one."""
        name = notebook.name
        self.ran.append(name)
        self.write(f"notebooks/{name}.ipynb", "executed")
        if name == DATA:
            self.write("dataset/dataset.json", self.left[name])
            self.write("dataset/catalogue.parquet", self.left[name])
        elif name not in (COMPARISON, TRUST):
            if not (self.build / "runs" / name).exists():
                self.write(f"runs/{name}/history.csv", self.left[name])
                self.write(f"runs/{name}/model.keras", self.left[name])
            declared = {"models": [{"name": name, "run": name}]}
            self.write(f"declared/{name}.json", json.dumps(declared))
        return CellSeconds(0, 0)

    def write(self, path: str, text: str) -> None:
        (self.build / path).parent.mkdir(parents=True, exist_ok=True)
        (self.build / path).write_text(text)

    def again(self) -> list[str]:
        """Build, and say which notebooks were run."""
        self.ran = []
        values = {n: model(**self.values.get(n, {})) for n, model in NOTEBOOKS.items()}
        profile = Profile(name="test", title="Test", notebooks=values)
        execute_notebooks(profile, self.build, materials=self.materials, folder=self.folder)
        return self.ran


@pytest.fixture
def course(tmp_path, monkeypatch) -> Course:
    """A course that was built once."""
    course = Course(tmp_path)
    monkeypatch.setattr(execute, "run_notebook", course.run_notebook)
    monkeypatch.setattr(workers, "running_kernel", lambda *_, **__: contextlib.nullcontext())
    monkeypatch.setattr(ledger, "trainings_of", lambda *_: [])
    assert course.again() == list(NOTEBOOKS)
    return course


def test_nothing_is_run_again_when_nothing_has_changed(course):
    assert course.again() == []
    entries = [ledger.read_entry(course.build, name) for name in NOTEBOOKS]
    assert all(entry.seconds.kept for entry in entries)


def test_another_date_is_no_change(course):
    for path in course.build.rglob("*"):
        path.touch()
    assert course.again() == []


def test_changed_photographs_are_catalogued_again(course):
    course.materials = MATERIALS | {DATA: {"photographs": "p2"}}
    course.left[DATA] = "other"
    assert course.again() == list(NOTEBOOKS)


def test_a_catalogue_of_other_photographs_is_not_there_to_be_trusted(course, monkeypatch):
    course.materials = MATERIALS | {DATA: {"photographs": "p2"}}
    seen = []
    run = course.run_notebook

    def look_first(notebook, *others):
        seen.append((course.build / "dataset" / "dataset.json").exists())
        return run(notebook, *others)

    monkeypatch.setattr(execute, "run_notebook", look_first)
    assert course.again() == [DATA]  # it found the same, so that nothing follows from it
    assert seen == [False]


def test_other_photographs_to_test_on_concern_the_notebook_that_does(course):
    catalogues = [course.build / part / "dataset" / "dataset.json" for part in ("", "other")]
    course.write("other/dataset/dataset.json", "catalogued")
    course.materials = MATERIALS | {FRONT: {"other_photographs": "p2"}}
    assert course.again() == [FRONT]
    assert [path.exists() for path in catalogues] == [True, False]


def test_changed_weights_concern_the_notebook_that_reads_them(course):
    course.materials = MATERIALS | {PRETRAINED: {"weights": "w2"}}
    assert course.again() == [PRETRAINED]


def test_a_changed_parameter_concerns_its_notebook(course):
    course.values = {CNN: {"epochs": 21}}
    assert course.again() == [CNN]


def test_a_changed_cell_concerns_its_notebook(course):
    path = course.folder / f"{RATES}.ipynb"
    path.write_text(path.read_text("utf-8").replace("import keras", "import  keras"), "utf-8")
    assert course.again() == [RATES]


def test_what_reads_a_notebook_follows_when_that_left_something_else(course):
    course.values = {CNN: {"epochs": 21}}
    course.write(f"runs/{CNN}/history.csv", "touched")
    course.left[CNN] = "other"
    assert course.again() == [CNN, COMPARISON, TRUST, FRONT]


def test_changed_code_concerns_all_of_them(course, monkeypatch):
    monkeypatch.setattr(ledger, "common_inputs", lambda: {"code": "other"})
    assert course.again() == list(NOTEBOOKS)


def test_the_code_of_the_library_is_part_of_what_a_step_depends_on(tmp_path, monkeypatch):
    library = tmp_path / "wastelib"
    (library / "report").mkdir(parents=True)
    (library / "data.py").write_text("x = 1")
    monkeypatch.setattr(ledger, "__file__", str(library / "report" / "ledger.py"))
    before = ledger.common_inputs()
    assert ledger.common_inputs() == before
    (library / "data.py").write_text("x = 2")
    after = ledger.common_inputs()
    assert {key for key in before if before[key] != after[key]} == {"code"}


@pytest.mark.parametrize("spoil", ["remove", "change"])
@pytest.mark.parametrize(
    ("path", "notebook"),
    [
        (f"notebooks/{COMPARISON}.ipynb", COMPARISON),
        (f"declared/{RATES}.json", RATES),
        ("dataset/catalogue.parquet", DATA),
        (f"runs/{CNN}/history.csv", CNN),
        (f"ledger/{PRETRAINED}.json", PRETRAINED),
    ],
)
def test_whatever_is_gone_or_touched_is_made_again(course, path, notebook, spoil):
    whole = (course.build / path).read_text()
    if spoil == "remove":
        (course.build / path).unlink()
    else:
        (course.build / path).write_text("touched")
    assert course.again() == [notebook]
    assert (course.build / path).read_text() == whole
    assert course.again() == []


def test_a_removed_run_is_trained_again(course):
    shutil.rmtree(course.build / "runs" / CNN)
    assert course.again() == [CNN]
    assert (course.build / "runs" / CNN / "model.keras").exists()


def test_a_run_trained_anew_survives_a_build_that_is_killed_later(course, monkeypatch):
    """The ledger still speaks of the run before; that must not take the new one away."""
    shutil.rmtree(course.build / "runs" / CNN)
    course.left[CNN] = "trained anew"
    run = course.run_notebook

    def killed_at_the_end(notebook, *others):
        run(notebook, *others)
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(execute, "run_notebook", killed_at_the_end)
        with pytest.raises(RuntimeError, match="killed"):
            course.again()
    course.left[CNN] = "trained once more"
    course.again()
    assert (course.build / "runs" / CNN / "history.csv").read_text() == "trained anew"


def roles(source: str, function: str) -> set[str]:
    """The roles that a notebook's JSON names in its calls of `declare` or of `declared`."""
    calls = re.findall(rf"\b{function}\((.*?)\)", source.replace('\\"', "'"), re.DOTALL)
    pattern = r"'(\w+)':" if function == "declare" else r", '(\w+)'"
    return {role for call in calls for role in re.findall(pattern, call)}


def test_notebooks_read_from_earlier_ones_only_and_from_all_that_they_open():
    assert list(READS) == list(NOTEBOOKS)
    sources = {n: (execute.NOTEBOOKS / f"{n}.ipynb").read_text("utf-8") for n in NOTEBOOKS}
    names = list(NOTEBOOKS)
    assert roles(sources[RATES], "declare") == {"learning_rates", "chosen"}
    assert roles(sources[TRUST], "declared") == {"models"}
    for name, source in sources.items():
        assert set(READS[name]) <= set(names[: names.index(name)])
        if "open_dataset(" in source:
            assert DATA in READS[name]
        for other in names[: names.index(name)]:
            if roles(source, "declared") & roles(sources[other], "declare"):
                assert other in READS[name]


def test_trainings_are_listed_once_and_in_the_notebooks_order(tmp_path, monkeypatch):
    manifest = {"train_seconds": 12.34, "feature_seconds": 1.0}
    run = types.SimpleNamespace(history=[1, 2, 3], manifest=manifest)
    monkeypatch.setattr("wastelib.training.run.open_run", lambda folder: run)
    roles = {
        "learning_rates": [{"name": "Adam 0.1", "run": "b"}, {"name": "SGD", "run": "a"}],
        "chosen": [{"name": "best", "run": "a"}],
    }
    (tmp_path / "declared").mkdir()
    (tmp_path / "declared" / f"{RATES}.json").write_text(json.dumps(roles))
    found = ledger.trainings_of(RATES, tmp_path, trained={"a"})
    assert [(t.name, t.trained_here) for t in found] == [("Adam 0.1", False), ("SGD", True)]
    assert (found[0].epochs, found[0].seconds, found[0].feature_seconds) == (3, 12.3, 1.0)


def training(run: str, seconds: float, here: bool = True) -> TrainingSeconds:
    return TrainingSeconds(
        name=run, run=run, epochs=1, seconds=seconds, feature_seconds=0, trained_here=here
    )


@pytest.mark.parametrize(
    ("there", "trained_here", "changed", "expected"),
    [
        (["a", "b"], True, {}, 10.0),  # nothing to train
        (["a"], True, {}, 10.0 + 0.25 * 80.0),  # the share of b
        ([], True, {}, 90.0),
        ([], False, {}, None),  # it did not train them itself
        (["a", "b"], False, {}, 10.0),
        ([], True, {"parameters": "other"}, None),
        ([], True, {"code": "other"}, 90.0),
    ],
)
def test_a_notebook_is_expected_to_take_as_long_as_last_time(
    tmp_path, there, trained_here, changed, expected
):
    inputs = {"parameters": "1", "code": "1"}
    seconds = NotebookSeconds(
        notebook=CNN,
        setup_seconds=4.0,
        training_seconds=80.0,
        other_seconds=6.0,
        trainings=[training("a", 30.0, trained_here), training("b", 10.0, trained_here)],
    )
    ledger.write_entry(tmp_path, CNN, Entry(inputs=inputs, outputs={}, seconds=seconds))
    for run in there:
        (tmp_path / "runs" / run).mkdir(parents=True)
    assert ledger.expected_seconds(CNN, tmp_path, inputs | changed) == expected


def test_nothing_is_expected_of_a_notebook_that_never_ran(tmp_path):
    assert ledger.expected_seconds(CNN, tmp_path, {}) is None


@pytest.mark.parametrize("path", ["runs/../../elsewhere/file", "/elsewhere/file", "../file"])
def test_a_ledger_from_somebody_else_reaches_no_file_outside_the_build(tmp_path, path):
    entry = {"inputs": {}, "outputs": {path: "0"}, "seconds": None}
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger" / f"{CNN}.json").write_text(json.dumps(entry))
    assert ledger.read_entry(tmp_path, CNN) is None
