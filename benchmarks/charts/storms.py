"""Many ranks that start at once: measured, and by the model."""

import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from charts.axes import COLOURS, MARKERS, Report, figure, legend, machine, unique
from charts.names import plain

_STORM = ("venv", "wheels-sif-shared", "static-sif", "static-sif-shared", "static-files")


def storm(report: Report) -> Any:
    """Draw requests and times of the larger program, cold, by nodes of the most ranks."""
    program = report["samples"][-1]["program"]
    ranks = max(one["ranks"] for one in report["samples"])
    samples = [
        one
        for one in report["samples"]
        if (one["program"], one["temperature"], one["ranks"]) == (program, "cold", ranks)
        and one["configuration"] in _STORM
    ]
    title = f"{ranks} ranks on each node import numpy, numba, h5py, mpi4py; empty caches\n"
    cases = Counter((one["configuration"], one["nodes"]) for one in samples)
    times = f"samples each: {max(cases.values())}, {report['date'][:10]}"
    made = figure(9.5, 4.4, f"{title}{machine(report)} for all nodes; {times}")
    panels: dict[str, Callable[[Mapping[str, Any]], float]] = {
        "requests to the metadata server": lambda one: sum(
            each["packets"] for each in one["asked"]
        ),
        "seconds to the last rank": lambda one: one["last"],
    }
    for axes, (label, value) in zip(made.subplots(1, 2), panels.items(), strict=True):
        _lines(axes, samples, value)
        axes.set(xlabel="nodes", ylabel=label)
    legend(made, axes)
    return made


def _lines(
    axes: Any, found: Sequence[Mapping[str, Any]], value: Callable[[Mapping[str, Any]], float]
) -> None:
    """Draw a line of medians a configuration over the nodes, on logarithmic axes."""
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    names = [name for name in _STORM if name in unique(found, "configuration")]
    for name, colour, marker in zip(names, COLOURS, MARKERS, strict=False):
        mine = [one for one in found if one["configuration"] == name]
        steps = sorted(unique(mine, "nodes"))
        medians = [
            statistics.median(value(one) for one in mine if one["nodes"] == step) for step in steps
        ]
        axes.plot(steps, medians, label=plain(name).replace("`", ""), color=colour, marker=marker)
        axes.set_xticks(steps, map(str, steps))
    axes.yaxis.set_major_formatter("{x:,.10g}")
    axes.spines[["top", "right"]].set_visible(False)


def validation(report: Report) -> Any:
    """Draw the model beside measurements, and its curves to the most ranks."""
    made = figure(9.6, 8.4)
    panels = made.subplot_mosaic("AB;CC")
    _curves(panels["A"], panels["C"], report)
    for colour, one in zip(COLOURS[2:], report["storms"], strict=False):
        measured, predicted = (
            [case[key] for case in one["cases"]] for key in ("measured", "predicted")
        )
        label = f"{one['title']}: {one['errors']['median']:.0%} off"
        panels["B"].plot(measured, predicted, ".", color=colour, alpha=0.6, label=label)
    panels["B"].axline((1, 1), (2, 2), ls="--", color="0.6", label="equal")
    seconds = "seconds to the last"
    words = {
        "A": ("NIH, eight libraries on NFS", "interpreters, or nodes", f"{seconds} interpreter"),
        "B": ("make storm", f"measured: {seconds} rank", f"by the model: {seconds} rank"),
        "C": ("The model of NIH's starts", "ranks", f"{seconds} rank"),
    }
    for name, axes in panels.items():
        title, xlabel, ylabel = words[name]
        axes.set(xscale="log", yscale="log", title=title, xlabel=xlabel, ylabel=ylabel)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize="small", loc="upper left")
    # Room for the legend above the points.
    panels["B"].set_ylim(top=2_000)
    return made


def _curves(near: Any, far: Any, report: Report) -> None:
    """Draw each environment's measurements with the model's times, and the model's for more."""
    for colour, one in zip(COLOURS, report["curves"], strict=False):
        # Conda's times depend on interpreters, the container's on nodes.
        along, title = one["along"], one["title"]
        mine = [run for run in report["measured"] if run["environment"] == one["environment"]]
        mine.sort(key=lambda run: run[one["along"]])
        places = [run[along] for run in mine]
        measured, predicted = ([run[key] for run in mine] for key in ("seconds", "predicted"))
        near.plot(places, measured, ".", color=colour, alpha=0.5, label=f"{title}, {along}")
        label = f"the model, {one['errors']['median']:.0%} off"
        near.plot(places, predicted, color=colour, label=label)
        model = report["model"]
        times = model["seconds"][one["environment"]]
        far.plot(model["ranks"], times, color=colour, label=f"the model: {title}")
