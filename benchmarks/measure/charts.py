"""Draw the pictures of all reports: run by an image's Python, by itself.

``charts.py REPORT PICTURE``: the picture's name says which one, and its report which series.
"""

from __future__ import annotations

import itertools
import json
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

Report = Mapping[str, Any]
# The middle, and from where to where it varies.
Point = tuple[float, float, float]

# Okabe and Ito's colours, which any colour vision tells apart.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
_MARKERS = "osD^vP*X<>"
# Two of the places that are measured, both unpacked on one disk; the tables have all.
_PLACES = {("wheels", "venv"): "a venv with wheels", ("hpcpy", "host"): "hpcpy"}
_STORAGES = {
    "cached": "image in memory",
    "dropped": "on the local disk",
    "slow": "200 MB/s, 1 ms a request",
}
# The tables have all.
_STARTS = ("pass", "numpy", "core", "core + kernel", "core + MPI_Init")
_MOUNT = "kernel"
_STORM = ("venv", "wheels-sif-shared", "static-sif", "static-sif-shared", "static-files")
_RATIOS = (
    ("write", "npy", "hdf5", "one process writes"),
    ("write", "mpi-scatter", "hdf5-parallel", "two ranks write"),
    ("read", "npy", "hdf5", "read by number, out of the page cache"),
)


def of(report: Report) -> list[str]:
    """Return the names of a report's pictures."""
    return [name for name, (benchmark, _) in _PICTURES.items() if benchmark == report["benchmark"]]


def figure(width: float, height: float, title: str = "") -> Any:
    """Return an empty figure, in inches."""
    from matplotlib.figure import Figure  # noqa: PLC0415

    made = Figure(figsize=(width, height), layout="constrained")
    if title:
        made.suptitle(title)
    return made


def machine(report: Report) -> str:
    """Return what a report was measured on, for a title."""
    found = report["machine"]
    return f"{found['processor']}, {found['cores']} cores"


def legend(made: Any, axes: Any, where: str = "lower", columns: int = 0) -> None:
    """Show what the colours mean, beside all panels."""
    handles, labels = axes.get_legend_handles_labels()
    options = {"ncols": columns or len(labels), "frameon": False}
    made.legend(handles, labels, loc=f"outside {where} center", **options)


def bars(
    axes: Any,
    names: Sequence[str],
    series: Mapping[str, Sequence[Point]],
    form: Callable[[float], str] | None = "{:,.0f}".format,
) -> None:
    """Draw a horizontal bar a name and series, with its spread and its number."""
    height = 0.8 / max(1, len(series))
    for index, (label, points) in enumerate(series.items()):
        rows = [row - 0.4 + (index + 0.5) * height for row in range(len(names))]
        middle = [point[0] for point in points]
        options = {"xerr": _spread(points), "error_kw": {"lw": 0.8}}
        drawn = axes.barh(rows, middle, height * 0.9, color=COLOURS[index], label=label, **options)
        if form:
            axes.bar_label(drawn, map(form, middle), padding=3, fontsize="small")
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.margins(x=0.2)
    axes.spines[["top", "right"]].set_visible(False)


def points(axes: Any, series: Mapping[str, Mapping[int, Point]], names: Sequence[str]) -> None:
    """Draw points with their spread, beside each other where series have the same name."""
    width = 0.6 / max(1, len(series))
    for index, (label, found) in enumerate(series.items()):
        places = [place - 0.3 + (index + 0.5) * width for place in found]
        middle = [point[0] for point in found.values()]
        options = {"fmt": "o", "capsize": 3, "color": COLOURS[index], "label": label}
        axes.errorbar(places, middle, _spread([*found.values()]), **options)
    turned = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"} if len(names) > 5 else {}
    axes.set_xticks(range(len(names)), names, **turned)
    axes.set_xlim(-0.5, len(names) - 0.5)
    axes.spines[["top", "right"]].set_visible(False)


def _spread(found: Sequence[Point]) -> list[list[float]]:
    return [
        [middle - low for middle, low, _ in found],
        [high - middle for middle, _, high in found],
    ]


def _median(values: Sequence[float], factor: float = 1, less: float = 0) -> Point:
    """Return the median, the least and the most."""
    middle, low, high = ((f(values) - less) * factor for f in (statistics.median, min, max))
    return middle, low, high


def _unique(found: Sequence[Mapping[str, Any]], *keys: str) -> list[Any]:
    values = (tuple(one[key] for key in keys) for one in found)
    return list(dict.fromkeys(value if len(keys) > 1 else value[0] for value in values))


def _startup(report: Report) -> Any:
    """Draw off-node calls and processor time side by side, wheels against hpcpy."""
    found = {(one["image"], one["place"], one["case"]): one for one in report["results"]}
    cases = [case for case in _STARTS if case in _unique(report["results"], "case")]
    title = f"{len(report['results'][0]['cpu'])} samples each: {machine(report)}"
    made = figure(9, 1.6 + 0.5 * len(cases), title)
    calls, times = made.subplots(1, 2, sharey=True)
    asked, taken = {}, {}
    for place, name in _PLACES.items():
        # An image that was not measured has no bars.
        mine = [found[*place, case] for case in cases if (*place, case) in found]
        if mine:
            asked[name] = [_median([one["counts"]["off_node"]]) for one in mine]
            taken[name] = [_median(one["cpu"], 1e3) for one in mine]
    bars(calls, cases, asked)
    bars(times, cases, taken)
    calls.set_xlabel("off-node path calls")
    times.set_xlabel("processor time, ms (median, least to most)")
    for axes in (calls, times):
        axes.xaxis.set_major_formatter("{x:,.0f}")
    legend(made, calls)
    return made


def _cold(report: Report) -> Any:
    """Draw what starts take above `true` by the kernel's mount, two bars a case."""
    results = [one for one in report["results"] if one["mount"] == _MOUNT]
    storages = _unique(results, "storage")
    title = f"Starts on a fresh mount, {len(results[0]['wall'])} samples each: {machine(report)}"
    made = figure(11, 3.4, title)
    panels = made.subplots(1, len(storages) + 1, sharey=True)
    shown = [(storage, "wall", 1e3) for storage in storages] + [(storages[-1], "read", 1e-6)]
    for axes, (storage, key, factor) in zip(panels, shown, strict=True):
        mine = [
            one
            for one in results
            if one["storage"] == storage and one["case"] in ("true", *_STARTS[:3])
        ]
        bars(axes, _STARTS[:3], _above_true(mine, key, factor))
        axes.set_title(_STORAGES[storage], fontsize="medium")
        axes.set_xlabel("MB read above `true`" if key == "read" else "ms above `true`")
        # A sample below `true` would move the bars' foot into the picture.
        axes.set_xlim(left=0)
        axes.locator_params(axis="x", nbins=3)
    legend(made, panels[0])
    return made


def _above_true(
    found: Sequence[Mapping[str, Any]], key: str, factor: float
) -> dict[str, list[Point]]:
    series: dict[str, list[Point]] = {}
    for image in _unique(found, "image"):
        mine = {one["case"]: one[key] for one in found if one["image"] == image and one[key]}
        if mine:
            true = statistics.median(mine.pop("true"))
            series[image] = [_median(values, factor, true) for values in mine.values()]
    return series


def _features(report: Report) -> Any:
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
        axes.set_title(case)
    legend(made, panels[0])
    return made


def _overhead(report: Report) -> Any:
    """Draw each size's difference with its interval, a panel an arrangement."""
    results = report["results"]
    title = f"Messages inside a container against outside: {machine(report)}"
    made = figure(3.6 * len(results) + 1, 4, title)
    panels = made.subplots(1, len(results), sharey=True, squeeze=False)[0]
    for axes, one in zip(panels, results, strict=True):
        names = [_size(name) for name in one["intervals"]]
        found = {
            place: _interval(each, lambda ratio: 100 * (ratio - 1))
            for place, each in enumerate(one["intervals"].values())
        }
        points(axes, {"": found}, names)
        axes.axhline(0, color="black", lw=0.8)
        axes.axhline(1, color="grey", lw=0.8, ls="--")
        axes.text(8.4, 1.05, "the goal", color="grey", ha="right", fontsize="small")
        axes.set_title(f"{one['arrangement']['title']}, {len(one['ratios']['8'])} launches")
    panels[0].set_ylabel("inside takes more, %, and 95 % interval")
    return made


def _interval(found: Mapping[str, float], of: Callable[[float], float] = float) -> Point:
    return of(found["ratio"]), of(found["low"]), of(found["high"])


def _size(name: str) -> str:
    if not name.isdecimal():
        return name
    for unit, factor in (("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)):
        if int(name) % factor == 0:
            return f"{int(name) // factor} {unit}"
    return name


def _write(report: Report) -> Any:
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


def _storm(report: Report) -> Any:
    """Draw requests and times of the larger program, cold, by nodes of the most ranks."""
    program = report["samples"][-1]["program"]
    ranks = max(one["ranks"] for one in report["samples"])
    samples = [
        one
        for one in report["samples"]
        if (one["program"], one["temperature"], one["ranks"]) == (program, "cold", ranks)
        and one["configuration"] in _STORM
    ]
    made = figure(9.5, 4, f"{ranks} ranks on each node import {program}: {machine(report)}")
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
    names = [name for name in _STORM if name in _unique(found, "configuration")]
    for name, colour, marker in zip(names, COLOURS, _MARKERS, strict=False):
        mine = [one for one in found if one["configuration"] == name]
        steps = sorted(_unique(mine, "nodes"))
        medians = [
            statistics.median(value(one) for one in mine if one["nodes"] == step) for step in steps
        ]
        axes.plot(steps, medians, label=name, color=colour, marker=marker)
        axes.set_xticks(steps, map(str, steps))
    axes.yaxis.set_major_formatter("{x:,.10g}")
    axes.spines[["top", "right"]].set_visible(False)


def _validation(report: Report) -> Any:
    """Draw the model beside measurements, and its curves to the most ranks beside others'."""
    made = figure(9.6, 8.4)
    panels = made.subplot_mosaic("AB;CC")
    for colour, one in zip(COLOURS, report["curves"], strict=False):
        # Conda's times depend on interpreters, the container's on nodes.
        along, title = one["along"], one["title"]
        mine = [run for run in report["measured"] if run["environment"] == one["environment"]]
        mine.sort(key=lambda run: run[one["along"]])
        places = [run[along] for run in mine]
        measured, predicted = ([run[key] for run in mine] for key in ("seconds", "predicted"))
        panels["A"].plot(places, measured, ".", color=colour, alpha=0.5, label=f"{title}, {along}")
        label = f"the model, {one['errors']['median']:.0%} off"
        panels["A"].plot(places, predicted, color=colour, label=label)
        model = report["model"]
        times = model["seconds"][one["environment"]]
        panels["C"].plot(model["ranks"], times, color=colour, label=f"the model: {title}")
    for colour, one in zip(COLOURS[2:], report["storms"], strict=False):
        measured, predicted = (
            [case[key] for case in one["cases"]] for key in ("measured", "predicted")
        )
        label = f"{one['title']}: {one['errors']['median']:.0%} off"
        panels["B"].plot(measured, predicted, ".", color=colour, alpha=0.6, label=label)
    panels["B"].axline((1, 1), (2, 2), ls="--", color="0.6", label="equal")
    sources = dict.fromkeys((one["what"], one["source"]) for one in report["published"])
    for marker, (what, source) in zip(_MARKERS, sources, strict=False):
        of_it = [
            one for one in report["published"] if (one["what"], one["source"]) == (what, source)
        ]
        places, times = [one["ranks"] for one in of_it], [one["seconds"] for one in of_it]
        style = {"color": "0.3", "label": f"{what} ({source})"}
        panels["C"].plot(places, times, marker, **style)
        for one in of_it:
            is_below = any(_is_just_below(one, each) for each in report["published"])
            away, side = ((-6, -3), "right") if is_below else ((6, -3), "left")
            style = {"textcoords": "offset points", "fontsize": "small", "color": "0.3"}
            place = (one["ranks"], one["seconds"])
            panels["C"].annotate(one["where"], place, away, ha=side, **style)
    seconds = "seconds to the last"
    words = {
        "A": ("NIH, eight libraries on NFS", "interpreters, or nodes", f"{seconds} interpreter"),
        "B": ("make storm", f"measured: {seconds} rank", f"by the model: {seconds} rank"),
        "C": ("The model of NIH's starts, and times of others", "ranks", f"{seconds} rank"),
    }
    for name, axes in panels.items():
        title, xlabel, ylabel = words[name]
        axes.set(xscale="log", yscale="log", title=title, xlabel=xlabel, ylabel=ylabel)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize="small")
    return made


def _is_just_below(one: Mapping[str, float], other: Mapping[str, float]) -> bool:
    """Tell whether the words of two points would lie on each other."""
    seconds, ranks = (other[key] / one[key] for key in ("seconds", "ranks"))
    return 1 < seconds < 1.3 and 0.5 < ranks < 2


# Picture -> its report's benchmark, and what draws it.
_PICTURES: dict[str, tuple[str, Callable[[Report], Any]]] = {
    "startup": ("startup", _startup),
    "cold": ("cold", _cold),
    "features": ("features", _features),
    "overhead": ("overhead", _overhead),
    "write-places": ("write-places", _write),
    "storm": ("storm", _storm),
    "import-at-scale": ("import-at-scale", _validation),
}


if __name__ == "__main__":
    report, picture = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
    _PICTURES[picture.stem][1](report).savefig(picture, dpi=120)
