"""What a submission declares is data: names, hashes, and descriptions that have these hashes."""

import json
import os
from pathlib import Path

import pytest

from wastelib import profiles
from wastelib.grading.declared import MOST_RUNS, MOST_TRAINED, declared_runs
from wastelib.grading.grade import recorded_parameters
from wastelib.grading.guard import changed, listing
from wastelib.grading.prepare import settled
from wastelib.grading.submission import Submission
from wastelib.profiles import load_profile
from wastelib.report.results import Results
from wastelib.training.trial import CustomModel, PretrainedModel, Trial

ROOT = Path(__file__).parents[2]
NOTEBOOK = "02_custom_cnn"


class Reference:
    """Stands for the grader's runs: one is there."""

    def has(self, run: str) -> bool:
        return run == "0" * 16


def trial(seed: int = 1, **changes) -> Trial:
    facts = {"dataset": "d", "split": "s", "model": CustomModel(), "image_size": 32, "epochs": 1}
    return Trial(**facts | {"learning_rate": 0.1, "seed": seed} | changes)


@pytest.fixture
def build(tmp_path):
    (tmp_path / "declared").mkdir()
    return tmp_path


def declare(build, content: object) -> None:
    text = content if isinstance(content, str) else json.dumps(content)
    (build / "declared" / f"{NOTEBOOK}.json").write_text(text, "utf-8")


def leave(build, *trials: Trial, name: str | None = None) -> None:
    for one in trials:
        folder = build / "runs" / (name or one.hash)
        folder.mkdir(parents=True)
        (folder / "trial.json").write_text(one.model_dump_json(), "utf-8")


def entries(*runs: str) -> list[dict]:
    return [{"name": f"n{number}", "run": run} for number, run in enumerate(runs)]


def test_a_new_trial_is_taken_after_those_that_it_builds_upon(build):
    head = trial(model=PretrainedModel(backbone="b", weights="w"))
    tuned = trial(model=PretrainedModel(backbone="b", weights="w", start=head.hash))
    leave(build, tuned, head)
    declare(build, {"models": entries("0" * 16, tuned.hash), "others": entries("f" * 16)})
    roles, new, problems = declared_runs(build, Reference())
    assert roles["models"] == {"n0": "0" * 16, "n1": tuned.hash}
    assert list(new) == [head.hash, tuned.hash]
    assert problems == []


def test_a_description_with_another_hash_is_not_trained(build):
    leave(build, trial(), name="a" * 16)
    declare(build, {"models": entries("a" * 16, "b" * 16)})
    assert declared_runs(build, Reference())[1] == {}


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[" * 100_000,
        [],
        3,
        {"models": 3},
        {"models": [3, None, {}, {"name": 3, "run": "a"}]},
        {"models": [{"name": "n", "run": "../../../etc"}, {"name": "n", "run": "A" * 16}]},
    ],
    ids=lambda content: str(content)[:12],
)
def test_what_is_no_declaration_declares_nothing(build, content):
    declare(build, content)
    roles, new, _ = declared_runs(build, Reference())
    assert (roles["models"], new) == ({}, {})


def test_links_and_pipes_are_not_read(build, tmp_path):
    elsewhere = tmp_path / "elsewhere.json"
    elsewhere.write_text(json.dumps({"models": entries("0" * 16)}), "utf-8")
    (build / "declared" / f"{NOTEBOOK}.json").symlink_to(elsewhere)
    os.mkfifo(build / "declared" / "01_data_preparation.json")
    assert declared_runs(build, Reference())[0]["models"] == {}


def test_so_many_runs_and_trainings_and_no_more(build):
    trials = [trial(seed) for seed in range(MOST_RUNS + 10)]
    leave(build, *trials)
    declare(build, {"models": entries(*(one.hash for one in trials))})
    roles, new, problems = declared_runs(build, Reference())
    assert (len(roles["models"]), len(new)) == (MOST_RUNS, MOST_TRAINED)
    assert [problem.kind for problem in problems] == ["stopped"]


@pytest.fixture
def profile():
    return load_profile("smoke", build_folder="/build")


@pytest.fixture
def submission():
    """A submission whose record says that it was made with these parameters."""

    def made(**parameters) -> Submission:
        environment = type("", (), {"parameters": parameters})
        return Submission("s", recorded=Results.model_construct(environment=environment))

    return made


def test_recorded_parameters_are_run_again_and_named(submission, profile):
    found, (problem,) = recorded_parameters(submission(**{NOTEBOOK: {"epochs": 7}}), profile)
    assert found[NOTEBOOK].epochs == 7
    assert "epochs 7 instead of 2" in problem.what


def test_paths_and_photographs_are_the_graders(submission, profile):
    theirs = {"build_folder": "/etc", "scheduler": "tcp://evil:1", "weights": "/x", "unknown": 1}
    first = {"demo_images": 100_000, "data": "/etc"}
    last = {"other_data": "/home/somebody"}
    recorded = submission(
        **{
            "01_data_preparation": first,
            "04_pretrained_fine_tuning": theirs,
            "10_out_of_the_notebook": last,
        }
    )
    found, problems = recorded_parameters(recorded, profile)
    assert found == profile.notebooks
    assert [problem.notebook for problem in problems] == ["01_data_preparation"]


@pytest.mark.parametrize("value", [-1, "7", 1e9, True])
def test_impossible_parameters_are_refused_and_named(submission, profile, value):
    found, (problem,) = recorded_parameters(submission(**{NOTEBOOK: {"epochs": value}}), profile)
    assert found[NOTEBOOK] == profile.notebooks[NOTEBOOK]
    assert "not possible" in problem.what


def test_any_change_of_a_file_is_noticed(tmp_path):
    (tmp_path / "a").write_text("1")
    before = listing([tmp_path])
    assert changed(before, listing([tmp_path])) == []
    (tmp_path / "a").write_text("2")
    os.utime(tmp_path / "a", (0, 0))
    (tmp_path / "b").symlink_to("/nowhere")
    names = [path.rsplit("/", 1)[1] for path in changed(before, listing([tmp_path]))]
    assert names == ["a", "b"]


def test_every_path_of_a_profile_is_absolute_and_words_stay_words(tmp_path, monkeypatch):
    """Notebooks are graded in folders of their own, where a relative path leads elsewhere."""
    monkeypatch.setattr(profiles, "PROFILES", tmp_path)
    text = "10_out_of_the_notebook: {other_data: ../photos}"
    (tmp_path / "mine.yaml").write_text(text, "utf-8")
    found = settled("mine", tmp_path / "build", "demo-clean", "demo").notebooks
    assert found["01_data_preparation"].data == "demo-clean"
    assert found["04_pretrained_fine_tuning"].weights == "demo"
    assert found["10_out_of_the_notebook"].other_data == str(ROOT / "photos")
