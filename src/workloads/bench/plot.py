"""Charts: bars of the rates, scaling, lines on logarithmic axes, bars from zero."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workloads.bench import files, scaling
from workloads.bench.result import Result
from workloads.errors import UnavailableError, UsageError

if TYPE_CHECKING:
    from workloads.bench.workload import Workload

# Okabe and Ito's colours, which any colour vision tells apart.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
MARKERS = "osD^vP*Xh"
# The endings of charts; standard output gets the first.
ENDINGS = (".png", ".pdf", ".svg")


def check(path: Path) -> None:
    """Refuse before a run what cannot be drawn after it."""
    files.require_writable(path, "--plot")
    if files.with_ending(path, ENDINGS[0]).suffix.lower() not in ENDINGS:
        raise UsageError(f"--plot {path}: ends in none of {', '.join(ENDINGS)}")
    if importlib.util.find_spec("matplotlib") is None:
        raise UnavailableError("--plot: Python has no module 'matplotlib' here")


def chart(path: Path, workload: Workload, results: Sequence[Result]) -> None:
    """Draw what ``--plot`` asks for: the workload's own chart, or one of scaling, or bars."""
    if workload.overview is not None:
        workload.overview.chart(path, results)
    elif kind := scaling.kind(results):
        scaling_chart(path, f"{workload.title}, {kind} scaling", results)
    else:
        rate_chart(path, f"{workload.title}, {workload.rate}", workload.unit, results)


@contextlib.contextmanager
def _figure(
    path: Path, title: str, panels: Sequence[str], size: tuple[float, float], columns: int = 2
) -> Iterator[list[Any]]:
    """Give the axes of panels with these titles, and write the figure."""
    mpl, figure_class = matplotlib_classes()
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    width, height = size
    # The same results must give the same bytes, but SVG names its parts by a
    # random salt.  `save` leaves out the dates.
    with mpl.rc_context({"svg.hashsalt": "hpcpy"}):
        figure = figure_class((width * columns, 0.3 + height * rows), layout="constrained")
        figure.suptitle(title)
        made = [figure.add_subplot(rows, columns, at + 1) for at in range(len(panels))]
        for axes, name in zip(made, panels, strict=True):
            axes.set_title(name)
            axes.spines[["top", "right"]].set_visible(False)
        yield made
        save(figure, path)


def rate_chart(path: Path, title: str, unit: str, results: Sequence[Result]) -> None:
    """Draw every result's rate in millions, a panel a problem."""
    problems: dict[str, dict[str, float]] = {}
    for result in results:
        problems.setdefault(result.problem, {})[result.impl] = result.rate / 1e6
    bar_chart(path, title, unit, problems, by_decades=True)


def bar_chart(
    path: Path,
    title: str,
    unit: str,
    panels: Mapping[str, Mapping[str, float]],
    *,
    by_decades: bool = False,
) -> None:
    """Draw numbers by name as bars from zero, a panel a title; or on a logarithmic axis."""
    most = max(map(len, panels.values()))
    with _figure(path, title, [*panels], (5.5, 1.1 + 0.32 * most)) as all_axes:
        for axes, numbers in zip(all_axes, panels.values(), strict=True):
            _bars(axes, numbers, unit, most)
            least, largest = min(numbers.values()), max(numbers.values())
            # Within a decade such an axis may have no power of ten to label.
            if by_decades and largest >= 10 * least:
                axes.set_xscale("log")
                axes.set_xlim(least / 3, largest * 4)


def _bars(axes: Any, numbers: Mapping[str, float], unit: str, most: int) -> None:
    """Draw bars of one thickness, the longest on top, however few of `most` there are."""
    shown = dict(sorted(numbers.items(), key=lambda item: item[1]))
    labels = [f"{n:,.0f}" if n >= 100 else f"{n:.3g}" for n in shown.values()]
    drawn = axes.barh([*shown], [*shown.values()], color=COLOURS[0])
    axes.bar_label(drawn, labels, padding=3)
    axes.margins(x=0.18)
    axes.set_ylim(len(shown) - most - 0.6, len(shown) - 0.4)
    axes.set_xlabel(unit)


def scaling_chart(path: Path, title: str, results: Sequence[Result]) -> None:
    """Draw speed-up over workers, a line a technique, a panel a problem."""
    problems = list(dict.fromkeys(result.problem for result in results))
    ticks = sorted({result.workers for result in results})
    with _figure(path, title, problems, (5, 4)) as panels:
        for axes, name in zip(panels, problems, strict=True):
            own = [result for result in results if result.problem == name]
            lines = {
                impl: [(result.workers, speed_up) for result, speed_up, _ in points]
                for impl, points in scaling.series(own).items()
            }
            _lines(axes, lines)
            axes.plot([1, max(ticks)], [1, max(ticks)], color="0.6", linestyle="--", label="ideal")
            axes.set_xscale("log", base=2)
            axes.set_yscale("log", base=2)
            axes.set_xticks(ticks, map(str, ticks))
            axes.set_yticks(ticks, map(str, ticks))
            axes.set_xlabel("workers")
            axes.set_ylabel("speed-up")
            axes.legend(frameon=False)


@dataclass(frozen=True)
class Panel:
    """One pair of axes, with what is written above, below and beside it, and its lines."""

    title: str
    across: str
    up: str
    lines: Mapping[str, Sequence[tuple[float, float]]]  # points by name


def line_chart(path: Path, title: str, panels: Sequence[Panel], columns: int) -> None:
    """Draw lines on logarithmic axes, `columns` panels in a row."""
    with _figure(path, title, [panel.title for panel in panels], (4.6, 3.2), columns) as all_axes:
        for axes, panel in zip(all_axes, panels, strict=True):
            _lines(axes, panel.lines)
            axes.set_xscale("log", base=2)
            axes.set_yscale("log")
            axes.set_xlabel(panel.across)
            axes.set_ylabel(panel.up)
        # One legend for all panels: they have the same lines.
        axes.legend(frameon=False)


def _lines(axes: Any, lines: Mapping[str, Sequence[tuple[float, float]]]) -> None:
    styles = zip(itertools.cycle(COLOURS), itertools.cycle(MARKERS), strict=False)
    for (name, points), (colour, marker) in zip(lines.items(), styles, strict=False):
        axes.plot(*zip(*points, strict=True), color=colour, marker=marker, label=name)


def matplotlib_classes() -> tuple[Any, Any]:
    """Return matplotlib and its figures' class, or raise an UnavailableError."""
    try:
        import matplotlib as mpl  # noqa: PLC0415
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
