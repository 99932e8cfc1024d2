"""A small report made by hand, with everything that real notebooks might put into one."""

import base64
import io
from pathlib import Path
from unittest import mock

import cv2
import nbformat
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from wastelib.displays import ConfusionDisplay, LearningCurvesDisplay, show
from wastelib.displays.style import Display
from wastelib.report.gallery import Gallery, Photograph, thumbnail
from wastelib.report.results import Results

HOSTILE = '<script>alert("owned")</script> & "quotes" $x_ #let *bold* [a](javascript:b) \\'
CLASSES = ["Cardboard", "Food Organics", "Glass", HOSTILE, "紙と段ボール"]
LONG_LINE = (
    "history = train(trial, verbose=False, "
    + ", ".join(f"very_long_option_number_{number}={number}.0" for number in range(12))
    + ', address="'
    + "unbreakable" * 20
    + '")'
)
CITED = "https://proceedings.mlr.press/v70/guo17a.html"  # a work of references.bib
CONFUSION = [[4, 1, 0, 0, 0], [0, 5, 0, 0, 0], [0, 0, 3, 2, 0], [0, 0, 0, 5, 0], [1, 0, 0, 0, 4]]
PARAMETERS = 'seed = 7\nbuild_folder = "build"\nlearning_rate = 0.001\n'


def chart() -> str:
    """A bar chart as SVG."""
    figure = Figure(figsize=(6.5, 3), layout="constrained")
    axes = figure.subplots()
    axes.barh(["Cardboard", "Glass", "Metal"], [461, 420, 790])
    axes.set_xlabel("images")
    file = io.StringIO()
    figure.savefig(file, format="svg")
    return file.getvalue()


def photographs(width: int = 1248, height: int = 500) -> str:
    """A sheet of coloured noise as PNG in base64."""
    noise = np.random.default_rng(0).integers(0, 255, (height // 50, width // 50, 3), np.uint8)
    sheet = cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    return base64.b64encode(cv2.imencode(".png", sheet)[1].tobytes()).decode()


def figure(name: str, data: dict, caption: str, alt: str, table: dict | None = None):
    """One output as `wastelib.displays.show` publishes it; `table` is what stands behind it."""
    about = {"kind": "figure", "name": name, "caption": caption, "alt": alt}
    if table is not None:
        about["data"] = table
    return new_output("display_data", data=data, metadata={"wastelib": about})


def shown(display: Display, name: str, caption: str):
    """The output that `wastelib.displays.show` publishes for a display."""
    with mock.patch("wastelib.displays.publish.publish_display_data") as publish:
        show(display, name=name, caption=caption)
    data, metadata = publish.call_args.args
    return new_output("display_data", data=data, metadata=metadata)


def table(name: str, caption: str, columns: dict[str, str], rows: list[list[str]]):
    """One output as `wastelib.displays.table` publishes it."""
    heads = [{"name": head, "align": align} for head, align in columns.items()]
    about = {"kind": "table", "name": name, "caption": caption, "columns": heads, "rows": rows}
    data = {"text/html": "<table>untrusted</table>", "text/plain": "plain"}
    return new_output("display_data", data=data, metadata={"wastelib": about})


def code(source: str, *outputs, tags: tuple[str, ...] = ()):
    """A code cell that has run."""
    return new_code_cell(source, outputs=list(outputs), metadata={"tags": list(tags)})


def notebooks() -> dict[str, nbformat.NotebookNode]:
    """Three executed notebooks by their stems."""
    scores = [[name, "0.91", "0.87", "0.89", f"{n}"] for n, name in enumerate(CLASSES, 80)]
    counts = [[name, *(str(n * m) for m in range(1, 11))] for n, name in enumerate(CLASSES, 7)]
    wide = {"true \\ predicted": "left", **{f"class number {n}": "right" for n in range(10)}}
    return {
        "01_data_preparation": _notebook(
            new_markdown_cell(
                "# Preparing the data\n\n**Which photographs are there, and how are they split "
                "without one item on two sides?** The notebook counts the images of each class, "
                "looks for files that cannot be read, and writes the split that every model "
                "shares; [the custom network](02_custom_cnn.ipynb) is trained on it."
            ),
            code('seed = 42  # of the split\nbuild_folder = "build"', tags=("parameters",)),
            code("# Parameters\n" + PARAMETERS, tags=("injected-parameters",)),
            new_markdown_cell(
                "## The images of each class\n\nWith $n_c$ images in class $c$, the weight is\n\n"
                "$$w_c = \\frac{\\sum_{k=1}^{K} n_k}{K \\, n_c}.$$\n\n"
                "- a class with few images weighs more\n- `class_weight` takes it\n\n"
                "Typed by hand: <img src=x onerror=alert(1)> and 5 < 6 & 7 > 2."
            ),
            code(
                'counts = catalogue.groupby("label").size()\nshow(ClassCounts(counts))',
                figure(
                    "class-counts",
                    {"image/svg+xml": chart(), "text/plain": "chart"},
                    f"Images of each class; the rarest is {HOSTILE}.",
                    f"Bar chart: Metal has 790 images, {HOSTILE} the fewest.",
                ),
            ),
            new_markdown_cell("## Samples\n\nSee [the counts](#figure-class-counts)."),
            code(
                "show(sheet)",
                figure("samples", {"image/png": photographs()}, "Samples.", "Noise in colours"),
                figure(
                    "tall-sheet",
                    {"image/png": photographs(700, 2600)},
                    "A sheet that is higher than a page.",
                    "More noise in colours",
                ),
            ),
            code("secret = 'never shown'", tags=("remove-cell",)),
            code("hidden_code()", new_output("stream", text="kept output\n"), tags=("hide-input",)),
        ),
        "02_custom_cnn": _notebook(
            new_markdown_cell("# A custom CNN & its <b>layers</b>\n\nHow far does it get?"),
            new_markdown_cell(
                "## Training\n\nProbabilities are scaled "
                f"([Guo et al. 2017]({CITED})).\n\n"
                "| Layer | Output |\n|---|--:|\n| Conv 32 | 64 x 64 |\n\n"
                "```python\nunclosed = 'fence'"
            ),
            code(
                LONG_LINE,
                new_output("stream", name="stdout", text="epoch 1\repoch 2\repoch 3\n"),
                new_output("stream", name="stdout", text="\x1b[31mred\x1b[0m\n" + "line\n" * 400),
            ),
            code(
                "report",
                table(
                    "class-scores",
                    "Precision, recall and F1.",
                    {"Class": "left", **dict.fromkeys(["Precision", "Recall", "F1"], "right")}
                    | {"Support": "right"},
                    scores,
                ),
                new_output("display_data", data={"text/markdown": "The best is **Metal**."}),
            ),
            code(
                "show(curves)",
                shown(
                    LearningCurvesDisplay.from_histories({HOSTILE: history()}),
                    "learning-curves",
                    "Accuracy and loss.",
                ),
                shown(
                    ConfusionDisplay(np.array(CONFUSION), tuple(CLASSES)),
                    "confusion",
                    "Which class is taken for which.",
                ),
            ),
            code(
                "raise ValueError",
                new_output("error", ename="ValueError", evalue=HOSTILE, traceback=["a", "b"]),
            ),
        ),
        "05_model_comparison": _notebook(
            new_markdown_cell("# Comparing the models\n\n## Which model is better?"),
            code(
                "confusion",
                table("confusion", "A table wider than a page.", wide, counts),
                new_output(
                    "execute_result",
                    data={"text/html": "<script>alert(2)</script>", "text/plain": "<Axes: >"},
                    execution_count=1,
                ),
                new_output("display_data", data={"image/png": photographs(400, 300)}),
            ),
        ),
    }


def history() -> pd.DataFrame:
    """Three epochs of a training."""
    falling, rising = [1.9, 1.4, 1.0], [0.3, 0.5, 0.7]
    scores = {"loss": falling, "val_loss": falling, "accuracy": rising, "val_accuracy": rising}
    return pd.DataFrame({"epoch": [1, 2, 3], **scores})


def gallery() -> Gallery:
    """Photographs that fit the results: two models that answer 25 images as `CONFUSION` says."""
    said = [
        (row, column)
        for row, counts in enumerate(CONFUSION)
        for column, images in enumerate(counts)
        for _ in range(images)
    ]
    draw = np.random.default_rng(0)
    photographs = [
        Photograph(
            name=f"{CLASSES[label]}/{HOSTILE} {number}.jpg",
            label=label,
            answers=[(predicted, 0.9), (label, 0.6)],
            content=thumbnail(draw.integers(0, 255, (60, 80, 3), np.uint8)),
        )
        for number, (label, predicted) in enumerate(said)
    ]
    right = np.diag([5] * len(CLASSES)).tolist()
    names = ["Custom CNN", HOSTILE]
    return Gallery(names, CLASSES, [CONFUSION, right], photographs, 40)


def results(name: str = "Demo data (rendered)", kind: str = "demo") -> Results:
    """Results that fit the notebooks."""
    scores = {"precision": 0.9, "recall": 0.8, "f1": 0.85, "support": 20}

    def model(name: str, accuracy: float, parameters: int) -> dict:
        return {
            "name": name,
            "kind": "custom",
            "image_size": 64,
            "parameters": parameters,
            "trainable_parameters": parameters // 2,
            "size_bytes": parameters * 4,
            "epochs": 20,
            "train_seconds": parameters / 1e5,
            "image_milliseconds": parameters / 1e6,
            "test_accuracy": accuracy,
            "test_accuracy_interval": (accuracy - 0.05, accuracy + 0.05),
            "test_macro_f1": accuracy - 0.02,
            "test_macro_f1_interval": (accuracy - 0.07, accuracy + 0.03),
            "test_loss": 1.9897,
            "per_class": dict.fromkeys(CLASSES, scores),
            "confusion_matrix": [[4] * 5] * 5,
            "run": "1ede08b32358ee62065bcc1c8cb47a2e",
        }

    return Results.model_validate(
        {
            "profile": "synthetic",
            "dataset": {
                "name": name,
                "kind": kind,
                "fingerprint": "1ede08b32358ee62065bcc1c8cb47a2ece04e8dff5b1fb53342bb8750895b2f3",
                "images": 1200,
                "groups": 400,
                "skipped": 2,
                "images_per_class": dict.fromkeys(CLASSES, 240),
                "split": {
                    "method": "group",
                    "seed": 42,
                    "train": 720,
                    "validation": 240,
                    "test": 240,
                },
            },
            "models": [
                model("Custom CNN", 0.6183, 33_583_177),
                model("MobileNetV2-0.35, fine-tuned", 0.8637, 575_000),
                model(HOSTILE, 0.5, 1_200_000),
            ],
            "learning_rates": [
                {
                    "optimizer": optimizer,
                    "learning_rate": rate,
                    "momentum": 0.0,
                    "epochs": 5,
                    "validation_accuracy": 0.6,
                    "validation_loss": None,
                    "chosen": rate == 1e-3,
                    "run": "2ede08b32358ee62065bcc1c8cb47a2e",
                }
                for optimizer, rate in [("adam", 1e-4), ("adam", 1e-3), ("sgd", 1e-2)]
            ],
            "environment": {
                "versions": {"python": "3.11.2", "tensorflow": "2.21.0", "keras": "3.15.0"},
                "platform": "Linux-6.1-x86_64",
                "processor": "A processor with a long name @ 2.40GHz",
                "cores": 2,
                "memory_bytes": 25_000_000_000,
                "git_commit": "b524f1b0c6a5f1d9ff2f6a3b7b1a8a6f6f3e5d4c",
                "finished": "2025-11-22T17:33:05+00:00",
                "notebook_seconds": {"01_data_preparation": 12.5, "02_custom_cnn": 125.0},
                "ledger": {
                    "notebooks": [
                        _spent("01_data_preparation", 3.2, 0.0, 9.3, kept=True),
                        _spent("02_custom_cnn", 8.1, 1114.6, 2.3, "published CNN", HOSTILE),
                    ],
                    "collect_seconds": 2.4,
                    "page_seconds": 1.5,
                    "pdf_seconds": 3.3,
                },
                "parameters": {"02_custom_cnn": {"seed": 42, "learning_rate": 0.001}},
            },
        }
    )


def _spent(
    notebook: str, setup: float, training: float, other: float, *names: str, kept: bool = False
) -> dict:
    """Where the time of a notebook with these trainings went."""
    trainings = [
        {
            "name": name,
            "run": "1ede08b32358ee62",
            "epochs": 20,
            "seconds": 500.5,
            "feature_seconds": 12.3,
            "trained_here": True,
        }
        for name in names
    ]
    return {
        "notebook": notebook,
        "setup_seconds": setup,
        "training_seconds": training,
        "other_seconds": other,
        "kept": kept,
        "trainings": trainings,
    }


def write_notebooks(folder: Path, contents: dict | None = None) -> list[Path]:
    """Write notebooks, by default all of `notebooks()`, and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for stem, notebook in (contents or notebooks()).items():
        paths.append(folder / f"{stem}.ipynb")
        nbformat.write(notebook, paths[-1])
    return paths


def one_notebook(*cells) -> dict[str, nbformat.NotebookNode]:
    """A single executed notebook with these cells below its title."""
    return {"01_only": _notebook(new_markdown_cell("# The only chapter"), *cells)}


def _notebook(*cells) -> nbformat.NotebookNode:
    language = {"language_info": {"name": "python"}}
    return new_notebook(cells=list(cells), metadata=language)
