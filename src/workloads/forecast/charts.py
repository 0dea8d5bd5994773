"""A forecast or a validation as a picture; the model's times are lines, and named so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workloads.bench import plot
from workloads.forecast import others, tables

_MODELS = "the model's"
_COLOUR = dict(zip(others.CURVES, plot.COLOURS, strict=False))


def draw(path: Path, made: dict[str, Any]) -> None:
    """Draw a forecast or a validation.

    Parameters
    ----------
    path
        The picture: png, pdf or svg.
    made
        As `workloads.forecast.report` makes it.

    Raises
    ------
    UnavailableError
        Without matplotlib.
    OutputError
        When it cannot be written.
    """
    mpl, figure_class = plot.matplotlib_classes()
    with mpl.rc_context({"svg.hashsalt": "hpcpy"}):
        if made["kind"] == "forecast":
            figure = figure_class(figsize=(7.2, 5), layout="constrained")
            _forecast(figure.add_subplot(), made)
        else:
            figure = figure_class(figsize=(9.6, 8.4), layout="constrained")
            grid = figure.add_gridspec(2, 2)
            _measured(figure.add_subplot(grid[0, 0]), made)
            _held(figure.add_subplot(grid[0, 1]), made)
            _at_scale(figure.add_subplot(grid[1, :]), made)
        plot.save(figure, path, dots_per_inch=100)


def _logarithmic(axes: Any, across: str, up: str) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.xaxis.set_major_formatter("{x:,.10g}")
    axes.yaxis.set_major_formatter("{x:,.10g}")
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.spines[["top", "right"]].set_visible(False)


def _forecast(axes: Any, made: dict[str, Any]) -> None:
    model = made["model"]
    for (name, times), colour, marker in zip(
        model["seconds"].items(), plot.COLOURS, plot.MARKERS, strict=False
    ):
        axes.plot(model["ranks"], times, color=colour, marker=marker, markersize=3, label=name)
    _logarithmic(axes, "ranks", f"seconds to the last rank, {_MODELS}")
    axes.set_title(f"{made['start']}: forecast, {tables.number(model['per_node'], 'rank')} a node")
    axes.legend(frameon=False)


def _measured(axes: Any, made: dict[str, Any]) -> None:
    for one in made["curves"]:
        name = one["environment"]
        mine = [run for run in made["measured"] if run["environment"] == name]
        colour, title = _COLOUR[name], others.CURVES[name][1]
        # Conda's times depend on interpreters, the container's on nodes.
        along = "ranks" if name == "py_conda" else "nodes"
        label = f"{title}, by {_by(along)}"
        at, took = [run[along] for run in mine], [run["seconds"] for run in mine]
        axes.plot(at, took, "o", markersize=3, color=colour, alpha=0.5, label=label)
        ends = sorted({(run[along], run["ranks"], run["per_node"]) for run in mine})
        predict, _ = others.CURVES[name]
        points = {at: predict(one["think"], one["demand"], *case) for at, *case in ends}
        label = f"{_MODELS}, {_off(one)}"
        axes.plot(list(points), list(points.values()), color=colour, label=label)
    _logarithmic(axes, "interpreters, or nodes", "seconds to the last one")
    axes.set_title("The NIH's eight libraries on NFS")
    axes.legend(frameon=False, fontsize="small")


def _off(one: dict[str, Any]) -> str:
    # The median error.
    return f"{100 * one['errors']['median']:.0f} % off"


def _by(along: str) -> str:
    return {"ranks": "interpreters"}.get(along, along)


def _held(axes: Any, made: dict[str, Any]) -> None:
    ends = []
    for one, colour, marker in zip(made["storms"], plot.COLOURS[2:], plot.MARKERS, strict=False):
        said = [case["predicted"] for case in one["cases"]]
        took = [case["measured"] for case in one["cases"]]
        label = f"{one['title']}: {_off(one)}"
        axes.plot(took, said, marker, color=colour, markersize=3, alpha=0.6, label=label)
        ends += [*said, *took]
    if ends:
        line = [min(ends), max(ends)]
        axes.plot(line, line, "--", color="0.6", label="equal")
        axes.legend(frameon=False, fontsize="small", loc="upper left")
    _logarithmic(axes, "seconds to the last rank, measured", _MODELS)
    axes.set_title("Runs of make storm")


def _at_scale(axes: Any, made: dict[str, Any]) -> None:
    model = made["model"]
    for name, times in model["seconds"].items():
        label = f"{_MODELS}: {others.CURVES[name][1]}"
        axes.plot(model["ranks"], times, color=_COLOUR[name], label=label)
    for index, (title, points) in enumerate(_by_program(made["published"]).items()):
        across, up = [one["ranks"] for one in points], [one["seconds"] for one in points]
        marker = plot.MARKERS[index % len(plot.MARKERS)]
        axes.plot(across, up, marker, color="0.3", markersize=5, label=title)
    if jobs := [one for one in made["published"] if one.get("job")]:
        across, up = [one["ranks"] for one in jobs], [one["job"] for one in jobs]
        title = f"{jobs[0]['what']}, the whole job, in the same order"
        axes.plot(across, up, "o", color="0.3", markersize=5, fillstyle="none", label=title)
    # To the left and to the right in turns: names of neighbours would overlap.
    ordered = sorted(made["published"], key=lambda one: (one["ranks"], one["seconds"]))
    for index, one in enumerate(ordered):
        side, away = (("right", -6), ("left", 6))[index % 2]
        words = {"textcoords": "offset points", "fontsize": "small", "color": "0.3", "ha": side}
        # The box hides a curve that crosses a name.
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        axes.annotate(one["where"], (one["ranks"], one["seconds"]), (away, -3), bbox=box, **words)
    _logarithmic(axes, "ranks", "seconds to the last one")
    axes.set_title(
        f"The NIH's curves to {model['ranks'][-1]:,} ranks, {model['per_node']} a node, "
        "and what others have published"
    )
    axes.legend(frameon=False, fontsize="small", loc="upper left")


def _by_program(points: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for one in points:
        found.setdefault(f"{one['what']} ({one['source']})", []).append(one)
    return found
