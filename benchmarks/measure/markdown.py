"""Tables in Markdown, and what their cells share."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1) -> str:
    """Return a table; all but the first few columns are numbers."""
    lines = [_line(head), f"|{'---|' * words}{'--:|' * (len(head) - words)}\n", *map(_line, rows)]
    return "".join(lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def milliseconds(seconds: float) -> str:
    """Return a time as a cell."""
    return f"{seconds * 1e3:,.{0 if seconds >= 0.1 else 1}f}"
