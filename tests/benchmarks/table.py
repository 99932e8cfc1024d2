"""The measurements as Markdown."""

HEAD = """\
| What | Precision | Straightforward | Ours | Ratio (least to most) | Target | |
| --- | --- | ---: | ---: | ---: | ---: | --- |
"""
LIMITS_HEAD = """\
| Limit of this machine | Median (least to most) |
| --- | ---: |
"""


def markdown(results: dict) -> str:
    """The table of ratios, and the machine's limits below it."""
    rows = "".join(_row(row) for row in results["measured"])
    limits = "".join(
        f"| {name} | {spread['median']:.3g} ({spread['least']:.3g} to {spread['most']:.3g}) "
        f"{spread['unit']} |\n"
        for name, spread in results["limits"].items()
    )
    machine = results["environment"]
    return (
        f"{'; '.join(results['photographs'])}. {machine['processor']}, {machine['cores']} cores; "
        f"{results['rounds']} rounds, medians.\n\n"
        f"{HEAD}{rows}\n{LIMITS_HEAD}{limits}"
    )


def _row(row: dict) -> str:
    ratio, share = row["ratio"], row["target"] < 1
    shown = "{:.1%}" if share else "{:.2f}"
    spread = f"{shown.format(ratio['least'])} to {shown.format(ratio['most'])}"
    value = f"{shown.format(ratio['median'])} ({spread})"
    bound = ("at least " if row["at_least"] else "under ") + shown.format(row["target"])
    cells = [
        row["what"],
        row["precision"],
        _seconds(row["straightforward_seconds"]),
        _seconds(row["our_seconds"]),
        value,
        bound,
        "met" if row["met"] else "missed",
    ]
    return f"| {' | '.join(cells)} |\n"


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{seconds:.1f} s" if seconds < 600 else f"{seconds / 60:.0f} min"
