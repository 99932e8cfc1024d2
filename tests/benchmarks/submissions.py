"""More than thirty submissions made from this project: honest ones, every fault and cheat once.

`python -m tests.benchmarks.submissions make FOLDER` writes them; then grade the folder
(`wastelib grade FOLDER`), and `… check FOLDER GRADE.JSON` says which verdicts are not as they
should be. What is expected of each is in `expected.json` beside the folder.
"""

import argparse
import json
import re
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[2]
DATA, CNN, RATES = "01_data_preparation", "02_custom_cnn", "03_learning_rate_comparison"
TUNED, COMPARED, QUESTIONS = "04_pretrained_fine_tuning", "05_model_comparison", "08_open_questions"
HONEST = {"reproduced", "within noise"}
WRONG = {"not reproduced"}
GONE = {"missing", "not reproduced"}

FORGED = """\
import pandas, pathlib, shutil
for folder in list(pathlib.Path(build_folder, "runs").iterdir()):
    if folder.is_symlink() and (folder / "test_predictions.parquet").exists():
        source = folder.resolve()
        folder.unlink()
        shutil.copytree(source, folder)
        for name in ("predictions.parquet", "test_predictions.parquet"):
            table = pandas.read_parquet(folder / name)
            for column in [c for c in table if c.startswith("p_")]:
                table[column] = (table["label"] == column[2:]).astype("float32")
            table.to_parquet(folder / name, index=False)
"""


@dataclass
class Made:
    """One submission in the making: its notebooks, its record, and its folder."""

    folder: Path
    profile: str

    def __post_init__(self) -> None:
        (self.folder / "notebooks").mkdir(parents=True)
        for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
            shutil.copy(path, self.folder / "notebooks")

    @property
    def record_path(self) -> Path:
        return self.folder / "report" / "recorded" / self.profile / "results.json"

    def notebook(self, name: str) -> Path:
        return self.folder / "notebooks" / f"{name}.ipynb"

    def change(self, name: str, how: Callable) -> None:
        """Change a notebook's cells in place."""
        notebook = nbformat.read(self.notebook(name), as_version=4)
        how(notebook.cells)
        nbformat.write(notebook, self.notebook(name))

    def begin(self, name: str, source: str) -> None:
        """Put a code cell after the parameters."""
        cell = nbformat.v4.new_code_cell(source)
        self.change(name, lambda cells: cells.insert(3, cell))

    def record(self, how: Callable[[dict], object]) -> None:
        """Change the record in place."""
        content = json.loads(self.record_path.read_text("utf-8"))
        how(content)
        self.record_path.write_text(json.dumps(content, indent=1), "utf-8")


def _perfect(model: dict) -> None:
    """Scores of 100 %, with a confusion matrix that agrees."""
    table = model["confusion_matrix"]
    model["confusion_matrix"] = [
        [sum(row) if i == j else 0 for j in range(len(row))] for i, row in enumerate(table)
    ]
    model |= {"test_accuracy": 1.0, "test_macro_f1": 1.0, "test_loss": 0.01}


def _new_ids(made: Made) -> None:
    for path in made.folder.glob("notebooks/*.ipynb"):

        def renamed(cells) -> None:
            for number, cell in enumerate(cells):
                cell["id"] = f"id-{number}"

        made.change(path.stem, renamed)


def _zip(made: Made) -> None:
    shutil.make_archive(str(made.folder), "zip", made.folder.parent, made.folder.name)
    shutil.rmtree(made.folder)


def _hostile_zip(made: Made) -> None:
    _zip(made)
    with zipfile.ZipFile(made.folder.with_name(made.folder.name + ".zip"), "a") as archive:
        archive.writestr("../../escaped.txt", "x")
        archive.writestr("notebooks/<script>alert(1)</script>.ipynb", "{}")
        link = zipfile.ZipInfo("notebooks/passwd")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")


def _links(made: Made) -> None:
    path = made.notebook(CNN)
    path.unlink()
    path.symlink_to("/etc/passwd")


def _own_library(made: Made) -> None:
    (made.folder / "wastelib").mkdir()
    (made.folder / "wastelib" / "__init__.py").write_text("raise SystemExit\n")
    (made.folder / "notebooks" / "numpy.py").write_text("raise SystemExit\n")


def _hostile_names(made: Made) -> None:
    def how(record: dict) -> None:
        record["models"][0]["name"] = "</td><script>alert(1)</script>\u0000"
        record["dataset"]["images_per_class"]["<img src=x onerror=alert(1)>"] = 1

    made.record(how)


def _checks(made: Made) -> None:
    """Empty every check cell; a project without any is left as it is."""
    for path in sorted(made.folder.glob("notebooks/*.ipynb")):

        def emptied(cells) -> None:
            for cell in cells:
                if cell.metadata.get("nbgrader", {}).get("grade"):
                    cell.source = "pass"

        made.change(path.stem, emptied)


def _parameters(made: Made, name: str, **values: object) -> None:
    made.record(lambda record: record["environment"]["parameters"][name].update(values))


def _nudged(record: dict) -> None:
    """As if from another machine: the last digits of losses differ."""
    for model in record["models"]:
        model["test_loss"] += 0.003
    for rate in record["learning_rates"]:
        if rate["validation_loss"] is not None:
            rate["validation_loss"] += 0.003


def _choose(record: dict) -> None:
    for rate in record["learning_rates"]:
        rate["chosen"] = rate["optimizer"] == "adam" and not rate["chosen"]
    first = [rate for rate in record["learning_rates"] if rate["chosen"]]
    for rate in first[1:]:
        rate["chosen"] = False


def _answer(record: dict) -> None:
    record["answers"][TUNED] = re.sub(r"\d+(\.\d)?% \(", "99.9% (", record["answers"][TUNED])


def _solve(made: Made, name: str, exercise: str, *changes: tuple[str, str]) -> None:
    """Answer an exercise as the project does, but for some words."""

    def how(cells) -> None:
        headings = [i for i, cell in enumerate(cells) if cell.source.startswith(f"### {exercise}")]
        answer = next(c for c in cells[headings[0] :] if _is_solution(c))
        for old, new in changes:
            assert old in answer.source, f"{exercise} has no {old!r}"
            answer.source = answer.source.replace(old, new)

    made.change(name, how)


def _is_solution(cell) -> bool:
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))


def _leave_out(made: Made) -> None:
    """A notebook, and all that the record says of it."""
    made.notebook(QUESTIONS).unlink()

    def how(record: dict) -> None:
        del record["answers"][QUESTIONS]
        record["tables"] = [t for t in record["tables"] if t["notebook"] != QUESTIONS]

    made.record(how)


def _conclude(record: dict) -> None:
    """Another number of points, in an answer that has no percentages."""
    told = record["answers"]["06_the_leak"]
    record["answers"]["06_the_leak"] = re.sub(r"[+-]?[\d.]+ points", "60.0 points", told)


@dataclass
class Case:
    """What is done to a copy of the project, and what the grader has to make of it."""

    change: Callable[[Made], object]
    verdicts: set[str]
    remark: str | None = None  # the kind that must be among the remarks
    failed: tuple[str, ...] | None = None  # the exercises that fail, where that can be said


def _unsolved(name: str, exercise: str, *changes: tuple[str, str]) -> Case:
    """A fault of real notebooks, as the answer to the exercise that is about it."""
    return Case(lambda m: _solve(m, name, exercise, *changes), HONEST, failed=(exercise,))


FAULTS = {
    "fault-pixels-by-255": _unsolved(
        TUNED, "Pixels as the backbone knows them", ("pixels / 127.5 - 1", "pixels / 255")
    ),
    "fault-augmented-test": _unsolved(
        QUESTIONS, "Augmentation in training only", (' if subset == "train" else images', "")
    ),
    "fault-weights-kept-between-rates": _unsolved(
        RATES,
        "A fresh start for every rate",
        (
            "return {rate: train(build(seed), rate)",
            "model = build(seed)\n    return {rate: train(model, rate)",
        ),
    ),
    "fault-folder-filled-again": _unsolved(
        DATA,
        "The same folder again",
        ("default_rng(seed)", "default_rng()"),
        ("        shutil.rmtree(folder / subset, ignore_errors=True)\n", ""),
        ("mkdir(parents=True)", "mkdir(parents=True, exist_ok=True)"),
    ),
    "fault-test-chooses": _unsolved(
        COMPARED, "A choice without the test", ('["validation_accuracy"', '["test_accuracy"')
    ),
    "fault-last-batch-only": _unsolved(
        CNN, "Every batch counts", ("right +=", "right ="), ("images_seen +=", "images_seen =")
    ),
    "fault-normalization-moves": _unsolved(
        TUNED, "Normalization that stands still", (" and not is_normalization", "")
    ),
    "fault-other-test-images": _unsolved(
        COMPARED, "The same images", ('if set(a["image"]) != set(b["image"]):', "if False:")
    ),
}

CASES = {
    "honest-copy": Case(lambda made: None, HONEST, None, ()),
    "honest-zip": Case(_zip, HONEST, None, ()),
    "honest-new-ids": Case(_new_ids, HONEST, None, ()),
    "honest-another-machine": Case(lambda m: m.record(_nudged), HONEST, None),
    "honest-own-cell": Case(lambda m: m.begin(CNN, "print('my own')"), HONEST, None),
    "honest-other-epochs": Case(
        lambda m: _parameters(m, TUNED, epochs=11),
        HONEST | WRONG,
        "parameters",
    ),
    "honest-other-seed": Case(lambda m: _parameters(m, CNN, seed=43), HONEST | WRONG, "parameters"),
    "fault-no-record": Case(lambda m: m.record_path.unlink(), {"missing"}, "missing"),
    "fault-broken-record": Case(
        lambda m: m.record_path.write_text('{"models": ['),
        {"missing"},
        "unreadable",
    ),
    "fault-missing-notebook": Case(lambda m: m.notebook(CNN).unlink(), GONE, "missing"),
    "fault-broken-notebook": Case(lambda m: m.notebook(CNN).write_text("{"), GONE, "unreadable"),
    "fault-cell-raises": Case(lambda m: m.begin(CNN, "1 / 0"), GONE, "failed"),
    "fault-process-dies": Case(lambda m: m.begin(CNN, "import os; os._exit(1)"), GONE, "failed"),
    "fault-hangs": Case(lambda m: m.begin(RATES, "while True: pass"), GONE, "stopped"),
    "fault-eats-memory": Case(
        lambda m: m.begin(RATES, "x = []\nwhile True:\n    x.append(b'x' * 10**7)"),
        GONE,
        None,  # stopped by the watch, or failed by the kernel: whichever is first
    ),
    "fault-prints": Case(lambda m: m.begin(CNN, "while True: print('x' * 999)"), GONE, "stopped"),
    "fault-forks": Case(
        lambda m: m.begin(CNN, "import os\nwhile True: os.fork()"),
        GONE,
        None,
    ),
    "cheat-accuracy": Case(
        lambda m: m.record(lambda r: r["models"][1].update(test_accuracy=0.95)),
        WRONG,
        "contradiction",
    ),
    "cheat-all-scores": Case(lambda m: m.record(lambda r: _perfect(r["models"][1])), WRONG, None),
    "cheat-counts": Case(
        lambda m: m.record(lambda r: r["models"][0].update(parameters=1000)),
        WRONG,
        None,
    ),
    "cheat-choice-and-answer": Case(
        lambda m: (m.record(_choose), m.record(_answer)),
        WRONG,
        None,
    ),
    "cheat-checks": Case(_checks, HONEST, "check restored", ()),
    "cheat-check-renamed": Case(
        lambda m: _solve(
            m,
            CNN,
            "Every batch counts",
            ("### END SOLUTION", "### END SOLUTION\n\n\ncheck = None"),
            ("right +=", "right ="),
        ),
        HONEST,
        None,
        ("Every batch counts",),
    ),
    "cheat-conclusion": Case(lambda m: m.record(_conclude), WRONG, None),
    "cheat-leaves-out": Case(_leave_out, {"missing"}, "missing"),
    "cheat-forged-runs": Case(
        lambda m: (
            m.begin(CNN, FORGED),
            m.begin(TUNED, FORGED),
            m.record(lambda r: [_perfect(model) for model in r["models"]]),
        ),
        WRONG,
        None,
    ),
    "cheat-writes-outside": Case(
        lambda m: m.begin(CNN, f"open({str(ROOT / 'wastelib' / 'x.py')!r}, 'w')"),
        GONE,
        "outside",
    ),
    "cheat-opens-socket": Case(
        lambda m: m.begin(
            CNN, "import socket; socket.create_connection(('192.0.2.1', 80), timeout=5)"
        ),
        GONE,
        "outside",
    ),
    "trick-names-links-library": Case(
        lambda m: (_hostile_names(m), _links(m), _own_library(m), _hostile_zip(m)),
        GONE,
        "not used",
    ),
    **FAULTS,
}


def make(folder: Path, profile: str, record: Path, only: list[str]) -> None:
    """Write all, or those named, into a folder of their own each."""
    folder.mkdir(parents=True)
    expected = {}
    for name in only or CASES:
        case = CASES[name]
        made = Made(folder / name, profile)
        made.record_path.parent.mkdir(parents=True)
        shutil.copy(record, made.record_path)
        case.change(made)
        expected[name] = {"verdicts": sorted(case.verdicts), "remark": case.remark}
        expected[name]["failed"] = case.failed
    target = folder.with_name(folder.name + "-expected.json")
    target.write_text(json.dumps(expected, indent=2) + "\n", "utf-8")
    print(f"{len(expected)} submissions are in {folder}, what to expect of them in {target}")


def check(folder: Path, graded: Path) -> int:
    """Print verdict and remarks of each, and how many are not as expected."""
    expected = json.loads(folder.with_name(folder.name + "-expected.json").read_text("utf-8"))
    grades = {
        grade["submission"].removesuffix(".zip"): grade
        for grade in json.loads(graded.read_text("utf-8"))["grades"]
    }
    wrong = 0
    for name, wanted in expected.items():
        grade = grades[name]
        kinds = sorted({problem["kind"] for problem in grade["problems"]})
        right = grade["verdict"] in wanted["verdicts"]
        right &= wanted["remark"] is None or wanted["remark"] in kinds
        failed = [one["name"] for one in grade["exercises"] if one["outcome"] != "passed"]
        right &= wanted["failed"] is None or wanted["failed"] == failed
        wrong += not right
        mark = "  " if right else "! "
        told = f"{grade['verdict']:<15} {grade['seconds']:>6.0f} s  {kinds} {failed[:2]}"
        print(f"{mark}{name:<34} {told}")
    print(f"{len(expected) - wrong} of {len(expected)} as expected")
    return wrong


def main() -> None:
    """Make the submissions, or check their grades."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("task", choices=["make", "check"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("graded", type=Path, nargs="?")
    parser.add_argument("--profile", default="demo")
    parser.add_argument("--record", type=Path, help="the results that all are said to have found")
    parser.add_argument("--only", nargs="*", default=[], choices=CASES)
    options = parser.parse_args()
    if options.task == "check":
        raise SystemExit(check(options.folder, options.graded) > 0)
    recorded = ROOT / "report" / "recorded" / options.profile / "results.json"
    make(options.folder, options.profile, options.record or recorded, options.only)


if __name__ == "__main__":
    main()
