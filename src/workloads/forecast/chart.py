"""A forecast as a picture: the model's times by ranks, a line a way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workloads.bench import plot


def draw(path: Path, made: dict[str, Any]) -> None:
    """Draw a forecast, as `workloads.forecast.report.forecast` makes it, as png, pdf or svg.

    Raises
    ------
    UnavailableError
        Without matplotlib.
    OutputError
        When it cannot be written.
    """
    mpl, figure_class = plot.matplotlib_classes()
    model = made["model"]
    with mpl.rc_context({"svg.hashsalt": "hpcpy"}):
        figure = figure_class(figsize=(7.2, 5), layout="constrained")
        axes = figure.add_subplot()
        styles = zip(model["seconds"].items(), plot.COLOURS, plot.MARKERS, strict=False)
        for (way, times), colour, marker in styles:
            axes.plot(model["ranks"], times, color=colour, marker=marker, markersize=3, label=way)
        for axis, scale in ((axes.xaxis, axes.set_xscale), (axes.yaxis, axes.set_yscale)):
            scale("log")
            axis.set_major_formatter("{x:,.10g}")
        axes.set_xlabel("ranks")
        axes.set_ylabel("seconds to the last rank, the model's")
        axes.set_title(f"{made['start']}: forecast, {model['per_node']:,} ranks a node")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
        plot.save(figure, path, dots_per_inch=100)
