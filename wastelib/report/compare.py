"""What changed between two builds: read from what they recorded, and nothing of them is run."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from wastelib.displays import estimate
from wastelib.errors import WasteError
from wastelib.report import numbers, prose
from wastelib.report.blocks import Block, Chapter, Prose, Table
from wastelib.report.document import chapter, printable
from wastelib.report.results import Interval, ModelResult, Results

NOTHING = "\N{EN DASH}"
MOST_BYTES = 50_000_000  # of results.json; ours have a thousandth of it
MOST_ROWS = 30  # of the tables whose rows are sorted by the size of the change
Facts = dict[str, str]


@dataclass(frozen=True)
class Side:
    """One of the two builds: the folder, and what it recorded."""

    folder: Path
    results: Results


def open_side(path: Path) -> Side:
    """A build folder or a results.json, of this version of wastelib or another that can be read.

    Fields that this version does not know are passed over. Raises `WasteError` for a build that
    did not get so far as to record its results, and for a file that is not such a record.
    """
    file = path / "results.json" if path.is_dir() else path
    try:
        if file.stat().st_size > MOST_BYTES:
            raise WasteError("this is too large for recorded results", where=file)
        results = Results.model_validate_json(file.read_bytes(), extra="ignore")
    except OSError as error:
        raise WasteError(
            f"no recorded results can be read: {error.strerror}",
            where=file,
            remedy="name a folder of report/build or report/recorded; a build that was stopped "
            "has no results yet",
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise WasteError(
            f"this is no record that can be compared: {place}: {printable(first['msg'])} "
            f"({error.error_count()} faults in all)",
            where=file,
            remedy="build it again: it is broken, or its wastelib was too different from this one",
        ) from error
    return Side(file.parent, results)


def compare(a: Side, b: Side) -> list[Chapter]:
    """What differs, as chapters of tables; what is the same is said to be so, not shown."""
    sections: dict[str, Iterator[Block]] = {
        "Data": _data(a.results, b.results),
        "Parameters and software": _parameters(a.results, b.results),
        "Scores": _scores(a.results, b.results),
        "Durations": _durations(a.results, b.results),
        "Answers and tables": _words(a.results, b.results),
    }
    return [
        chapter(str(number), title, [Prose([prose.heading(1, title)]), *blocks])
        for number, (title, blocks) in enumerate(sections.items(), start=1)
    ]


def as_text(chapters: list[Chapter]) -> str:
    """The same for a terminal."""
    lines = []
    for part in chapters:
        lines += ["", part.title.upper()]
        for block in part.blocks:
            if block.kind == "prose":
                lines += [prose.text(node) for node in block.tree if node["t"] == "Para"]
            elif block.kind == "table":
                lines += ["", block.caption, *_aligned(block)]
    return "\n".join(lines[1:])


def _aligned(table: Table) -> Iterator[str]:
    rows = [[column["name"] for column in table.columns], *table.rows]
    rows = [[cell if len(cell) <= 60 else cell[:59] + "…" for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.rjust(width) if column["align"] == "right" else cell.ljust(width)
            for cell, width, column in zip(row, widths, table.columns, strict=True)
        ]
        yield "  ".join(["", *cells]).rstrip()


def _data(a: Results, b: Results) -> Iterator[Block]:
    def facts(results: Results) -> Facts:
        dataset, split = results.dataset, results.dataset.split
        return {
            "Dataset": dataset.name,
            "Fingerprint": dataset.fingerprint[:16],
            "Images": numbers.count(dataset.images),
            "Groups": numbers.count(dataset.groups),
            "Skipped files": numbers.count(dataset.skipped),
            "Split": f"by {split.method}, seed {split.seed}",
            "Training images": numbers.count(split.train),
            "Validation images": numbers.count(split.validation),
            "Test images": numbers.count(split.test),
        } | {
            f"Images of {name}": numbers.count(images)
            for name, images in dataset.images_per_class.items()
        }

    yield from _changes("data", "Photographs and split.", facts(a), facts(b))


def _parameters(a: Results, b: Results) -> Iterator[Block]:
    def parameters(results: Results) -> Facts:
        notebooks = results.environment.parameters
        return {f"{book}: {p}": repr(v) for book, of in notebooks.items() for p, v in of.items()}

    def software(results: Results) -> Facts:
        made = results.environment
        return {
            "Profile": results.profile,
            "Commit": numbers.commit(made.git_commit),
            "Finished": made.finished,
            "Platform": made.platform,
            "Processor": f"{made.processor}, {made.cores} cores",
        } | made.versions

    yield from _changes("parameters", "Parameters.", parameters(a), parameters(b))
    yield from _changes("software", "Software and machine.", software(a), software(b))


def _scores(a: Results, b: Results) -> Iterator[Block]:
    if not _same_test(a, b):
        yield _say(
            "The two builds were tested on different images, so that their scores may differ "
            "for that reason alone."
        )
    ours, theirs = ({model.name: model for model in side.models} for side in (a, b))
    for score, name in (("test_accuracy", "Test accuracy"), ("test_macro_f1", "Macro F1")):
        rows = [
            [model, *_pair(score, ours.get(model), theirs.get(model), _same_test(a, b))]
            for model in _both(ours, theirs)
        ]
        yield _table(score, f"{name} with 95 % intervals.", ["Model", "A", "B", "Points", ""], rows)
    classes = [
        (model, label, one.f1, theirs[model].per_class[label].f1)
        for model in ours
        if model in theirs
        for label, one in ours[model].per_class.items()
        if label in theirs[model].per_class
    ]
    classes = sorted((c for c in classes if c[2] != c[3]), key=lambda c: -abs(c[3] - c[2]))
    if classes:
        rows = [[m, c, f"{x:.2f}", f"{y:.2f}", f"{y - x:+.2f}"] for m, c, x, y in classes]
        heads = ["Model", "Class", "A", "B", "Change"]
        yield _table("class-f1", "F1 of classes, the largest change first.", heads, rows)
    yield from _changes("rates", "Validation accuracy of rates.", _rates(a), _rates(b))


def _pair(
    score: str, a: ModelResult | None, b: ModelResult | None, same_test: bool
) -> tuple[str, str, str, str]:
    """A model's score on both sides, their difference, and what can be said of it."""
    shown = [
        estimate(getattr(model, score), getattr(model, f"{score}_interval")) if model else NOTHING
        for model in (a, b)
    ]
    if a is None or b is None:
        return *shown, NOTHING, f"only in {'A' if b is None else 'B'}"
    points = f"{100 * (getattr(b, score) - getattr(a, score)):+.1f}"
    intervals = [getattr(model, f"{score}_interval") for model in (a, b)]
    word = "intervals overlap" if _overlap(*intervals) else "intervals apart"
    if a.run == b.run:
        word = "the same trial"
    return *shown, points, word if same_test else f"{word}; other test images"


def _rates(results: Results) -> Facts:
    return {
        f"{rate.optimizer} {rate.learning_rate:g}, momentum {rate.momentum:g}": estimate(
            rate.validation_accuracy, rate.validation_accuracy_interval
        )
        + (", chosen" if rate.chosen else "")
        for rate in results.learning_rates
    }


def _durations(a: Results, b: Results) -> Iterator[Block]:
    def seconds(results: Results) -> dict[str, float]:
        books = results.environment.notebook_seconds
        trained = {f"training {m.name}": m.train_seconds for m in results.models}
        return books | {"all notebooks": sum(books.values())} | trained

    ours, theirs = seconds(a), seconds(b)
    rows = []
    for what in _both(ours, theirs):
        one, other = ours.get(what), theirs.get(what)
        shown = [NOTHING if value is None else numbers.duration(value) for value in (one, other)]
        rows.append([what, *shown, f"{other / one:.2f}" if one and other is not None else NOTHING])
    heads = ["What", "A", "B", "B / A"]
    yield _table(
        "durations", "Durations; a notebook that was kept has its earlier ones.", heads, rows
    )


def _words(a: Results, b: Results) -> Iterator[Block]:
    yield from _changes("answers", "What the notebooks end with.", a.answers, b.answers)
    ours, theirs = ({(t.notebook, t.name): t for t in side.tables} for side in (a, b))
    rows = []
    for key in _both(ours, theirs):
        if key not in ours or key not in theirs:
            rows.append([*key, f"only in {'A' if key in ours else 'B'}"])
        elif (ours[key].columns, ours[key].rows) != (theirs[key].columns, theirs[key].rows):
            rows.append([*key, _what_changed(ours[key].rows, theirs[key].rows)])
    if rows:
        yield _table("tables", "Tables that differ.", ["Notebook", "Table", "What"], rows)
    else:
        yield _say("Tables: the same.")


def _what_changed(a: list[list[str]], b: list[list[str]]) -> str:
    if [len(row) for row in a] != [len(row) for row in b]:
        return f"{len(a)} rows, now {len(b)}; or other columns"
    cells = [
        (x, y) for one, other in zip(a, b, strict=True) for x, y in zip(one, other, strict=True)
    ]
    changed = [pair for pair in cells if pair[0] != pair[1]]
    if not changed:
        return "names of columns"
    return (
        f"{len(changed)} of {len(cells)} cells, the first from {changed[0][0]} to {changed[0][1]}"
    )


def _changes(name: str, caption: str, a: Facts, b: Facts) -> Iterator[Block]:
    """The facts that differ, or a sentence that none does."""
    rows = [
        [key, a.get(key, NOTHING), b.get(key, NOTHING)]
        for key in _both(a, b)
        if a.get(key) != b.get(key)
    ]
    if rows:
        yield _table(name, caption, ["What", "A", "B"], rows)
    else:
        yield _say(f"{caption.rstrip('.')}: the same.")


def _table(name: str, caption: str, heads: list[str], rows: list[list[str]]) -> Table:
    if len(rows) > MOST_ROWS and heads[-1] == "Change":
        caption, rows = f"{caption} {len(rows) - MOST_ROWS} more are left out.", rows[:MOST_ROWS]
    right = {"Points", "Change", "B / A"}
    columns = [{"name": head, "align": "right" if head in right else "left"} for head in heads]
    return Table(name, caption, columns, [[printable(cell) for cell in row] for row in rows])


def _say(words: str) -> Prose:
    return Prose([prose.paragraph(words)])


def _both(a: dict, b: dict) -> list:
    """The keys of both, in the order of the first."""
    return list(dict.fromkeys([*a, *b]))


def _same_test(a: Results, b: Results) -> bool:
    return (a.dataset.fingerprint, a.dataset.split) == (b.dataset.fingerprint, b.dataset.split)


def _overlap(a: Interval, b: Interval) -> bool:
    return max(a[0], b[0]) <= min(a[1], b[1])
