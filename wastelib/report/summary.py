"""What the report says about itself: title, abstract, data and headline table."""

import re
from collections.abc import Callable
from dataclasses import replace

from wastelib.displays import estimate
from wastelib.report import numbers
from wastelib.report.document import Table, printable
from wastelib.report.results import DatasetResult, Results

TITLE = "Classifying waste from photographs"
SUBTITLE = "A course whose every number can be checked"
DEMO = "Demo data: photographs rendered by this project"
LEFT_COLUMNS = ("Model", "Notebook", "Optimizer", "Run", "Step", "Trained", "When")
LONGEST_NAME = 60  # characters of a dataset's name that fit on every page
ABSTRACT_OF = ("05_model_comparison", "06_the_leak", "07_trust")  # notebooks of headline answers


def data_line(dataset: DatasetResult) -> str:
    """What stands on every page: whose photographs the figures are from."""
    if dataset.kind == "demo":
        return DEMO
    name = " ".join(printable(dataset.name).split())
    return "Data: " + (name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…")


def abstract(results: Results) -> str:
    """The report in one paragraph: the data, what the custom network reaches, main answers."""
    dataset, split = results.dataset, results.dataset.split
    divided = "so that no item stands on two sides" if split.method == "group" else "at random"
    sentences = [
        f"{numbers.count(dataset.images)} photographs of {numbers.count(dataset.groups)} items "
        f"in {len(dataset.images_per_class)} classes, divided {divided}, are classified by "
        "networks that learn from them alone and by pretrained ones."
    ]
    for model in results.models[:1]:
        accuracy = estimate(model.test_accuracy, model.test_accuracy_interval)
        sentences.append(
            f"{printable(model.name)} is right on {accuracy} of the {numbers.count(split.test)} "
            "test images; brackets hold 95 % intervals."
        )
    for notebook in ABSTRACT_OF:
        sentences += re.split(r"(?<=\.)\s+(?=[A-Z])", results.answers.get(notebook, ""))[:2]
    return printable(" ".join(filter(None, sentences)))


def headline(results: Results) -> Table:
    """The models on the test subset, in the order of `results`."""
    columns = {
        "Model": lambda model: model.name,
        "Test accuracy": lambda m: estimate(m.test_accuracy, m.test_accuracy_interval),
        "Macro F1": lambda m: estimate(m.test_macro_f1, m.test_macro_f1_interval),
        "Parameters": lambda model: numbers.count(model.parameters),
        "Size": lambda model: numbers.megabytes(model.size_bytes),
        "Training": lambda model: numbers.duration(model.train_seconds),
        "Per image": lambda model: numbers.milliseconds(model.image_milliseconds),
    }
    split = results.dataset.split
    caption = (
        f"The models on the same {numbers.count(split.test)} test images, "
        "with 95 % intervals in brackets."
    )
    return replace(table_of("headline", caption, columns, results.models), anchor="headline")


def facts(results: Results) -> dict[str, str]:
    """The lines below the title."""
    dataset, environment = results.dataset, results.environment
    images, classes = numbers.count(dataset.images), len(dataset.images_per_class)
    return {
        "Dataset": f"{printable(dataset.name)}, {images} images in {classes} classes",
        "Profile": results.profile,
        "Date": numbers.moment(environment.finished),
        "Commit": numbers.commit(environment.git_commit),
    }


def table_of(name: str, caption: str, columns: dict[str, Callable], records: list) -> Table:
    """One row for each record; `columns` maps a column's name to the text it shows."""
    heads = [
        {"name": head, "align": "left" if head in LEFT_COLUMNS else "right"} for head in columns
    ]
    rows = [[printable(text_of(record)) for text_of in columns.values()] for record in records]
    return Table(name, caption, heads, rows)


def pairs_table(name: str, caption: str, pairs: dict[str, str], align: str = "left") -> Table:
    """Two columns: what it is, and its value."""
    heads = [{"name": "Item", "align": "left"}, {"name": "Value", "align": align}]
    return Table(name, caption, heads, [list(map(printable, pair)) for pair in pairs.items()])
