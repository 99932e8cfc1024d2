"""What the report says about itself: title, data, headline table and appendix."""

from dataclasses import replace

from wastelib.report import numbers, prose
from wastelib.report.document import Block, Chapter, Prose, Table, chapter
from wastelib.report.results import DatasetResult, ModelResult, Results

TITLE = "Classifying waste from photographs"
SUBTITLE = "A course whose every number can be checked"
DEMO = "Demo data: photographs rendered by this project"
LONGEST_NAME = 60  # characters of a dataset's name that fit on every page


def data_line(dataset: DatasetResult) -> str:
    """What stands on every page: whose photographs the figures are from."""
    if dataset.kind == "demo":
        return DEMO
    name = " ".join(dataset.name.split())
    return "Data: " + (name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…")


def headline(results: Results) -> Table:
    """The models on the test subset, in the order of `results`."""
    columns = {
        "Model": lambda model: model.name,
        "Test accuracy": lambda m: numbers.estimate(m.test_accuracy, m.test_accuracy_interval),
        "Macro F1": lambda m: numbers.estimate(m.test_macro_f1, m.test_macro_f1_interval),
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
    return replace(_table("headline", caption, columns, results.models), anchor="headline")


def facts(results: Results) -> dict[str, str]:
    """The lines below the title."""
    dataset, environment = results.dataset, results.environment
    classes = len(dataset.images_per_class)
    return {
        "Dataset": f"{dataset.name}, {numbers.count(dataset.images)} images in {classes} classes",
        "Profile": results.profile,
        "Date": numbers.moment(environment.finished),
        "Commit": environment.git_commit[:12],
    }


def appendix(results: Results) -> Chapter:
    """How to get these figures again: data, software, machine, parameters, times and runs."""
    dataset, environment = results.dataset, results.environment
    split = dataset.split
    seconds = environment.notebook_seconds
    blocks: list[Block] = [
        _prose(prose.heading(1, "Reproducibility")),
        _prose(
            prose.paragraph(
                "Everything that the figures of this report depend on. The same data, "
                "parameters and commit give the same results up to the noise of the machine; "
                "a run that has the same hash was the same training."
            )
        ),
        _prose(prose.heading(2, "Data")),
        _pairs(
            "data",
            "The photographs and their split.",
            {
                "Dataset": dataset.name,
                "Fingerprint": dataset.fingerprint,
                "Images": numbers.count(dataset.images),
                "Groups": numbers.count(dataset.groups),
                "Skipped files": numbers.count(dataset.skipped),
                "Split": f"by {split.method}, seed {split.seed}",
                "Train / validation / test": " / ".join(
                    numbers.count(size) for size in (split.train, split.validation, split.test)
                ),
            },
        ),
        _prose(prose.heading(2, "Software and machine")),
        _pairs(
            "machine",
            "Where the report was made.",
            {
                "Git commit": environment.git_commit,
                "Finished": numbers.moment(environment.finished),
                "Platform": environment.platform,
                "Processor": f"{environment.processor}, {environment.cores} cores",
                "Memory": f"{environment.memory_bytes / 1e9:.1f} GB",
            },
        ),
        _pairs("versions", "Versions of the software.", environment.versions),
        _prose(prose.heading(2, "Runs")),
        _table(
            "runs",
            "The runs behind the models; the hash names the folder of the run.",
            {
                "Model": lambda model: model.name,
                "Image size": lambda model: f"{model.image_size} px",
                "Epochs": lambda model: numbers.count(model.epochs),
                "Trainable": lambda model: numbers.count(model.trainable_parameters),
                "Test loss": lambda model: f"{model.test_loss:.4f}",
                "Run": lambda model: model.run,
            },
            results.models,
        ),
        _prose(prose.heading(2, "Durations and parameters")),
        _pairs(
            "durations",
            "How long each notebook took.",
            {
                **{name: numbers.duration(spent) for name, spent in seconds.items()},
                "together": numbers.duration(sum(seconds.values())),
            },
            align="right",
        ),
        *(
            _pairs(f"parameters-{name}", f"Parameters of {name}.", _written(parameters))
            for name, parameters in environment.parameters.items()
        ),
    ]
    return chapter("A", "reproducibility", blocks)


def _prose(node: prose.Node) -> Prose:
    return Prose([node])


def _table(name: str, caption: str, columns: dict, models: list[ModelResult]) -> Table:
    """One row for each model; `columns` gives each column's text."""
    heads = [
        {"name": head, "align": "left" if head in ("Model", "Run") else "right"} for head in columns
    ]
    rows = [[text_of(model) for text_of in columns.values()] for model in models]
    return Table(name, caption, heads, rows)


def _pairs(name: str, caption: str, pairs: dict[str, str], align: str = "left") -> Table:
    heads = [{"name": "Item", "align": "left"}, {"name": "Value", "align": align}]
    return Table(name, caption, heads, [list(pair) for pair in pairs.items()])


def _written(parameters: dict) -> dict[str, str]:
    return {name: repr(value) for name, value in parameters.items()}
