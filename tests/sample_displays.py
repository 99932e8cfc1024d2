"""A display of every kind with names that are hard to draw, for tests in several files."""

import matplotlib
import numpy as np
import pandas as pd

from tests.predicted import random_table, right_or_wrong
from wastelib import displays
from wastelib.evaluation.calibration import accuracy_against_kept, reliability
from wastelib.evaluation.data_curve import Crossing, DataCurve, PowerLaw
from wastelib.evaluation.folds import summarise_folds
from wastelib.evaluation.leak import leak_scores, leak_table
from wastelib.evaluation.metrics import evaluate
from wastelib.evaluation.ranking import rank

NAMES = ["Glass", "$5_$x$", "_hidden", "<script>alert(1)</script>", "a\nb", "x" * 90]


def catalogue(counts, per_group=2):
    rows = [
        (f"{label}/{number}.jpg", label, f"{label}-{number // per_group}")
        for label, images in counts.items()
        for number in range(images)
    ]
    return pd.DataFrame(rows, columns=["path", "label", "group"])


def photograph(path):
    """A reader without files: landscape, larger than a tile."""
    return np.full((300, 400, 3), 90, np.uint8)


def assigned(table, subsets=("train", "train", "validation", "test")):
    return table.assign(subset=[subsets[i % len(subsets)] for i in range(len(table))])


def evaluation(names=NAMES, seed=0):
    draw = np.random.default_rng(seed)
    labels = np.repeat(names, 5)
    columns = {f"p_{name}": draw.random(len(labels)) for name in names}
    probabilities = pd.DataFrame(columns).div(pd.DataFrame(columns).sum(axis=1), axis=0)
    about = {"image": range(len(labels)), "label": labels, "group": labels, "subset": "test"}
    return evaluate(pd.DataFrame(about).join(probabilities), samples=20)


def history(val_accuracy=(0.3, 0.6, 0.5), loss=(2.0, 1.2, 0.9), val_loss=(1.9, 1.4, 1.5)):
    return pd.DataFrame(
        {
            "epoch": range(1, len(loss) + 1),
            "accuracy": np.linspace(0.2, 0.8, len(loss)),
            "loss": loss,
            "val_accuracy": val_accuracy,
            "val_loss": val_loss,
        }
    )


def seed_curves():
    """Two seeds, of which the second stopped after its second epoch."""
    histories = [history(), history((0.2, 0.5), (2.2, 1.3), (2.0, 1.2))]
    kept = [history.loc[history["val_loss"].idxmin()] for history in histories]
    return displays.SeedCurvesDisplay.from_seeds("one", histories, kept)


RATES = pd.DataFrame(
    {
        "optimizer": ["Adam", "Adam", "SGD"],
        "learning_rate": [1e-3, 1e-1, 1e-2],
        "momentum": [0.0, 0.0, 0.9],
        "validation_accuracy": [0.56, 0.11, 0.5],
        "validation_accuracy_low": [0.5, None, 0.44],
        "validation_accuracy_high": [0.62, None, 0.56],
        "validation_loss": [1.2, None, 1.4],
        "chosen": [True, False, False],
    }
)
MODELS = pd.DataFrame(
    {
        "name": ["Custom CNN", "VGG16", "$x_1$"],
        "kind": ["custom", "pretrained", "pretrained"],
        "test_accuracy": [0.62, 0.861, 0.862],
        "low": [0.58, 0.84, 0.84],
        "high": [0.65, 0.88, 0.88],
        "parameters": [33_583_177, 14_700_000, 7_000_000],
        "train_seconds": [300.0, 900.0, 500.0],
    }
)
LAYERS = [
    {"name": "conv1", "type": "Conv2D", "output_shape": (64, 64, 32), "parameters": 896},
    {"name": "pool1", "type": "MaxPooling2D", "output_shape": (32, 32, 32), "parameters": 0},
    {"name": "flatten", "type": "Flatten", "output_shape": (32768,), "parameters": 0},
    {"name": "classes", "type": "Dense", "output_shape": (9,), "parameters": 294_921},
]


def answers(names=NAMES):
    """One mistake for each name: taken for the next one, which has half of the probability."""
    shares = {f"p_{name}": 0.5 / (len(names) - 1) for name in names}
    rows = [
        {"image": f"{name}/{i} & {name}.jpg", "label": name, "predicted": after, **shares}
        | {f"p_{after}": 0.5}
        for i, (name, after) in enumerate(zip(names, [*names[1:], names[0]], strict=True))
    ]
    return pd.DataFrame(rows)


def heat(number, size=4):
    """Heat maps that are hot in the upper left corner."""
    maps = np.zeros((number, size, size), np.float32)
    maps[:, 0, 0] = 1
    return maps


def compared(names=NAMES, real=()):
    """A table of arms as `compare_arms` makes it; the first is the reference."""
    scores = np.linspace(0.5, 0.7, len(names))
    table = pd.DataFrame({"arm": names, "is_reference": [n == names[0] for n in names]})
    for column, middle in (("accuracy", scores), ("accuracy_difference", scores - scores[0])):
        table[column], table[f"{column}_low"] = middle, middle - 0.06
        table[f"{column}_high"] = middle + 0.03
    return table.assign(accuracy_p=[0.01 if name in real else 0.5 for name in names])


def curve(crossing=2500.0, low=1200.0, high=np.inf, names=("Custom CNN", "$p_1$")):
    """A curve of two models, with a crossing given by hand."""
    images = np.array([100.0, 400.0, 2000.0])
    laws = dict(
        zip(names, (PowerLaw(100, 0.9, 0.5, 0.5), PowerLaw(100, 0.8, 0.1, 0.5)), strict=True)
    )
    points = [
        pd.DataFrame({"model": name, "images": images, "accuracy": law(images)})
        for name, law in laws.items()
    ]
    table = pd.concat(points, ignore_index=True)
    table = table.assign(low=table["accuracy"] - 0.05, high=table["accuracy"] + 0.04)
    draws = {
        name: [PowerLaw(100, law.ceiling + move, law.shortfall, law.rate) for move in (-0.02, 0.02)]
        for name, law in laws.items()
    }
    return DataCurve(table, laws, draws, Crossing(crossing, low, high, 0.6, 20_000.0), 400.0)


AGREEMENT = pd.DataFrame(
    {"similarity": [0.5, 0.6, 0.7], "precision": [0.4, 0.8, 1.0], "recall": [1.0, 0.9, 0.3]}
)


CATALOGUE = catalogue(dict.fromkeys(NAMES, 8))
PREDICTIONS = random_table(0, images=200, groups=60)


def models(count):
    draw = np.random.default_rng(0)
    names = [*NAMES, *(f"model {n}" for n in range(20))][:count]
    return {
        name: right_or_wrong(draw.random(120) < 0.5 + 0.4 * i / count)
        for i, name in enumerate(names)
    }


def leak(names=NAMES, seeds=5):
    draw = np.random.default_rng(1)
    scores = leak_scores(
        {
            name: {
                (method, seed): right_or_wrong(draw.random(80) < share)
                for seed in range(seeds)
                for method, share in (("random", 0.9), ("group", 0.6))
            }
            for name in names
        }
    )
    return scores, leak_table(scores)


def ladder(names=NAMES):
    """A table as `ladder_table` makes it; each model larger and better than the one before."""
    table = pd.DataFrame({"model": names, "seeds": 5})
    table["parameters"] = [70_000 * 4**place for place in range(len(names))]
    table["group"] = np.linspace(0.6, 0.9, len(names))
    table["random"] = table["group"] + 0.06
    for side, half in (("group", 0.03), ("random", 0.01)):
        table[f"{side}_low"], table[f"{side}_high"] = table[side] - half, table[side] + half
    return table


def steps(names=NAMES):
    """A table as `steps_table` makes it; every other step may be worth nothing."""
    rows = [
        {"step": name, "method": method, "seeds": 5, "difference": 0.01 * place}
        for place, name in enumerate(names)
        for method in ("group", "random")
    ]
    table = pd.DataFrame(rows)
    half = np.where(table.index % 4 < 2, 0.06, 0.008)
    table["low"], table["high"] = table["difference"] - half, table["difference"] + half
    return table.assign(real=(table["low"] > 0) | (table["high"] < 0))


def folds():
    fold = PREDICTIONS["group"] % 5
    return summarise_folds([PREDICTIONS[fold == number] for number in range(5)])


DISPLAYS = {
    "counts": lambda: displays.ClassCountsDisplay.from_catalogue(CATALOGUE),
    "split": lambda: displays.SplitDisplay.from_split(assigned(CATALOGUE)),
    "splits": lambda: displays.SplitDisplay.from_splits(
        {"random": assigned(CATALOGUE), "_$g$": assigned(CATALOGUE)}
    ),
    "samples": lambda: displays.SampleSheetDisplay.from_dataset(
        CATALOGUE, "", 3, reader=photograph
    ),
    "groups": lambda: displays.GroupSheetDisplay.from_dataset(CATALOGUE, "", reader=photograph),
    "curves": lambda: displays.LearningCurvesDisplay.from_histories({"one": history()}),
    "seeds": lambda: seed_curves(),
    "runs": lambda: displays.LearningCurvesDisplay.from_histories({n: history() for n in NAMES}),
    "rates": lambda: displays.RateChoiceDisplay.from_rates(RATES),
    "confusion": lambda: displays.ConfusionDisplay.from_evaluation(evaluation()),
    "scores": lambda: displays.PerClassDisplay.from_evaluations({n: evaluation() for n in NAMES}),
    "arms": lambda: displays.ArmsDisplay.from_arms(compared(real=NAMES[2:4])),
    "data-curve": lambda: displays.DataCurveDisplay.from_curve(curve()),
    "cost": lambda: displays.CostDisplay.from_models(MODELS),
    "answers": lambda: displays.AnswerSheetDisplay.from_answers(answers(), "", photograph),
    "heat": lambda: displays.HeatSheetDisplay.from_answers(
        answers(), "", heat(6), heat(6), photograph
    ),
    "layers": lambda: displays.ArchitectureDisplay.from_layers(LAYERS),
    "likeness": lambda: displays.LikenessDisplay.from_likenesses(
        CATALOGUE["label"],
        np.random.default_rng(0).random((len(CATALOGUE), 20)),
        pd.Series(0.4, index=NAMES),
    ),
    "agreement": lambda: displays.AgreementDisplay(AGREEMENT, 0.6),
    "reliability": lambda: displays.ReliabilityDisplay.from_tables(
        {name: reliability(PREDICTIONS) for name in NAMES[:2]}
    ),
    "one-reliability": lambda: displays.ReliabilityDisplay.from_tables(
        {"x" * 90: reliability(PREDICTIONS.iloc[:1])}
    ),
    "abstention": lambda: displays.AbstentionDisplay.from_curves(
        dict.fromkeys(NAMES, accuracy_against_kept(PREDICTIONS))
    ),
    "ranking": lambda: displays.RankingDisplay.from_ranking(rank(models(6), samples=100)),
    "long-ranking": lambda: displays.RankingDisplay.from_ranking(rank(models(10), samples=50)),
    "one-pair": lambda: displays.RankingDisplay.from_ranking(rank(models(2), samples=50)),
    "leak": lambda: displays.LeakDisplay.from_leak(*leak()),
    "one-leak": lambda: displays.LeakDisplay.from_leak(*leak(["cnn"], 2), score="macro_f1"),
    "ladder": lambda: displays.LadderDisplay.from_table(ladder()),
    "steps": lambda: displays.StepsDisplay.from_steps(steps()),
    "folds": lambda: displays.FoldsDisplay.from_summary(folds()),
}


def draw_inside_the_page(display):
    """Draw it as a file is; fail if it takes a name for a formula, or draws beyond the page."""
    with displays.style.our_style():
        display.figure_.draw_without_rendering()
        box = display.figure_.get_tightbbox().transformed(display.figure_.dpi_scale_trans)
        drawn = display.figure_.findobj(matplotlib.text.Text)
        assert not any(text.get_parse_math() for text in drawn)
    page = display.figure_.bbox.padded(1)
    assert page.x0 <= box.x0
    assert box.x1 <= page.x1
    assert page.y0 <= box.y0
    assert box.y1 <= page.y1


def texts(figure):
    """Every visible text of a figure."""
    found = figure.findobj(matplotlib.text.Text)
    return [text.get_text() for text in found if text.get_text() and text.get_visible()]
