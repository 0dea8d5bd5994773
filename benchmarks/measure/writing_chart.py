"""Draw many files against one, at several places: run by the image's Python, by itself."""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any

# Okabe and Ito's colours, which any colour vision tells apart.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00")
# The arrays of which each technique is shown.
_SHOWN = (1_000, 100)
_TICKS = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20)
_PANELS = (
    ("write", "npy", "hdf5", "one process writes"),
    ("write", "mpi-scatter", "hdf5-parallel", "two ranks write"),
    ("read", "npy", "hdf5", "read by number, out of the page cache"),
)


def draw(report: dict[str, Any], picture: Path) -> None:
    """Draw the times of all techniques, HDF5 against files, and the share of open."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(11, 9), layout="constrained")
    grid = figure.add_gridspec(2, 4, height_ratios=(1, 1))
    colours = dict(zip(report["places"], _COLOURS, strict=False))
    _times(figure.add_subplot(grid[0, :]), report, colours)
    first = None
    for column, (workload, many, one, title) in enumerate(_PANELS):
        axes = figure.add_subplot(grid[1, column], sharey=first)
        _ratios(axes, _of(report, workload, many, one), colours)
        axes.set_title(f"{title}\n{many} / {one}", fontsize=10)
        first = first or axes
    if first is not None:
        first.set_ylabel("HDF5 is faster so many times, 95 % interval")
    _opening(figure.add_subplot(grid[1, 3]), report, colours)
    machine, number = report["machine"], len(report["results"][0]["seconds"])
    figure.suptitle(
        f"Writing and reading arrays, {number} rounds: {machine['processor']}, "
        f"{machine['cores']} cores, {machine['kernel']}"
    )
    figure.savefig(picture, dpi=120)


def _times(axes: Any, report: dict[str, Any], colours: dict[str, str]) -> None:
    shown = [one for one in report["results"] if (one["arrays"], one["side"]) == _SHOWN]
    names = list(dict.fromkeys((one["workload"], one["technique"]) for one in shown))
    width = 0.8 / len(colours)
    for index, (place, colour) in enumerate(colours.items()):
        mine = {(one["workload"], one["technique"]): one for one in shown if one["place"] == place}
        places = [names.index(name) - 0.4 + (index + 0.5) * width for name in mine]
        times = [[1e3 * value for value in one["seconds"]] for one in mine.values()]
        middle = [statistics.median(values) for values in times]
        spread = [
            [value - min(each) for each, value in zip(times, middle, strict=True)],
            [max(each) - value for each, value in zip(times, middle, strict=True)],
        ]
        axes.errorbar(places, middle, spread, fmt="o", color=colour, capsize=3, label=place)
    labels = [f"{workload} {name}" for workload, name in names]
    axes.set_xticks(range(len(names)), labels, rotation=30, ha="right", rotation_mode="anchor")
    axes.set_yscale("log")
    axes.set_ylabel("ms, median, least to most")
    axes.yaxis.set_major_formatter("{x:,g}")
    axes.minorticks_off()
    axes.set_title(f"{_SHOWN[0]:,} arrays of {_SHOWN[1]} × {_SHOWN[1]}", fontsize=10)
    axes.legend()
    axes.spines[["top", "right"]].set_visible(False)


def _of(report: dict[str, Any], workload: str, many: str, one: str) -> list[dict[str, Any]]:
    wanted = (workload, many, one)
    return [
        each
        for each in report["ratios"]
        if (each["workload"], each["slower"], each["faster"]) == wanted
    ]


def _ratios(axes: Any, found: list[dict[str, Any]], colours: dict[str, str]) -> None:
    sizes = list(dict.fromkeys((one["arrays"], one["side"]) for one in found))
    for index, (place, colour) in enumerate(colours.items()):
        mine = [one for one in found if one["place"] == place]
        shift = 0.12 * (index - (len(colours) - 1) / 2)
        places = [sizes.index((one["arrays"], one["side"])) + shift for one in mine]
        middle = [one["interval"]["ratio"] for one in mine]
        below = [one["interval"]["ratio"] - one["interval"]["low"] for one in mine]
        above = [one["interval"]["high"] - one["interval"]["ratio"] for one in mine]
        axes.errorbar(places, middle, [below, above], fmt="o", color=colour, capsize=3)
    axes.axhline(1, color="black", lw=0.8)
    axes.set_yscale("log")
    axes.set_yticks(_TICKS, [f"{tick:g}" for tick in _TICKS])
    axes.minorticks_off()
    _by_size(axes, sizes)


def _opening(axes: Any, report: dict[str, Any], colours: dict[str, str]) -> None:
    found = [one for one in report["results"] if one["opening"]]
    sizes = list(dict.fromkeys((one["arrays"], one["side"]) for one in found))
    for place, colour in colours.items():
        mine = [one for one in found if one["place"] == place]
        places = [sizes.index((one["arrays"], one["side"])) for one in mine]
        axes.plot(places, [statistics.median(one["opening"]) for one in mine], "o-", color=colour)
    axes.axhline(40, color="grey", lw=0.8, ls="--")
    axes.text(0, 41, "the talk", color="grey", fontsize=9)
    axes.set_ylim(bottom=0)
    axes.set_title("npy: time in open, %", fontsize=10)
    _by_size(axes, sizes)


def _by_size(axes: Any, sizes: list[tuple[int, int]]) -> None:
    axes.set_xticks(
        range(len(sizes)),
        [f"{count:,} × {side}²" for count, side in sizes],
        rotation=30,
        fontsize=9,
    )
    axes.set_xlim(-0.5, len(sizes) - 0.5)
    axes.spines[["top", "right"]].set_visible(False)


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
