"""Arrays as cells: the memory as one row, and beside it the array that an index gives."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from workloads.arrays.examples import Example
from workloads.bench import plot

_COLUMNS = 2
# Light shades of the charts' colours, one for each row of an array.
_ROWS = ("#9fcbe6", "#f7c99b", "#a6dcc8", "#e8c4d9")
# Colours of the strides: the first axis', the second axis'.
_AXES = ("#d55e00", "#0072b2")
_EMPTY, _EDGE = "white", "0.35"
# In cells: where an array begins beside its memory, and a panel's right, top and bottom.
_LEFT, _WIDTH, _TOP, _BOTTOM = 13.4, 17.6, 2.7, -2.1
# Height of the highest arrow, in cells.
_HIGH = 1.1


def draw(path: Path, found: Sequence[Example]) -> None:
    """Draw a panel for each array."""
    mpl, figure_class = plot.matplotlib_classes()
    rows = -(-len(found) // _COLUMNS)
    with mpl.rc_context({"svg.hashsalt": "hpcpy"}):
        figure = figure_class(figsize=(10, 0.2 + 1.65 * rows), layout="constrained")
        for number, each in enumerate(found, start=1):
            axes = figure.add_subplot(rows, _COLUMNS, number)
            axes.set_xlim(-0.3, _WIDTH)
            axes.set_ylim(_BOTTOM, _TOP)
            axes.set_aspect("equal")
            axes.set(xticks=[], yticks=[])
            axes.axis("off")
            _panel(axes, each)
        plot.save(figure, path, dots_per_inch=100)


def _panel(axes: Any, each: Example) -> None:
    axes.set_title(each.code, family="monospace", fontsize=10, loc="left", weight="bold")
    colours: dict[int, str] = {}
    for index, cell in _elements(each):
        # A cell that an axis of stride 0 repeats keeps its first colour.
        colours.setdefault(cell, _ROWS[index[0] if len(index) > 1 else 0])
    for cell, value in enumerate(each.memory):
        _cell(axes, (cell, 0), str(value), colours.get(cell, _EMPTY))
        axes.text(cell + 0.5, -0.15, str(cell * each.item), ha="center", va="top", fontsize=7)
    whose = "a's memory" if each.shares else "its own memory"
    took = f"{each.own} new bytes" if each.own else "no new bytes"
    weight = "bold" if each.own else "normal"
    axes.text(0, -0.85, f"{whose}: {took}", va="top", fontsize=8, weight=weight)
    said = f"shape {each.shape}, strides {each.strides}"
    axes.text(0, -1.5, said, va="top", fontsize=8.5)
    for stride, colour in zip(each.strides, _AXES[-len(each.strides) :], strict=True):
        _stride(axes, _first(each.cells), stride / each.item, f"{stride:+d}", colour)
    if not each.own or not each.shares:
        _array(axes, each, colours)


def _elements(each: Example) -> Iterator[tuple[tuple[int, ...], int]]:
    """Give each element's index and its cell."""
    for index in itertools.product(*map(range, each.shape)):
        cell = each.cells
        for at in index:
            cell = cell[at]
        yield index, cell


def _first(cells: Any) -> int:
    while isinstance(cells, list):
        cells = cells[0]
    return int(cells)


def _cell(
    axes: Any, place: tuple[float, float], text: str, colour: str, *, is_repeat: bool = False
) -> None:
    from matplotlib.patches import Rectangle  # noqa: PLC0415

    look: dict[str, Any] = {"facecolor": colour, "edgecolor": _EDGE, "linewidth": 0.8}
    if is_repeat:
        look.update(linestyle=(0, (2, 2)), alpha=0.45)
    axes.add_patch(Rectangle(place, 1, 1, **look))
    colour = "0.45" if is_repeat else "black"
    middle = place[0] + 0.5, place[1] + 0.5
    axes.text(*middle, text, ha="center", va="center", fontsize=8.5, color=colour)


def _stride(axes: Any, start: int, cells: float, text: str, colour: str) -> None:
    """Draw an arrow from the first element to the next one along an axis."""
    # An axis of stride 0 comes back to the same cell.
    ends = (start + 0.5, start + 0.5 + cells) if cells else (start + 0.3, start + 0.7)
    far = abs(ends[1] - ends[0])
    high = min(0.55 + 0.14 * far, _HIGH) if cells else _HIGH
    bend = (-1 if ends[1] > ends[0] else 1) * 2 * high / far
    _arrow(axes, (ends[0], 1.05), (ends[1], 1.05), colour, bend)
    middle = sum(ends) / 2
    axes.text(middle, 1.1 + high, text, ha="center", va="bottom", fontsize=8, color=colour)


def _arrow(
    axes: Any, start: tuple[float, float], end: tuple[float, float], colour: str, bend: float = 0
) -> None:
    from matplotlib.patches import FancyArrowPatch  # noqa: PLC0415

    axes.add_patch(
        FancyArrowPatch(
            start,
            end,
            connectionstyle=f"arc3,rad={bend}",
            arrowstyle="-|>",
            mutation_scale=8,
            color=colour,
            linewidth=1.3,
            shrinkA=0,
            shrinkB=0,
            clip_on=False,
        )
    )


def _array(axes: Any, each: Example, colours: dict[int, str]) -> None:
    """Draw an array in its shape; an element whose cell has been drawn already is pale."""
    rows, columns = each.shape if len(each.shape) > 1 else (1, *each.shape)
    top = (_TOP + _BOTTOM) / 2 + rows / 2
    seen: set[int] = set()
    for index, cell in _elements(each):
        row, column = index if len(index) > 1 else (0, *index)
        text, place = str(each.memory[cell]), (_LEFT + column, top - 1 - row)
        _cell(axes, place, text, colours[cell], is_repeat=cell in seen)
        seen.add(cell)
    _arrow(axes, (_LEFT, top + 0.35), (_LEFT + columns, top + 0.35), _AXES[1])
    if len(each.shape) > 1:
        _arrow(axes, (_LEFT - 0.35, top), (_LEFT - 0.35, top - rows), _AXES[0])
