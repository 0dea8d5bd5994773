"""Starts of Python."""

from typing import Any

from charts.axes import Report, bars, figure, legend, machine, median, unique
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
