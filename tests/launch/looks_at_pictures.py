"""Draw pictures of reports, in the image, and tell what a reader could not read.

Each argument is a drawing, its three words separated by commas: a program or the
name of a workload, a report or nothing, a picture. Prints a line a picture and a line a fault.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import re
import runpy
import sys
from collections.abc import Iterator
from typing import Any

from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.text import Text

# How wide a README shows a picture, and how high letters are there at least.
PAGE, LEAST = 830, 7
MOST_BARS = 2
save = Figure.savefig


def faults(figure: Any) -> Iterator[Any]:
    figure.draw_without_rendering()
    ticks = [list(shown_ticks(axis)) for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)]
    all_ticks = {tick for axes in figure.axes for tick in axes.findobj(Text) if is_tick(axes, tick)}
    texts = [text for text in figure.findobj(Text) if text.get_text() and text not in all_ticks]
    for text in itertools.chain(texts, *ticks):
        yield from unreadable(figure, text)
    for shown in ticks:
        for one, other in itertools.combinations(shown, 2):
            # The box of a slanted text is larger than the text.
            slanted = one.get_rotation() or other.get_rotation()
            if not slanted and one.get_window_extent().overlaps(other.get_window_extent()):
                yield f"{one.get_text()} and {other.get_text()} overlap"
    for axes in figure.axes:
        bars = [each for each in axes.containers if isinstance(each, BarContainer)]
        if len(bars) > MOST_BARS:
            yield f"{len(bars)} bars a case"


def is_tick(axes: Any, text: str) -> Any:
    return any(text in axis.get_ticklabels(which="both") for axis in (axes.xaxis, axes.yaxis))


def shown_ticks(axis: Any) -> Iterator[Any]:
    """Give the labels of ticks that are in view: matplotlib has some beyond."""
    low, high = sorted(axis.get_view_interval())
    for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
        label = tick.label1
        if low <= tick.get_loc() <= high and label.get_visible() and label.get_text():
            yield label


def unreadable(figure: Any, text: Any) -> Iterator[Any]:
    box, whole = text.get_window_extent(), figure.bbox.padded(1)
    if not (whole.x0 <= box.x0 and box.x1 <= whole.x1 and whole.y0 <= box.y0 <= box.y1 <= whole.y1):
        yield f"{text.get_text()} is cut off"
    high = text.get_fontsize() * figure.dpi / 72 * min(1, PAGE / figure.bbox.width)
    if high < LEAST:
        yield f"{text.get_text()} is {high:.1f} pixels high"
    if re.search(r"\de[+-]?\d", text.get_text()):
        yield f"{text.get_text()} is a program's number"


def look_and_save(figure: Any, target: Any, **options: Any) -> None:
    # As large as it is written.
    figure.set_dpi(options["dpi"])
    for fault in faults(figure):
        print(fault, file=sys.__stdout__)
    save(figure, target, **options)


def main(drawings: Any) -> None:
    Figure.savefig = look_and_save
    for drawing in drawings:
        program, report, picture = drawing.split(",")
        print(f"= {picture}")
        if program.endswith(".py"):
            sys.argv = [program, report, picture]
            runpy.run_path(program, run_name="__main__")
        else:
            from workloads.__main__ import main as workload

            source = ["--from", report] if report else []
            # A workload without a report prints its table.
            with contextlib.redirect_stdout(io.StringIO()):
                code = workload([program, *source, "--plot", picture])
            if code:
                print(f"{program} ended with {code}")


main(sys.argv[1:])
