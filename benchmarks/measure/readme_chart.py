"""Draw the README's picture from a report of starts: run by an image's Python, by itself."""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any

# The places and colours of chart.py: an image runs each program without the other.
_PLACES = {
    ("wheels", "venv"): ("a virtual environment with wheels", "#0072b2"),
    ("hpcpy", "host"): ("hpcpy", "#d55e00"),
}
# Case -> what a passer-by calls it.
_CASES = {
    "pass": "a bare start",
    "numpy": "import numpy",
    "core": "import numpy, numba,\nmpi4py, h5py, viztracer",
}


def draw(report: dict[str, Any], picture: Path) -> None:
    """Draw path calls and processor time side by side, wheels against hpcpy."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    found = {(one["image"], one["place"], one["case"]): one for one in report["results"]}
    figure = Figure(figsize=(8.3, 3), layout="constrained")
    calls, times = figure.subplots(1, 2, sharey=True)
    for index, (place, (name, colour)) in enumerate(_PLACES.items()):
        mine = [found[*place, case] for case in _CASES]
        rows = [row + 0.4 * (index - 0.5) for row in range(len(mine))]
        counts = [one["counts"]["path_calls"] for one in mine]
        middle = [statistics.median(one["cpu"]) * 1e3 for one in mine]
        for axes, values in ((calls, counts), (times, middle)):
            bars = axes.barh(rows, values, height=0.36, color=colour, label=name)
            axes.bar_label(bars, [f"{value:,.0f}" for value in values], padding=3)
    calls.set_yticks(range(len(_CASES)), list(_CASES.values()))
    calls.invert_yaxis()
    calls.set_xlabel("file-system calls of one start (open, stat …)")
    times.set_xlabel("processor time with warm caches, ms")
    for axes in (calls, times):
        axes.spines[["top", "right"]].set_visible(False)
        axes.margins(x=0.16)
        axes.xaxis.set_major_formatter("{x:,.0f}")
    handles = calls.get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper center", ncols=len(_PLACES), frameon=False)
    figure.savefig(picture, dpi=150)


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
