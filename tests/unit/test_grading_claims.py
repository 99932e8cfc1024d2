"""Verdicts: equal is reproduced, what other seeds explain is noise, and a forged record shows."""

import copy
import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from wastelib.grading.bands import Band, band
from wastelib.grading.claims import MOST, judge
from wastelib.grading.found import DataFacts, Found, RunFacts
from wastelib.grading.texts import ESTIMATE
from wastelib.report.results import Results, TableResult
from wastelib.settings import READS

HELD = "within noise"
RECORDED = Path(__file__).parents[2] / "report" / "recorded" / "demo" / "results.json"


class Reference:
    """Stands for the grader's runs: the same band for each kind of figure."""

    models = ("Published CNN",)

    def band(self, figure: str, name: str = "") -> Band:
        return Band(0.04 if "loss" not in figure else 0.2)


@pytest.fixture(scope="module")
def content() -> dict:
    return json.loads(RECORDED.read_text("utf-8"))


@pytest.fixture(scope="module")
def found(content) -> Found:
    """A re-run that came to exactly what is recorded."""
    results = Results.model_validate(content)
    data = results.dataset
    shared = {"momentum": 0.0, "optimizer": "adam", "learning_rate": 1e-3}
    models = {
        m.name: RunFacts(
            **shared,
            **m.model_dump(include={*RunFacts.__annotations__} - {"momentum"}),
            validation_accuracy=0.5,
            validation_loss=1.0,
        )
        for m in results.models
    }
    nothing = dict.fromkeys(
        ["parameters", "trainable_parameters", "test_accuracy", "test_macro_f1", "test_loss"], 0
    )
    rates = [
        RunFacts(
            **nothing,
            **r.model_dump(include={*RunFacts.__annotations__}),
            kind="custom",
            image_size=64,
        )
        for r in results.learning_rates
    ]
    chosen = [r.chosen for r in results.learning_rates].index(True)
    return Found(
        data=DataFacts(
            images=data.images,
            groups=data.groups,
            skipped=data.skipped,
            images_per_class=data.images_per_class,
            torn_groups=0,
            **data.split.model_dump(exclude={"method", "seed"}),
        ),
        models=models,
        rates=rates,
        chosen=rates[chosen],
        tables={(t.notebook, t.name): t for t in results.tables},
        answers=results.answers,
    )


def verdicts(content: dict, found: Found) -> dict[tuple[str, str], str]:
    claims = judge(Results.model_validate(content), found, Reference(), READS)
    return {(c.subject, c.name): c.verdict for c in claims}


def test_the_same_again_is_reproduced_throughout(content, found):
    assert set(verdicts(content, found).values()) == {"reproduced"}


def test_a_score_within_the_band_is_noise_and_beyond_it_is_not_reproduced(content, found):
    key = ("Published CNN", "test loss")
    for shift, verdict in (
        (0.0004, "reproduced"),
        (0.15, "within noise"),
        (0.25, "not reproduced"),
    ):
        changed = copy.deepcopy(content)
        changed["models"][0]["test_loss"] += shift
        assert verdicts(changed, found)[key] == verdict


@pytest.mark.parametrize("name", ["parameters", "trainable_parameters", "epochs"])
def test_counts_must_be_equal(content, found, name):
    changed = copy.deepcopy(content)
    changed["models"][0][name] += 1
    assert list(verdicts(changed, found).values()).count("not reproduced") == 1


def test_a_split_that_tears_groups_is_no_split_by_group(content, found):
    torn = replace(found, data=replace(found.data, torn_groups=3))
    assert verdicts(content, torn)[("Data", "split")] == "not reproduced"


@pytest.mark.parametrize("score", ["test_accuracy", "test_macro_f1"])
def test_an_edited_score_contradicts_its_confusion_matrix_even_within_the_band(
    content, found, score
):
    changed = copy.deepcopy(content)
    changed["models"][0][score] += 0.03
    claims = judge(Results.model_validate(changed), found, Reference(), READS)
    (claim,) = [c for c in claims if "contradicts itself" in c.reason]
    assert (claim.subject, claim.verdict) == ("Published CNN", "not reproduced")


def test_what_is_missing_on_either_side_is_missing(content, found):
    fewer = copy.deepcopy(content)
    gone = fewer["models"].pop()["name"]
    for record, rerun in ((fewer, found), (content, replace(found, models={}))):
        missing = {s for (s, _), v in verdicts(record, rerun).items() if v == "missing"}
        assert gone in missing


def test_without_a_record_every_claim_is_missing(found):
    claims = judge(None, found, Reference(), READS)
    assert len(claims) > 50
    assert {claim.verdict for claim in claims} == {"missing"}


def test_another_choice_is_noise_only_if_the_losses_are_near(content, found):
    before, after = (r for r in found.rates if r.optimizer == "adam" and r.learning_rate > 0.005)
    if before is not found.chosen:
        before, after = after, before
    for loss, verdict in ((0.1, "within noise"), (0.5, "not reproduced")):
        losses = {before.run: before.validation_loss, after.run: before.validation_loss - loss}
        rates = [
            replace(r, validation_loss=losses.get(r.run, r.validation_loss)) for r in found.rates
        ]
        other = replace(found, rates=rates, chosen=next(r for r in rates if r.run == after.run))
        assert verdicts(content, other)[("Learning rates", "chosen learning rate")] == verdict


def test_a_choice_against_the_recorded_losses_is_a_contradiction(content, found):
    changed = copy.deepcopy(content)
    another = next(r for r in changed["learning_rates"] if not r["chosen"])
    for rate in changed["learning_rates"]:
        rate["chosen"] = rate is another
    assert another["optimizer"] == "adam"
    assert verdicts(changed, found)[("Learning rates", "chosen learning rate")] == "not reproduced"


def test_the_order_of_two_models_may_change_within_their_bands(content, found):
    key = ("Which model is better on the test", "Published CNN or MobileNetV2-0.35, frozen")
    cnn = found.models["Published CNN"]
    frozen = found.models["MobileNetV2-0.35, frozen"].test_accuracy
    near = {**found.models, "Published CNN": replace(cnn, test_accuracy=frozen + 0.02)}
    assert verdicts(content, replace(found, models=near))[key] == "not reproduced"
    changed = copy.deepcopy(content)
    changed["models"][0]["test_accuracy"] = frozen - 0.02
    assert verdicts(changed, replace(found, models=near))[key] == "within noise"


def test_an_answer_with_other_figures_is_judged_by_the_interval_of_the_rerun(content, found):
    notebook = "04_pretrained_fine_tuning"
    answer = content["answers"][notebook]
    value, *_ = ESTIMATE.findall(answer)[0]
    for shift, verdict in ((-1.0, "within noise"), (+35.0, "not reproduced")):
        changed = copy.deepcopy(content)
        changed["answers"][notebook] = answer.replace(value, f"{float(value) + shift:.1f}", 1)
        assert verdicts(changed, found)[f"{notebook}, by its own code", "answer"] == verdict


def test_estimates_that_the_rerun_lacks_are_no_noise(content, found):
    notebook = "04_pretrained_fine_tuning"
    changed = copy.deepcopy(content)
    changed["answers"][notebook] += " My own: 99.9% (99.0\N{EN DASH}100.0)."
    assert verdicts(changed, found)[f"{notebook}, by its own code", "answer"] == "not reproduced"


def test_a_diverged_rate_that_the_rerun_lacks_is_missing(content, found):
    changed = copy.deepcopy(content)
    rate = changed["learning_rates"][0] | {"learning_rate": 7.0, "validation_loss": None}
    changed["learning_rates"].append(rate)
    said = [v for (s, n), v in verdicts(changed, found).items() if s.endswith(" at 7")]
    assert said
    assert set(said) == {"missing"}


def test_a_table_of_the_photographs_has_no_noise(content, found):
    changed = copy.deepcopy(content)
    table = next(t for t in changed["tables"] if t["name"] == "split-sizes")
    table["rows"][0][1] = "722"
    key = ("01_data_preparation, by its own code", "table split-sizes")
    assert verdicts(changed, found)[key] == "not reproduced"


def test_hostile_records_are_judged_without_an_error(content, found):
    changed = copy.deepcopy(content)
    changed["models"][0]["confusion_matrix"] = [[1, 2], [3]]
    changed["models"][1] |= {"test_accuracy": math.nan, "test_loss": math.inf}
    changed["models"][2]["parameters"] = 10**400
    changed["learning_rates"] = []
    changed["tables"].append(
        TableResult(
            notebook="x",
            number="",
            name="",
            caption="",
            columns=[],
            rows=[[], ["1% (0\N{EN DASH}"]],
        ).model_dump()
    )
    claims = judge(Results.model_validate(changed), found, Reference(), READS)
    assert {c.verdict for c in claims} >= {"reproduced", "not reproduced", "missing"}


def test_estimates_are_found_as_the_notebooks_print_them():
    said = "49.8% (41.2\N{EN DASH}58.6) and +10.0 (+0.7 to +19.5) and (3 of 5)"
    assert ESTIMATE.findall(said) == [("49.8", "41.2", "58.6"), ("+10.0", "+0.7", "+19.5")]


def test_endless_digits_are_read_at_once():
    assert ESTIMATE.findall("1" * 1_000_000) == []


def test_the_band_is_that_of_a_difference_of_two_trainings():
    """t(0.975, 2) = 4.3027 for three values, with a standard deviation of 0.02."""
    assert band([0.48, 0.50, 0.52]).half == pytest.approx(4.302653 * 0.02 * math.sqrt(2))
    pooled = band([0.48, 0.50, 0.52], [0.78, 0.80, 0.82], [None, math.nan, 0.1])
    assert pooled.half == pytest.approx(2.776445 * 0.02 * math.sqrt(2))
    assert band([0.5]) is None


@pytest.mark.parametrize("notebook", ["06_the_leak", "08_open_questions"])
def test_an_invented_conclusion_in_points_is_not_reproduced(content, found, notebook):
    changed = copy.deepcopy(content)
    figures = ESTIMATE.findall(changed["answers"][notebook])
    value = figures[0][0]
    changed["answers"][notebook] = changed["answers"][notebook].replace(f"{value} ", "+99.9 ", 1)
    assert verdicts(changed, found)[f"{notebook}, by its own code", "answer"] == "not reproduced"


@pytest.mark.parametrize(
    ("told", "verdict"),
    [
        # Another seed turns the conclusion, and another arm is the largest.
        (
            "**Better than None in accuracy: MixUp by +12.0 points (+1.0 to +23.0, p = 0.03)**.",
            HELD,
        ),
        ("The largest, that of CutMix, is -8.0 points (-20.0 to +4.0, p = 0.3).", HELD),
        (
            "The largest, that of CutMix, is +60.0 points (+59.0 to +61.0, p = 0.001).",
            "not reproduced",
        ),
        ("No difference is beyond chance.", "not reproduced"),
    ],
)
def test_another_conclusion_is_noise_where_its_figures_are(content, found, told, verdict):
    rerun = (
        "The largest, that of MixUp, is -9.0 points (-21.0 to +3.0, p = 0.2); CutMix +11.0 points "
        "(-0.5 to +22.5, p = 0.06)."
    )
    changed = copy.deepcopy(content)
    changed["answers"]["08_open_questions"] = told
    again = replace(found, answers=found.answers | {"08_open_questions": rerun})
    key = ("08_open_questions, by its own code", "answer")
    assert verdicts(changed, again)[key] == verdict


def test_an_answer_without_any_interval_has_no_noise(content, found):
    changed = copy.deepcopy(content)
    changed["answers"]["06_the_leak"] = "There is no leak."
    told = replace(found, answers=found.answers | {"06_the_leak": "There is one."})
    assert verdicts(changed, told)["06_the_leak, by its own code", "answer"] == "not reproduced"


def test_a_table_is_judged_though_its_intervals_were_taken_out(content, found):
    changed = copy.deepcopy(content)
    (table,) = (t for t in changed["tables"] if t["name"] == "scores")
    table["rows"] = [["99.9%" for _ in row] for row in table["rows"]]
    assert (
        verdicts(changed, found)[f"{table['notebook']}, by its own code", "table scores"]
        == "not reproduced"
    )


def test_what_both_record_and_notebooks_leave_out_is_missing(content, found):
    fewer = copy.deepcopy(content)
    fewer["models"] = [m for m in fewer["models"] if m["name"] != "Published CNN"]
    del fewer["answers"]["08_open_questions"]
    rerun = replace(
        found,
        models={n: m for n, m in found.models.items() if n != "Published CNN"},
        answers={n: a for n, a in found.answers.items() if n != "08_open_questions"},
    )
    missing = {key for key, verdict in verdicts(fewer, rerun).items() if verdict == "missing"}
    assert ("Published CNN", "test accuracy") in missing
    assert ("08_open_questions, by its own code", "answer") in missing


def test_a_name_twice_is_a_contradiction_whichever_of_the_two_is_true(content, found):
    changed = copy.deepcopy(content)
    forged = copy.deepcopy(changed["models"][0])
    changed["models"].insert(0, forged | {"test_accuracy": 0.99})
    changed["learning_rates"].insert(0, changed["learning_rates"][0] | {"validation_accuracy": 1})
    found_out = verdicts(changed, found)
    assert found_out[forged["name"], "test accuracy"] == "not reproduced"
    assert found_out["adam at 0.0001", "validation accuracy"] == "not reproduced"


@pytest.mark.parametrize(
    ("figure", "change"),
    [
        ("test macro F1", {}),  # every class has a recall of 0.99
        ("test accuracy", {"test_accuracy_interval": [0.9, 0.95]}),
        ("test macro F1", {"test_macro_f1_interval": [0.0, 0.01]}),
    ],
)
def test_classes_and_intervals_that_do_not_fit_are_contradictions(content, found, figure, change):
    changed = copy.deepcopy(content)
    changed["models"][0].update(change)
    if not change:
        for scores in changed["models"][0]["per_class"].values():
            scores["recall"] = 0.99
    assert verdicts(changed, found)["Published CNN", figure] == "not reproduced"


def test_a_rate_of_other_epochs_is_not_reproduced(content, found):
    changed = copy.deepcopy(content)
    changed["learning_rates"][0]["epochs"] += 500
    assert verdicts(changed, found)["adam at 0.0001", "epochs"] == "not reproduced"


def test_more_entries_than_are_looked_at_are_named(content, found):
    changed = copy.deepcopy(content)
    changed["models"] = [changed["models"][0] | {"name": f"m{n}"} for n in range(MOST + 1)]
    assert verdicts(changed, found)["Amounts", "models"] == "not reproduced"
