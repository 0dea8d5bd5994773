"""Charts: bars of the rates, strong scaling, lines on logarithmic axes, bars from zero."""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workloads.bench import caches, files, scaling
from workloads.bench.result import Result
from workloads.errors import UnavailableError, UsageError

# Okabe and Ito's colours, which any colour vision tells apart.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
MARKERS = "osD^vP*Xh"

_COLUMNS = 2
_DECADE = 10

# The endings of charts; standard output gets the first.
ENDINGS = (".png", ".pdf", ".svg")


def check(path: Path) -> None:
    """Refuse before a run what cannot be drawn after it.

    Raises
    ------
    UsageError
        For an unknown ending or a place that cannot be written.
    UnavailableError
        Without matplotlib.
    """
    files.require_writable(path, "--plot")
    if files.with_ending(path, ENDINGS[0]).suffix.lower() not in ENDINGS:
        raise UsageError(f"--plot {path}: ends in none of {', '.join(ENDINGS)}")
    if importlib.util.find_spec("matplotlib") is None:
        raise UnavailableError("--plot: Python has no module 'matplotlib' here")


def bar_chart(path: Path, title: str, unit: str, results: Sequence[Result]) -> None:
    """Draw every result's rate in millions, a panel a problem.

    The axis is logarithmic, but linear from zero where all rates are within a decade.

    Raises
    ------
    UnavailableError
        Without matplotlib.
    """
    mpl, figure_class = matplotlib_classes()
    problems = list(dict.fromkeys(result.problem for result in results))
    most = max(sum(r.problem == name for r in results) for name in problems)
    # The same results must give the same bytes, but SVG names its parts by a
    # random salt.  `save` leaves out the dates.
    with mpl.rc_context({"svg.hashsalt": "hpcpy"}):
        figure, panels = _panels(figure_class, len(problems), 5.5, 1.1 + 0.32 * most)
        for axes, name in zip(panels, problems, strict=True):
            shown = sorted((r for r in results if r.problem == name), key=lambda r: r.rate)
            rates = [result.rate / 1e6 for result in shown]
            bars = axes.barh([result.impl for result in shown], rates, color="#0072b2")
            labels = [f"{rate:,.0f}" if rate >= 100 else f"{rate:.3g}" for rate in rates]
            axes.bar_label(bars, labels, padding=3)
            # Within a decade a logarithmic axis may have no power of ten to label.
            if max(rates) < _DECADE * min(rates):
                axes.set_xlim(0, max(rates) * 1.2)
                axes.xaxis.set_major_locator(mpl.ticker.MaxNLocator(4))
                axes.xaxis.set_major_formatter(mpl.ticker.StrMethodFormatter("{x:,.10g}"))
            else:
                axes.set_xscale("log")
                axes.set_xlim(min(rates) / 3, max(rates) * 4)
            # Bars of one thickness, from the top, however few a panel has.
            axes.set_ylim(len(shown) - most - 0.6, len(shown) - 0.4)
            axes.set_xlabel(unit)
            axes.set_title(name)
            axes.spines[["top", "right"]].set_visible(False)
        figure.suptitle(title)
        save(figure, path)


def scaling_chart(path: Path, title: str, results: Sequence[Result]) -> None:
    """Draw speed-up over workers, a line a technique, a panel a problem.

    Raises
    ------
    UnavailableError
        Without matplotlib.
    """
    mpl, figure_class = matplotlib_classes()
    problems = list(dict.fromkeys(result.problem for result in results))
    with mpl.rc_context({"svg.hashsalt": "hpcpy"}):
        figure, panels = _panels(figure_class, len(problems), 5, 4)
        for axes, name in zip(panels, problems, strict=True):
            lines = scaling.series([result for result in results if result.problem == name])
            most = 1
            for (impl, points), colour, marker in zip(
                lines.items(), itertools.cycle(COLOURS), itertools.cycle(MARKERS)
            ):
                workers = [result.workers for result, _, _ in points]
                speed_ups = [speed_up for _, speed_up, _ in points]
                axes.plot(workers, speed_ups, color=colour, marker=marker, label=impl)
                most = max(most, *workers)
            axes.plot([1, most], [1, most], color="0.6", linestyle="--", label="ideal")
            ticks = sorted({result.workers for result in results})
            axes.set_xscale("log", base=2)
            axes.set_yscale("log", base=2)
            axes.set_xticks(ticks, map(str, ticks))
            axes.set_yticks(ticks, map(str, ticks))
            axes.set_xlabel("workers")
            shared = scaling.remarks([result for result in results if result.problem == name])
            axes.set_ylabel("speed-up by processor time" if shared else "speed-up")
            axes.set_title(name)
            axes.spines[["top", "right"]].set_visible(False)
            axes.legend(frameon=False)
        figure.suptitle(title)
        save(figure, path)


@dataclass(frozen=True)
class Panel:
    """One pair of axes with a line each.

    Parameters
    ----------
    title, across, up
        What is written above it, below it and beside it.
    lines
        Each line's name and its points.
    """

    title: str
    across: str
    up: str
    lines: Mapping[str, Sequence[tuple[float, float]]]


def line_chart(path: Path, title: str, panels: Sequence[Panel], columns: int) -> None:
    """Draw lines on logarithmic axes, `columns` panels in a row.

    Raises
    ------
    UnavailableError
        Without matplotlib.
    """
    mpl, figure_class = matplotlib_classes()
    rows = -(-len(panels) // columns)
    with mpl.rc_context({"svg.hashsalt": "hpcpy"}):
        figure = figure_class(figsize=(4.6 * columns, 0.6 + 3.2 * rows), layout="constrained")
        for index, panel in enumerate(panels, start=1):
            axes = figure.add_subplot(rows, columns, index)
            for (name, points), colour, marker in zip(
                panel.lines.items(), itertools.cycle(COLOURS), itertools.cycle(MARKERS)
            ):
                across, up = zip(*points, strict=True)
                axes.plot(across, up, color=colour, marker=marker, markersize=4, label=name)
            axes.set_xscale("log", base=2)
            axes.set_yscale("log")
            axes.set_xlabel(panel.across)
            axes.set_ylabel(panel.up)
            axes.set_title(panel.title)
            axes.spines[["top", "right"]].set_visible(False)
        # One legend for all panels: they have the same lines.
        axes.legend(frameon=False)
        figure.suptitle(title)
        save(figure, path, dots_per_inch=120)


def bars(
    path: Path,
    title: str,
    unit: str,
    panels: Sequence[tuple[str, Mapping[str, float]]],
    most: int,
) -> None:
    """Draw the largest numbers of each panel as bars from zero.

    Parameters
    ----------
    path
        Where to.
    title
        Above all panels.
    unit
        Of the numbers.
    panels
        Each one's title and its numbers by name.
    most
        How many bars a panel has at most.

    Raises
    ------
    UnavailableError
        Without matplotlib.
    """
    mpl, figure_class = matplotlib_classes()
    tallest = max(min(most, len(numbers)) for _, numbers in panels)
    with mpl.rc_context({"svg.hashsalt": "hpcpy"}):
        figure, all_axes = _panels(figure_class, len(panels), 4.8, 1.1 + 0.26 * tallest)
        for axes, (name, numbers) in zip(all_axes, panels, strict=True):
            largest = sorted(numbers.items(), key=lambda each: each[1])[-most:]
            drawn = axes.barh([key for key, _ in largest], [value for _, value in largest])
            axes.bar_label(drawn, [f"{value:,.3g}" for _, value in largest], padding=3)
            axes.margins(x=0.18)
            axes.set_xlabel(unit)
            axes.set_title(name)
            axes.spines[["top", "right"]].set_visible(False)
        figure.suptitle(title)
        save(figure, path)


def _panels(figure_class: Any, count: int, width: float, height: float) -> tuple[Any, list[Any]]:
    """Return a figure and its axes, two in a row: with more, text is too small on a page."""
    columns = min(count, _COLUMNS)
    rows = -(-count // columns)
    size = (width * columns, 0.3 + height * rows)
    figure = figure_class(figsize=size, layout="constrained")
    return figure, [figure.add_subplot(rows, columns, at) for at in range(1, count + 1)]


def matplotlib_classes() -> tuple[Any, Any]:
    """Return matplotlib, and its figures' class.

    Raises
    ------
    UnavailableError
        Without matplotlib.
    """
    caches.provide("MPLCONFIGDIR", "matplotlib")
    try:
        import matplotlib as mpl  # noqa: PLC0415
        import matplotlib.ticker  # noqa: PLC0415
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError as error:
        raise UnavailableError("--plot: Python has no module 'matplotlib' here") from error
    return mpl, Figure


def save(figure: Any, path: Path, dots_per_inch: int = 150) -> None:
    """Write a figure whole or not at all; the same figure gives the same bytes."""
    metadata = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    with files.whole_file(path, ENDINGS[0]) as temporary:
        suffix = temporary.suffix.lower()
        figure.savefig(temporary, dpi=dots_per_inch, metadata=metadata.get(suffix, {}))
