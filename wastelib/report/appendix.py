"""The reproducibility appendix: all that the figures of a report depend on."""

from collections.abc import Iterator

from wastelib.displays import estimate
from wastelib.report import numbers, prose
from wastelib.report.document import Block, Chapter, Prose, Table, chapter
from wastelib.report.results import DatasetResult, Environment, Ledger, Results
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
        "Where the time went": _ledger(results.environment.ledger),
        "Parameters": _parameters(results.environment),
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
        "Precision": lambda model: model.precision,
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
        "Validation accuracy": lambda rate: estimate(
            rate.validation_accuracy, rate.validation_accuracy_interval
        ),
        "Run": lambda rate: rate.run,
    }
    caption = "The runs behind the comparison of learning rates and optimizers."
    if results.learning_rates:
        yield table_of("rate-runs", caption, columns, results.learning_rates)


def _ledger(ledger: Ledger | None) -> Iterator[Table]:
    if ledger is None:
        return
    rows = [
        (book.notebook, book.setup_seconds, book.training_seconds, book.other_seconds)
        for book in ledger.notebooks
    ]
    rows += [
        ("collecting results, figures", 0, 0, ledger.collect_seconds),
        ("page", 0, 0, ledger.page_seconds),
        ("PDF", 0, 0, ledger.pdf_seconds),
    ]
    rows.append(("together", *(sum(row[part] for row in rows) for part in (1, 2, 3))))
    columns = {
        "Step": lambda row: row[0],
        "Set-up": lambda row: numbers.seconds(row[1]),
        "Training": lambda row: numbers.seconds(row[2]),
        "Other": lambda row: numbers.seconds(row[3]),
        "Together": lambda row: numbers.seconds(sum(row[1:])),
    }
    kept = [book.notebook for book in ledger.notebooks if book.kept]
    caption = (
        f"Seconds of each step, {numbers.duration(sum(rows[-1][1:]))} in all; less went by if "
        "notebooks ran side by side. Set-up is the kernel's start and end and the imports."
    )
    if kept:
        caption += f" Times of an earlier build, since nothing had changed: {', '.join(kept)}."
    yield table_of("ledger", caption, columns, rows)
    trainings = [(book, each) for book in ledger.notebooks for each in book.trainings]
    columns = {
        "Notebook": lambda row: row[0].notebook,
        "Trained": lambda row: row[1].name,
        "Epochs": lambda row: numbers.count(row[1].epochs),
        "Seconds": lambda row: numbers.seconds(row[1].seconds),
        "Of which features": lambda row: numbers.seconds(row[1].feature_seconds),
        "When": lambda row: "now" if row[1].trained_here and not row[0].kept else "earlier",
    }
    caption = (
        "The trainings. Seconds are those of the epochs and of the pass that computes a frozen "
        "backbone's features, when they were made; trainings that read the same features each "
        "name that one pass. The cells that train also start processes and write runs."
    )
    if trainings:
        yield table_of("trainings", caption, columns, trainings)


def _parameters(environment: Environment) -> Iterator[Table]:
    for name, parameters in environment.parameters.items():
        written = {parameter: repr(value) for parameter, value in parameters.items()}
        yield pairs_table(f"parameters-{name}", f"Parameters of {name}.", written)
