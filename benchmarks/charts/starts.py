"""Starts of Python, and what each feature saves."""

import itertools
import statistics
from typing import Any

from charts.axes import Point, Report, bars, figure, legend, machine, median, unique
from charts.names import plain

# Two of the places that are measured, both unpacked on one disk; the JSON has all.
_PLACES = {
    ("wheels", "venv"): "ordinary packages in a virtual environment",
    ("hpcpy", "host"): "hpcpy",
}
# The JSON has all.
_STARTS = ("pass", "numpy", "core", "core + kernel", "core + MPI_Init")


def startup(report: Report) -> Any:
    """Draw off-node calls and processor time side by side, wheels against hpcpy."""
    found = {(one["image"], one["place"], one["case"]): one for one in report["results"]}
    cases = [case for case in _STARTS if case in unique(report["results"], "case")]
    title = (
        f"{len(report['results'][0]['cpu'])} samples each, {report['date'][:10]}: {machine(report)}"
    )
    made = figure(9, 1.6 + 0.5 * len(cases), title)
    calls, times = made.subplots(1, 2, sharey=True)
    asked, taken = {}, {}
    for place, name in _PLACES.items():
        # An image that was not measured has no bars.
        mine = [found[*place, case] for case in cases if (*place, case) in found]
        if mine:
            asked[name] = [median([one["counts"]["off_node"]]) for one in mine]
            taken[name] = [median(one["cpu"], 1e3) for one in mine]
    names = list(map(plain, cases))
    bars(calls, names, asked)
    bars(times, names, taken)
    calls.set_xlabel("off-node path calls")
    times.set_xlabel("processor time, ms (median, least to most)")
    for axes in (calls, times):
        axes.xaxis.set_major_formatter("{x:,.0f}")
    legend(made, calls)
    return made


def features(report: Report) -> Any:
    """Draw the shares of processor time that each feature saves, alone and as the last."""
    cases, features = ("pass", "numpy", "core", "core + kernel"), report["features"]
    cpu = {(one["image"], one["case"]): one["cpu"] for one in report["results"]}
    # The variants without and with a feature, as features.py names them.
    ways = {
        "added to the plain interpreter": ("plain", "plain + {}"),
        "as the last of all": ("all but {}", "all features"),
    }
    title = (
        "Processor time that each feature saves, % of the start without it: medians and "
        f"quartiles of {len(report['results'][0]['cpu'])} rounds\n{machine(report)}"
    )
    made = figure(10, 2 + 0.38 * len(features), title)
    panels = made.subplots(1, len(cases), sharey=True, sharex=True)
    for axes, case in zip(panels, cases, strict=True):
        series: dict[str, list[Point]] = {way: [] for way in ways}
        for (way, pair), feature in itertools.product(ways.items(), features):
            slower, faster = (cpu[name.format(feature), case] for name in pair)
            saved = [100 * (1 - b / a) for a, b in zip(slower, faster, strict=True)]
            low, middle, high = statistics.quantiles(saved, n=4)
            series[way].append((middle, low, high))
        bars(axes, features, series, None)
        axes.axvline(0, color="black", lw=0.8)
        axes.set_title(plain(case))
    legend(made, panels[0])
    return made
