"""Mistakes are listed as they are, and labels that were made wrong are found again."""

import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest

from wastelib.evaluation.errors import (
    confident_mistakes,
    confused_pairs,
    label_candidates,
    with_wrong_labels,
)
from wastelib.evaluation.metrics import evaluate

CLASSES = ["Glass", "Metal", "<b>Paper</b>"]


def predictions(answers, classes=CLASSES, per_group=1) -> pd.DataFrame:
    """One test image for every (label, predicted, confidence); the rest is shared evenly."""
    rows = []
    for number, (label, predicted, confidence) in enumerate(answers):
        rest = (1 - confidence) / (len(classes) - 1)
        shares = {f"p_{name}": confidence if name == predicted else rest for name in classes}
        about = {"image": f"{label}/{number}.jpg", "label": label, "group": number // per_group}
        rows.append({**about, "subset": "test", **shares})
    return pd.DataFrame(rows)


def good_model(images=300, seed=0) -> pd.DataFrame:
    """Predictions that are right for nearly all images, with varying confidence."""
    draw = np.random.default_rng(seed)
    labels = np.array(CLASSES, object)[draw.integers(0, 3, images)]
    scores = draw.normal(0, 1, (images, 3)) + 4 * (labels[:, None] == np.array(CLASSES, object))
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    about = {"image": [f"{n:03}.jpg" for n in range(images)], "label": labels}
    about |= {"group": range(images), "subset": ["validation", "test"] * (images // 2)}
    return pd.DataFrame(about).join(pd.DataFrame(shares, columns=[f"p_{c}" for c in CLASSES]))


# ---- confused pairs ----------------------------------------------------------------------


def test_pairs_are_counted_the_most_frequent_first():
    glass, metal, paper = CLASSES
    answers = [(glass, metal, 0.9)] * 2 + [(glass, glass, 0.9)] * 2
    answers += [(metal, paper, 0.9)] * 2 + [(paper, glass, 0.9)] + [(paper, paper, 0.9)] * 9
    pairs = confused_pairs(evaluate(predictions(answers), samples=10))
    assert pairs.to_dict("split")["data"] == [
        [metal, paper, 2, 1.0],
        [glass, metal, 2, 0.5],
        [paper, glass, 1, 0.1],
    ]


def test_a_model_without_mistakes_confuses_nothing():
    perfect = predictions([(name, name, 0.9) for name in CLASSES])
    assert confused_pairs(evaluate(perfect, samples=10)).empty
    assert confident_mistakes(perfect).empty


# ---- confident mistakes ------------------------------------------------------------------


def test_mistakes_are_the_surest_first_with_their_probabilities():
    glass, metal, paper = CLASSES
    answers = [(glass, glass, 0.99), (glass, metal, 0.6), (metal, paper, 0.9), (paper, metal, 0.7)]
    found = confident_mistakes(predictions(answers), 2)
    assert found["image"].tolist() == ["Metal/2.jpg", "<b>Paper</b>/3.jpg"]
    assert found["predicted"].tolist() == [paper, metal]
    assert found["confidence"].tolist() == pytest.approx([0.9, 0.7])
    assert found.loc[0, f"p_{metal}"] == pytest.approx(0.05)


def test_one_item_does_not_fill_the_list_of_mistakes():
    shots = predictions([("Glass", "Metal", p) for p in (0.9, 0.95, 0.8, 0.7)], per_group=2)
    assert confident_mistakes(shots)["image"].tolist() == ["Glass/1.jpg", "Glass/2.jpg"]


def test_mistakes_are_those_of_the_subset_asked_for():
    table = predictions([("Glass", "Metal", 0.9), ("Metal", "Glass", 0.8)])
    table.loc[0, "subset"] = "validation"
    assert confident_mistakes(table)["image"].tolist() == ["Metal/1.jpg"]
    with pytest.raises(ValueError, match="no image in subset 'train'"):
        confident_mistakes(table, subset="train")


# ---- candidates for wrong labels ---------------------------------------------------------


def test_labels_that_were_made_wrong_are_found():
    table = with_wrong_labels(good_model(), 0.06, seed=1)
    found = label_candidates(table)
    assert table["planted"].sum() == 18
    assert found["planted"].sum() >= 16
    assert found["planted"].mean() > 0.7
    assert set(found["subset"]) == {"validation", "test"}
    given = [row[f"p_{row['label']}"] for row in found.to_dict("records")]
    assert given == sorted(given)


def test_planted_labels_are_wrong_and_the_others_as_they_were():
    before = good_model()
    after = with_wrong_labels(before, 0.1, seed=3)
    assert ((after["label"] != before["label"]) == after["planted"]).all()
    assert after["planted"].sum() == 30
    assert set(after["label"]) == set(CLASSES)
    assert with_wrong_labels(before, 0.1, seed=3).equals(after)
    assert not with_wrong_labels(before, 0.0)["planted"].any()


def test_a_model_that_is_right_leaves_no_candidate():
    assert label_candidates(predictions([(c, c, 0.9) for c in CLASSES] * 5)).empty


@pytest.mark.parametrize(
    "answers",
    [
        [("Glass", "Metal", 0.9)] * 4,
        [(label, "Glass", 1.0) for label in CLASSES] * 4,
        [(label, "Glass", 1 / 3) for label in CLASSES] * 4,
        [("Glass", "Glass", 0.9)] * 4 + [("Metal", "Metal", 0.8)] * 4,
        [("Glass", "Glass", 0.9)] * 4 + [("Metal", "Glass", 0.8)],
    ],
    ids=["one label", "constant and sure", "constant and unsure", "a class absent", "one image"],
)
def test_poor_models_and_rare_classes_give_a_table_and_no_warning(answers):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = label_candidates(predictions(answers))
    assert not found.isna().any(axis=None)
    assert {"image", "label", "predicted", "confidence", "p_Glass"} <= set(found.columns)


@pytest.mark.parametrize("broken", [{"p_Glass": 0.9}, {"p_Glass": np.nan}, {"label": "Wood"}])
def test_what_is_no_table_of_predictions_is_refused(broken):
    table = predictions([(name, name, 0.5) for name in CLASSES]).assign(**broken)
    for function in (label_candidates, confident_mistakes):
        with pytest.raises(ValueError, match="the predictions table"):
            function(table)


def test_cleanlab_is_loaded_when_it_is_needed_and_not_before():
    code = "import sys, wastelib.evaluation.errors; print('cleanlab' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
