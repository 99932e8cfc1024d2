"""The reproducibility appendix: all that the figures of a report depend on."""

from collections.abc import Iterator

from wastelib.report import numbers, prose
from wastelib.report.document import Block, Chapter, Prose, Table, chapter
from wastelib.report.results import DatasetResult, Environment, Results
from wastelib.report.summary import pairs_table, table_of

OPENING = (
    "Everything that the figures of this report depend on. The same data, parameters and "
    "commit give the same results, up to what differs between machines. Two runs with the "
    "same hash were the same training."
)


def appendix(results: Results) -> Chapter:
    """Data, software, machine, runs, times and parameters as a chapter of tables."""
    sections: dict[str, Iterator[Table]] = {
        "Data": _data(results.dataset),
        "Software and machine": _machine(results.environment),
        "Runs": _runs(results),
        "Durations and parameters": _notebooks(results.environment),
    }
    blocks: list[Block] = [Prose([prose.heading(1, "Reproducibility"), prose.paragraph(OPENING)])]
    for title, tables in sections.items():
        blocks += [Prose([prose.heading(2, title)]), *tables]
    return chapter("A", "reproducibility", blocks)


def _data(dataset: DatasetResult) -> Iterator[Table]:
    split = dataset.split
    facts = {
        "Dataset": dataset.name,
        "Fingerprint": dataset.fingerprint,
        "Images": numbers.count(dataset.images),
        "Groups": numbers.count(dataset.groups),
        "Skipped files": numbers.count(dataset.skipped),
        "Split": f"by {split.method}, seed {split.seed}",
        "Training images": numbers.count(split.train),
        "Validation images": numbers.count(split.validation),
        "Test images": numbers.count(split.test),
    }
    yield pairs_table("data", "The photographs and their split.", facts)


def _machine(environment: Environment) -> Iterator[Table]:
    facts = {
        "Git commit": environment.git_commit,
        "Finished": numbers.moment(environment.finished),
        "Platform": environment.platform,
        "Processor": f"{environment.processor}, {environment.cores} cores",
        "Memory": f"{environment.memory_bytes / 1e9:.1f} GB",
    }
    yield pairs_table("machine", "Where the report was made.", facts)
    yield pairs_table("versions", "Versions of the software.", environment.versions)


def _runs(results: Results) -> Iterator[Table]:
    columns = {
        "Model": lambda model: model.name,
        "Image size": lambda model: f"{model.image_size} px",
        "Epochs": lambda model: numbers.count(model.epochs),
        "Trainable": lambda model: numbers.count(model.trainable_parameters),
        "Test loss": lambda model: f"{model.test_loss:.4f}",
        "Run": lambda model: model.run,
    }
    caption = "The runs behind the models; the hash names the folder of the run."
    yield table_of("runs", caption, columns, results.models)
    columns = {
        "Optimizer": lambda rate: rate.optimizer,
        "Learning rate": lambda rate: f"{rate.learning_rate:g}",
        "Momentum": lambda rate: f"{rate.momentum:g}",
        "Epochs": lambda rate: numbers.count(rate.epochs),
        "Validation accuracy": lambda rate: numbers.percent(rate.validation_accuracy),
        "Run": lambda rate: rate.run,
    }
    caption = "The runs behind the comparison of learning rates and optimizers."
    if results.learning_rates:
        yield table_of("rate-runs", caption, columns, results.learning_rates)


def _notebooks(environment: Environment) -> Iterator[Table]:
    seconds = environment.notebook_seconds
    times = {name: numbers.duration(spent) for name, spent in seconds.items()}
    times["together"] = numbers.duration(sum(seconds.values()))
    yield pairs_table("durations", "How long each notebook took.", times, align="right")
    for name, parameters in environment.parameters.items():
        written = {parameter: repr(value) for parameter, value in parameters.items()}
        yield pairs_table(f"parameters-{name}", f"Parameters of {name}.", written)
