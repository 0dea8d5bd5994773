"""Charts: numbers side by side, speed-up over workers, lines on logarithmic axes."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpcpy_common import files, machine
from hpcpy_common.errors import require_module
from workloads.bench import scaling
from workloads.bench.result import Result

if TYPE_CHECKING:
    import argparse

    from workloads.bench.workload import Workload

# Okabe and Ito's colours, which any colour vision tells apart.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
_MARKERS = "osD^vP*Xh"
# The endings of charts; standard output gets the first.
ENDINGS = (".png", ".pdf", ".svg")
# In inches: a page shows pictures 830 pixels wide, and ten points are 14 pixels then.
_WIDTH, _ROW, _PANEL = 8.3, 0.18, 3.4
_IDEAL = "ideal"
_MOST_TICKS = 7

# Numbers by series and name.
Series = Mapping[str, Mapping[str, float]]


def check(path: Path) -> None:
    """Refuse before a run what cannot be drawn after it."""
    files.require_writable(path, "--plot", ENDINGS)
    require_module("matplotlib", "--plot: ")


def chart(args: argparse.Namespace, workload: Workload, results: Sequence[Result]) -> None:
    """Draw what ``--plot`` asks for: the workload's own chart, or scaling, or rates."""
    if workload.overview is not None:
        workload.overview.chart(args.plot, results)
    elif args.scale:
        kind = "weak" if args.weak else "strong"
        scaling_chart(args.plot, measured_here(f"{workload.title}, {kind} scaling"), results)
    else:
        rates: dict[str, dict[str, float]] = {}
        for result in results:
            rates.setdefault(result.problem, {})[result.impl] = result.rate / 1e6
        title = measured_here(f"{workload.title}, {workload.rate}")
        number_chart(args.plot, title, workload.unit, rates)


def measured_here(title: str) -> str:
    """Return a chart's title with the machine of its numbers: pictures leave their pages."""
    here = machine.describe()
    return f"{title}\n{here['cores']} cores of {here['processor']}"


@contextlib.contextmanager
def figure(path: Path, width: float, height: float, title: str = "") -> Iterator[Any]:
    """Give an empty figure of so many inches, and write it: the same one gives the same bytes."""
    import matplotlib as mpl  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    # SVG would name its parts by a random salt, and SVG and PDF would have dates.
    with mpl.rc_context({"svg.hashsalt": "hpcpy"}):
        made = Figure((width, height), layout="constrained")
        made.get_layout_engine().set(w_pad=0.1, h_pad=0.1)
        if title:
            made.suptitle(title)
        yield made
        metadata = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
        with files.whole_file(path, ENDINGS[0]) as temporary:
            suffix = temporary.suffix.lower()
            made.savefig(temporary, dpi=120, metadata=metadata.get(suffix, {}))


def number_chart(path: Path, title: str, unit: str, series: Series) -> None:
    """Draw numbers by name, the largest on top, a colour a series.

    They are bars from zero or, if one is ten times another, points on a logarithmic axis.
    """
    rows, names = _rows(series)
    numbers = [number for own in series.values() for number in own.values()]
    by_decades = max(numbers) >= 10 * min(numbers)
    bottom = max(rows.values()) + 1
    if len(series) == 1:
        title = f"{title}\n{next(iter(series))}"
    with figure(path, _WIDTH, 1.5 + _ROW * bottom, title) as made:
        axes = made.add_subplot()
        for label, (colour, marker) in _styles(series).items():
            own = {rows[name, label]: number for name, number in series[label].items()}
            if by_decades:
                axes.plot(own.values(), own.keys(), marker, color=colour, label=label)
            else:
                axes.barh([*own], [*own.values()], color=colour, label=label)
            for row, number in own.items():
                text = f"{number:,.0f}" if number >= 100 else f"{number:.3g}"
                style = {"textcoords": "offset points", "va": "center", "fontsize": "small"}
                axes.annotate(text, (number, row), (6, 0), **style)
        if by_decades:
            axes.set_xscale("log")
            axes.xaxis.set_minor_formatter("")
            axes.grid(color="0.9")
        axes.margins(x=0.15)
        axes.set(yticks=[*names.values()], yticklabels=[*names], ylim=(bottom, -1), xlabel=unit)
        axes.xaxis.set_major_formatter("{x:,.10g}")
        _finish(made)


def _rows(series: Series) -> tuple[dict[tuple[str, str], float], dict[str, float]]:
    """Return the row of each name's number in each series, and the middle of each name's rows."""
    by_name: dict[str, dict[str, float]] = {}
    for label, own in series.items():
        for name, number in own.items():
            by_name.setdefault(name, {})[label] = number
    rows, names, row = {}, {}, 0.0
    for name in sorted(by_name, key=lambda name: max(by_name[name].values()), reverse=True):
        names[name] = row + (len(by_name[name]) - 1) / 2
        for label in by_name[name]:
            rows[name, label] = row
            row += 1
        # Free between two names.
        row += 0.4
    return rows, names


@dataclass(frozen=True)
class Panel:
    """One pair of axes."""

    title: str
    xlabel: str
    ylabel: str
    lines: Mapping[str, Sequence[tuple[float, float]]]  # points by name
    ticks: Sequence[int] = ()  # of both axes


def scaling_chart(path: Path, title: str, results: Sequence[Result]) -> None:
    """Draw speed-up over workers, a line a technique, a panel a problem."""
    ticks = sorted({result.workers for result in results})
    panels = []
    for problem in dict.fromkeys(result.problem for result in results):
        lines = {_IDEAL: [(1.0, 1.0), (max(ticks), max(ticks))]}
        own = [result for result in results if result.problem == problem]
        for name, points in scaling.series(own).items():
            lines[name] = [(result.workers, speed_up) for result, speed_up, _ in points]
        panels.append(Panel(problem, "workers", "speed-up", lines, ticks))
    line_chart(path, title, panels)


def line_chart(path: Path, title: str, panels: Sequence[Panel]) -> None:
    """Draw lines on logarithmic axes, two panels in a row, one name for a colour in all."""
    columns = min(2, len(panels))
    rows = -(-len(panels) // columns)
    styles = _styles(name for panel in panels for name in panel.lines if name != _IDEAL)
    with figure(path, _WIDTH, 1 + (_PANEL + 1.2 * (columns == 1)) * rows, title) as made:
        for number, panel in enumerate(panels, start=1):
            axes = made.add_subplot(rows, columns, number)
            for name, points in panel.lines.items():
                colour, marker = styles.get(name, ("0.6", ""))
                dashes = "--" if name == _IDEAL else "-"
                axes.plot(*zip(*points, strict=True), dashes + marker, color=colour, label=name)
            axes.set(title=panel.title, xlabel=panel.xlabel, ylabel=panel.ylabel)
            axes.set_xscale("log", base=2)
            axes.set_yscale("log", base=2 if panel.ticks else 10)
            if panel.ticks:
                axes.set_xticks(panel.ticks, map(str, panel.ticks))
                axes.set_yticks(panel.ticks, map(str, panel.ticks))
            else:
                _say_numbers(axes, panel)
        _finish(made)


def _say_numbers(axes: Any, panel: Panel) -> None:
    """Have numbers at the axes, in place of powers; of many places along x only some."""
    from matplotlib.ticker import LogFormatter  # noqa: PLC0415

    places = sorted({x for points in panel.lines.values() for x, _ in points})
    some = places[:: -(-len(places) // _MOST_TICKS)]
    axes.set_xticks(some, [f"{x:,.0f}" for x in some])
    axes.tick_params(axis="x", which="minor", bottom=False)
    axes.yaxis.set_major_formatter("{x:,g}")
    # Where an axis has few powers matplotlib writes its places between as "6 × 10⁰".
    axes.yaxis.set_minor_formatter(LogFormatter())


def _styles(names: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return a colour and a marker for each name."""
    pairs = zip(itertools.cycle(COLOURS), itertools.cycle(_MARKERS), strict=False)
    return dict(zip(dict.fromkeys(names), pairs, strict=False))


def _finish(made: Any) -> None:
    """Draw no box, and say below the panels which colour is what, unless there is one alone."""
    named: dict[str, Any] = {}
    for axes in made.axes:
        axes.spines[["top", "right"]].set_visible(False)
        handles, labels = axes.get_legend_handles_labels()
        named |= zip(labels, handles, strict=True)
    if len(named) > 1:
        labels = [*named]
        made.legend(named.values(), labels, loc="outside lower center", ncols=4, frameon=False)
