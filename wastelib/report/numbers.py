"""How the report writes numbers: each kind of quantity in one place."""

import re
from datetime import datetime


def count(number: int) -> str:
    """33583177 -> '33,583,177'."""
    return f"{number:,}"


def megabytes(size_bytes: int) -> str:
    """134332708 -> '134.3 MB' (a million bytes each)."""
    return f"{size_bytes / 1e6:,.1f} MB"


def duration(seconds: float) -> str:
    """'4.2 s', '2 min 05 s' or '3 h 07 min'."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min"


def seconds(value: float) -> str:
    """1234.56 -> '1,234.6', for a column that names the unit; a dash for nothing."""
    return f"{value:,.1f}" if value else "\N{EN DASH}"


def milliseconds(value: float) -> str:
    """12.34 -> '12.3 ms'."""
    return f"{value:,.1f} ms"


def moment(iso: str) -> str:
    """'2025-11-22T17:33:05+00:00' -> '22 November 2025, 17:33 UTC'."""
    time = datetime.fromisoformat(iso)
    return f"{time.day} {time:%B %Y, %H:%M} UTC"


def commit(name: str) -> str:
    """A commit by its first twelve digits, with what else is said of it: '+changes'."""
    return re.sub(r"^([0-9a-f]{12})[0-9a-f]{28}", r"\1", name)
