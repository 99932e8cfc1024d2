"""The schema of results.json is documented, and what is recorded keeps to it."""

import json
from pathlib import Path

import pytest

from wastelib.report.results import Results

REPORT = Path(__file__).parents[2] / "report"
RECORDED = sorted((REPORT / "recorded").glob("*/results.json"))


def test_the_committed_schema_is_the_schema():
    """After a change of the models: `python tests/unit/test_results.py` writes it again."""
    committed = json.loads((REPORT / "results.schema.json").read_text("utf-8"))
    assert committed == Results.model_json_schema()


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.parent.name)
def test_recorded_results_keep_to_the_schema(path):
    results = Results.model_validate_json(path.read_text("utf-8"))
    assert results.profile == path.parent.name
    split = results.dataset.split
    assert sum(results.dataset.images_per_class.values()) == results.dataset.images
    assert split.train + split.validation + split.test == results.dataset.images
    assert sum(rate.chosen for rate in results.learning_rates) == 1
    for model in results.models:
        counted = sum(map(sum, model.confusion_matrix))
        hits = sum(row[i] for i, row in enumerate(model.confusion_matrix))
        assert counted == split.test
        assert model.test_accuracy == pytest.approx(hits / counted)
        low, high = model.test_accuracy_interval
        assert low <= model.test_accuracy <= high


def test_demo_and_real_results_are_recorded():
    assert {path.parent.name for path in RECORDED} >= {"demo", "realwaste5"}


if __name__ == "__main__":
    text = json.dumps(Results.model_json_schema(), indent=2)
    (REPORT / "results.schema.json").write_text(text + "\n", "utf-8")
