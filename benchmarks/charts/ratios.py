"""Ratios with their intervals: one file against many."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from charts.axes import Point, Report, figure, legend, machine, points

_RATIOS = (
    ("write", "npy", "hdf5", "one process writes"),
    ("write", "mpi-scatter", "hdf5-parallel", "two ranks write"),
    ("read", "npy", "hdf5", "read by number, out of the page cache"),
)


def _interval(found: Mapping[str, float]) -> Point:
    return found["ratio"], found["low"], found["high"]


def write(report: Report) -> Any:
    """Draw how many times faster one HDF5 file is, a panel a way to use it."""
    title = f"One HDF5 file in place of many .npy files: {machine(report)}"
    made = figure(10, 4, title)
    panels = made.subplots(1, len(_RATIOS), sharey=True)

    def size(one: Mapping[str, Any]) -> str:
        return f"{one['arrays']:,}\n× {one['side']}²"

    for axes, (workload, many, one, name) in zip(panels, _RATIOS, strict=True):
        wanted = (workload, many, one)
        found = [
            each
            for each in report["ratios"]
            if (each["workload"], each["slower"], each["faster"]) == wanted
        ]
        _by_place(axes, report, found, size, lambda each: _interval(each["interval"]))
        axes.set_title(f"{name}\n{many} / {one}", fontsize="medium")
        axes.axhline(1, color="black", lw=0.8)
        axes.set(yscale="log", ylim=(0.02, 30))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.set_xlabel("arrays × their size")
    panels[0].set_ylabel("so many times faster, 95 % interval")
    legend(made, panels[0])
    return made


def _by_place(
    axes: Any,
    report: Report,
    found: Sequence[Mapping[str, Any]],
    name: Callable[[Mapping[str, Any]], str],
    point: Callable[[Mapping[str, Any]], Point],
) -> None:
    """Draw a point a sample, by its name, a series a place."""
    names = list(dict.fromkeys(map(name, found)))
    series = {
        place: {names.index(name(one)): point(one) for one in found if one["place"] == place}
        for place in report["places"]
    }
    points(axes, series, names)
