"""Arrays as cells: the memory as one row, and beside it the array that an index gives."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workloads.bench import plot

# Light shades of the charts' colours, one for each row of an array.
_ROWS = ("#9fcbe6", "#f7c99b", "#a6dcc8", "#e8c4d9")
# Colours of the strides: the first axis', the second axis'.
_AXES = ("#d55e00", "#0072b2")
# In cells: where an array begins beside its memory, and a panel's right, top and bottom.
_LEFT, _WIDTH, _TOP, _BOTTOM = 13.4, 17.6, 2.7, -2.1
# Height of the highest arrow, in cells.
_HIGH = 1.1


@dataclass(frozen=True)
class Example:
    """An array beside the memory that its elements lie in."""

    code: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]  # in bytes
    shares: bool  # whether its elements lie in the memory of the first array
    own: int  # bytes that were allocated for it; 0 for a view
    memory: tuple[int, ...]  # the elements of that memory, in its order
    cells: Any  # each element's index in `memory`, as nested lists of the array's shape
    item: int  # bytes of an element


def draw(path: Path, examples: Sequence[Example]) -> None:
    """Draw a panel for each array, two in a row."""
    rows = -(-len(examples) // 2)
    with plot.figure(path, 10, 0.2 + 1.65 * rows) as figure:
        for number, each in enumerate(examples, start=1):
            axes = figure.add_subplot(rows, 2, number)
            axes.set(xlim=(-0.3, _WIDTH), ylim=(_BOTTOM, _TOP), aspect="equal")
            axes.axis("off")
            _panel(axes, each)


def _panel(axes: Any, each: Example) -> None:
    axes.set_title(each.code, family="monospace", fontsize=10, loc="left", weight="bold")
    colours: dict[int, str] = {}
    for index, cell in _elements(each):
        # A cell that an axis of stride 0 repeats keeps its first colour.
        colours.setdefault(cell, _ROWS[index[0] if len(index) > 1 else 0])
    for cell, value in enumerate(each.memory):
        _cell(axes, (cell, 0), value, colours.get(cell, "white"))
        axes.text(cell + 0.5, -0.15, str(cell * each.item), ha="center", va="top", fontsize=7)
    memory = "a's memory" if each.shares else "its own memory"
    new = f"{each.own} new bytes" if each.own else "no new bytes"
    weight = "bold" if each.own else "normal"
    axes.text(0, -0.85, f"{memory}: {new}", va="top", fontsize=8, weight=weight)
    axes.text(0, -1.5, f"shape {each.shape}, strides {each.strides}", va="top", fontsize=8.5)
    (_, first), *_ = _elements(each)
    for stride, colour in zip(each.strides, _AXES[-len(each.strides) :], strict=True):
        _stride(axes, first + 0.5, stride, each.item, colour)
    if not each.own or not each.shares:
        _array(axes, each, colours)


def _elements(each: Example) -> Iterator[tuple[tuple[int, ...], int]]:
    """Give each element's index and its cell."""
    for index in itertools.product(*map(range, each.shape)):
        cell = each.cells
        for at in index:
            cell = cell[at]
        yield index, cell


def _cell(
    axes: Any, place: tuple[float, float], value: int, colour: str, *, is_repeat: bool = False
) -> None:
    from matplotlib.patches import Rectangle  # noqa: PLC0415

    cell = Rectangle(place, 1, 1, facecolor=colour, edgecolor="0.35", linewidth=0.8)
    if is_repeat:
        cell.set(linestyle=(0, (2, 2)), alpha=0.45)
    axes.add_patch(cell)
    middle, ink = (place[0] + 0.5, place[1] + 0.5), "0.45" if is_repeat else "black"
    axes.text(*middle, str(value), ha="center", va="center", fontsize=8.5, color=ink)


def _stride(axes: Any, start: float, stride: int, item: int, colour: str) -> None:
    """Draw an arrow from the first element to the next one along an axis."""
    end, high = start + stride / item, min(0.55 + 0.14 * abs(stride / item), _HIGH)
    if stride == 0:
        # It comes back to the same cell.
        start, end, high = start - 0.2, start + 0.2, _HIGH
    _arrow(axes, (start, 1.05), (end, 1.05), colour, -2 * high / (end - start))
    place = ((start + end) / 2, 1.1 + high)
    axes.text(*place, f"{stride:+d}", ha="center", va="bottom", fontsize=8, color=colour)


def _arrow(
    axes: Any, start: tuple[float, float], end: tuple[float, float], colour: str, bend: float = 0
) -> None:
    look = {"arrowstyle": "-|>", "mutation_scale": 8, "color": colour, "linewidth": 1.3}
    look |= {"connectionstyle": f"arc3,rad={bend}", "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", end, start, arrowprops=look, annotation_clip=False)


def _array(axes: Any, each: Example, colours: dict[int, str]) -> None:
    """Draw an array in its shape; an element whose cell has been drawn already is pale."""
    rows, columns = each.shape if len(each.shape) > 1 else (1, *each.shape)
    top = (_TOP + _BOTTOM) / 2 + rows / 2
    seen: set[int] = set()
    for index, cell in _elements(each):
        row, column = index if len(index) > 1 else (0, *index)
        place = (_LEFT + column, top - 1 - row)
        _cell(axes, place, each.memory[cell], colours[cell], is_repeat=cell in seen)
        seen.add(cell)
    _arrow(axes, (_LEFT, top + 0.35), (_LEFT + columns, top + 0.35), _AXES[1])
    if len(each.shape) > 1:
        _arrow(axes, (_LEFT - 0.35, top), (_LEFT - 0.35, top - rows), _AXES[0])
