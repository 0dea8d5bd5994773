"""Draw a storm's report: run by an image's Python, by itself."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Okabe and Ito's colours, which any colour vision tells apart; a marker each beside them.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
_MARKERS = "osD^vP*X<>"
# Where the colours begin again.
_LINES = ("-", "--", ":")


def _packets(sample: dict[str, Any]) -> float:
    # A logarithm has no zero.
    return float(max(1, sum(one["packets"] for one in sample["asked"])))


def _last(sample: dict[str, Any]) -> float:
    return float(sample["last"])


_ROWS: tuple[tuple[Callable[[dict[str, Any]], float], str], ...] = (
    (_packets, "metadata packets in all"),
    (_last, "s from launch to the last rank"),
)


def draw(report: dict[str, Any], picture: Path) -> None:
    """Draw packets and times, cold, by ranks on a node and by nodes."""
    from matplotlib.figure import Figure  # noqa: PLC0415
    from matplotlib.ticker import LogLocator  # noqa: PLC0415

    # The last program does most.
    program = report["samples"][-1]["program"]
    samples = [
        one
        for one in report["samples"]
        if one["program"] == program and one["temperature"] == "cold"
    ]
    nodes = sorted({one["nodes"] for one in samples})
    ranks = sorted({one["ranks"] for one in samples})
    columns = (
        ("ranks", "nodes", nodes[0], f"ranks on {nodes[0]} node(s)"),
        ("nodes", "ranks", ranks[-1], f"nodes of {ranks[-1]} rank(s)"),
    )
    rows = [row for row in _ROWS if row[0] is not _packets or samples[0]["asked"]]
    figure = Figure(figsize=(10, 1.5 + 3.5 * len(rows)), layout="constrained")
    panels = figure.subplots(len(rows), len(columns), squeeze=False, sharey="row")
    names = list(dict.fromkeys(one["configuration"] for one in samples))
    for row, (what, label) in zip(panels, rows, strict=True):
        row[0].set_ylabel(label)
        for axes, (along, fixed, at, title) in zip(row, columns, strict=True):
            for index, name in enumerate(names):
                values: dict[int, list[float]] = {}
                for one in samples:
                    if (one["configuration"], one[fixed]) == (name, at):
                        values.setdefault(one[along], []).append(what(one))
                steps = sorted(values)
                style = {
                    "color": _COLOURS[index % len(_COLOURS)],
                    "marker": _MARKERS[index % len(_MARKERS)],
                    "linestyle": _LINES[index // len(_COLOURS) % len(_LINES)],
                }
                medians = [statistics.median(values[step]) for step in steps]
                axes.plot(steps, medians, label=name, alpha=0.8, **style)
            axes.set_xscale("log", base=2)
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter("{x:,.10g}")
            axes.yaxis.set_minor_locator(LogLocator(subs=(2, 5)))
            axes.yaxis.set_minor_formatter("{x:,.10g}")
            axes.set_xticks(steps, [str(step) for step in steps])
            axes.set_xlabel(title)
            axes.spines[["top", "right"]].set_visible(False)
    machine = report["machine"]
    where = f"{report.get('site', 'MooseFS')}: {machine['processor']}, {machine['cores']} cores"
    figure.suptitle(f"The program '{program}', cold, {where}")
    handles = panels[0][0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=4)
    figure.savefig(picture, dpi=80, pil_kwargs={"optimize": True})


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
