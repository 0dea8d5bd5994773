"""What all charts are made of: figures, bars with their spread, a legend."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

Report = Mapping[str, Any]
# The middle, and from where to where it varies.
Point = tuple[float, float, float]

# Okabe and Ito's colours, which any colour vision tells apart.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
MARKERS = "osD^vP*X<>"


def figure(width: float, height: float, title: str = "") -> Any:
    """Return an empty figure, in inches."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    made = Figure(figsize=(width, height), layout="constrained")
    made.get_layout_engine().set(w_pad=0.1, h_pad=0.1)
    if title:
        made.suptitle(title)
    return made


def machine(report: Report) -> str:
    """Return what a report was measured on, for a title."""
    found = report["machine"]
    return f"{found['processor']}, {found['cores']} cores"


def legend(made: Any, axes: Any) -> None:
    """Show what the colours mean, below all panels."""
    handles, labels = axes.get_legend_handles_labels()
    # More in a row would be cut at the edges.
    options = {"ncols": min(len(labels), 3), "frameon": False}
    made.legend(handles, labels, loc="outside lower center", **options)


def bars(
    axes: Any, names: Sequence[str], series: Mapping[str, Sequence[Point]]
) -> None:
    """Draw a horizontal bar a name and series, with its spread and its number."""
    height = 0.8 / max(1, len(series))
    for index, (label, points) in enumerate(series.items()):
        rows = [row - 0.4 + (index + 0.5) * height for row in range(len(names))]
        middle = [point[0] for point in points]
        options = {"xerr": _spread(points), "error_kw": {"lw": 0.8}}
        drawn = axes.barh(rows, middle, height * 0.9, color=COLOURS[index], label=label, **options)
        axes.bar_label(drawn, map("{:,.0f}".format, middle), padding=3, fontsize="small")
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.margins(x=0.2)
    axes.spines[["top", "right"]].set_visible(False)


def _spread(found: Sequence[Point]) -> list[list[float]]:
    return [
        [middle - low for middle, low, _ in found],
        [high - middle for middle, _, high in found],
    ]


def median(values: Sequence[float], factor: float = 1, less: float = 0) -> Point:
    """Return the median, the least and the most."""
    middle, low, high = ((f(values) - less) * factor for f in (statistics.median, min, max))
    return middle, low, high


def unique(found: Sequence[Mapping[str, Any]], *keys: str) -> list[Any]:
    """Return the values of a key, or of several together, each once."""
    values = (tuple(one[key] for key in keys) for one in found)
    return list(dict.fromkeys(value if len(keys) > 1 else value[0] for value in values))
