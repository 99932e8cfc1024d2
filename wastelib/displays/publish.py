"""What a notebook shows, in the form that the report reads back.

Every figure, table and computed sentence is one `display_data` output; its metadata under
the key `wastelib` carries what a report needs and a picture does not say.
"""

import html
import io
import re
from collections.abc import Mapping

import matplotlib
import numpy as np
import pandas as pd
from IPython.display import publish_display_data
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from wastelib.displays.style import Display, one_line, our_style

SCREEN_DPI = 96
MISSING = "\N{EN DASH}"


def show(display: Display | Figure, *, name: str, caption: str, alt: str | None = None) -> None:
    """Publish a figure: charts as SVG, photographs as PNG with two pixels per screen pixel.

    `name` is unique within a notebook and names the file in the report (lower-case words
    joined by hyphens). `alt` is for readers who do not see the figure; a display has its
    own. The table behind a display is published with it, each number to
    six digits. The same figure gives the same bytes each time.
    """
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise ValueError(f"{name!r} is no figure name: lower-case words joined by hyphens")
    if isinstance(display, Display):
        figure = display.figure_ if hasattr(display, "figure_") else display.plot().figure_
        alt = alt or display.alt
    else:
        figure = display
    if not alt:
        raise ValueError(f"the figure {name!r} needs an alternative text (alt=)")
    photographs = any(ax.images for ax in figure.axes)
    with our_style():
        mime, picture = _png(figure) if photographs else ("image/svg+xml", _svg(figure, name))
    about = {"kind": "figure", "name": name, "caption": caption, "alt": alt}
    if isinstance(display, Display):
        about["data"] = _data(display)  # after the drawing, which settles where things are
    width, height = (round(inches * SCREEN_DPI) for inches in figure.get_size_inches())
    size = {mime: {"width": width, "height": height}} if photographs else {}
    publish_display_data({mime: picture, "text/plain": alt}, {"wastelib": about, **size})
    _close(figure)


def table(
    frame: pd.DataFrame, *, name: str, caption: str, formats: Mapping[str, str] | None = None
) -> None:
    """Publish the columns of `frame` as a table; its index is not shown.

    `formats` maps a column to a format string such as "{:.1%}". Numbers stand at the right,
    whole ones with thousands separators, missing values are a dash.
    """
    formats = dict(formats or {})
    if unknown := set(formats) - set(frame.columns):
        raise ValueError(f"formats for columns that the table has not: {sorted(unknown)}")
    columns = [
        {"name": str(column), "align": "right" if _is_number(frame[column]) else "left"}
        for column in frame.columns
    ]
    cells = [_cells(frame[column], formats.get(column)) for column in frame.columns]
    rows = [list(row) for row in zip(*cells, strict=True)]
    about = {"kind": "table", "name": name, "caption": caption, "columns": columns, "rows": rows}
    plain = pd.DataFrame(rows, columns=[column["name"] for column in columns])
    bundle = {"text/html": _html(columns, rows), "text/plain": plain.to_string(index=False)}
    publish_display_data(bundle, {"wastelib": about})


def say(markdown: str) -> None:
    """Publish prose that was computed; names from the data go through `escape_markdown`."""
    publish_display_data({"text/markdown": markdown, "text/plain": markdown})


def estimate(share: float, interval: tuple[float, float] | None) -> str:
    """A share and its 95 % interval: '86.4% (84.1-88.4)', with an en dash.

    The share alone where there is no interval, as for a training that diverged.
    """
    low, high = interval or (None, None)
    if pd.isna(low):
        return f"{share:.1%}"
    return f"{share:.1%} ({100 * low:.1f}\N{EN DASH}{100 * high:.1f})"


def difference(value: float, interval: tuple[float, float]) -> str:
    """A difference of shares and its 95 % interval, in percentage points: '+2.1 (-0.3 to +4.5)'."""
    low, high = interval
    return f"{100 * value:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"


def escape_markdown(text: object) -> str:
    """Any text as Markdown that reads as that text, on one line.

    Markdown takes a backslash before every ASCII punctuation mark (CommonMark 0.31, 2.4).
    """
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", one_line(text))


def _data(display: Display) -> dict[str, list]:
    """The table behind a drawn figure: columns, rows of texts, places of the rows if it has any.

    A place is (x, y) in shares of the picture from its upper left corner, at the axes' border
    for a row beyond it, or None for one that is not drawn.
    """
    columns = [list(map(_exact, column)) for _, column in display.data.items()]
    rows = [list(row) for row in zip(*columns, strict=True)]
    data = {"columns": list(map(str, display.data.columns)), "rows": rows}
    if places := [_place(*place) for place in display.places()]:
        data["places"] = places
    return data


def _place(ax: Axes, x: float, y: float) -> tuple[float, float] | None:
    if not np.isfinite([x, y]).all():
        return None
    inside = np.clip(x, *sorted(ax.get_xlim())), np.clip(y, *sorted(ax.get_ylim()))
    right, up = ax.figure.transFigure.inverted().transform(ax.transData.transform(inside))
    return round(float(right), 4), round(float(1 - up), 4)


def _exact(value: object) -> str:
    """A cell of the table behind a figure: for other programs to read, so without separators."""
    if pd.isna(value):
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _svg(figure: Figure, name: str) -> str:
    file = io.StringIO()
    # The ids inside an SVG are random without a salt; the name keeps those of two figures
    # on one page apart.
    with matplotlib.rc_context({"svg.hashsalt": name, "svg.id": f"figure-{name}"}):
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return file.getvalue()


def _png(figure: Figure) -> tuple[str, bytes]:
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=2 * SCREEN_DPI, metadata={"Software": None})
    return "image/png", file.getvalue()


def _close(figure: Figure) -> None:
    """Forget a figure that pyplot made, or the notebook would show it a second time."""
    from matplotlib import pyplot

    pyplot.close(figure)


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _cells(column: pd.Series, template: str | None) -> list[str]:
    if template is None:
        whole = pd.api.types.is_integer_dtype(column)
        template = "{:,}" if whole else "{:.4g}" if _is_number(column) else "{}"
    return [MISSING if pd.isna(value) else template.format(value) for value in column]


def _html(columns: list[dict], rows: list[list[str]]) -> str:
    def line(tag: str, texts: list[str]) -> str:
        cells = (
            f'<{tag} style="text-align: {column["align"]}">{html.escape(text)}</{tag}>'
            for column, text in zip(columns, texts, strict=True)
        )
        return f"<tr>{''.join(cells)}</tr>"

    head = line("th", [column["name"] for column in columns])
    body = "\n".join(line("td", row) for row in rows)
    return f'<table class="wastelib">\n<thead>{head}</thead>\n<tbody>\n{body}\n</tbody>\n</table>'
