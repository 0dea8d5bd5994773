"""``python -m workloads arrays``: how NumPy's arrays lie in memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hpcpy_common import options, ranks
from hpcpy_common.errors import EXIT_CODES, require_module
from workloads.arrays import drawing
from workloads.arrays.drawing import Example
from workloads.bench import plot
from workloads.bench.options import tables_beside
from workloads.bench.result import render

# Each line may use the names of the lines before it.
LINES = (
    "a = np.arange(12)",
    "b = a.reshape(3, 4)",
    "b.T",
    "b[:, 1]",
    "b[::2, 1:3]",
    "a[::-3]",
    "np.broadcast_to(b[0], (3, 4))",
    "np.broadcast_to(b[:, :1], (3, 4))",
    "b[0] * b[:, :1]",
    "b[[0, 2]]",
    "b.sum(axis=0)",
    "b.sum(axis=1, keepdims=True)",
)


def main(arguments: list[str]) -> int:
    """Print what NumPy says of some arrays; draw them with ``--plot``."""
    args = _parser().parse_args(arguments)
    if args.plot is not None:
        plot.check(args.plot)
    if not ranks.is_first():
        return 0
    made = examples()
    with tables_beside(args):
        print(_table(made), flush=True)
    if args.plot is not None:
        drawing.draw(args.plot, made)
    return 0


def _parser() -> options.Parser:
    parser = options.module_parser(
        "workloads arrays",
        "Views, strides, broadcasting, copies and reductions of NumPy's arrays: shape, strides in "
        "bytes, whether the elements lie in the memory of the first array, and the bytes that were "
        "taken for them. A reduction goes along an axis, and leaves it out, or keeps it as one: "
        "then b - b.sum(axis=1, keepdims=True) fits.",
        EXIT_CODES,
    )
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw them (png, pdf, svg)")
    return parser


def examples() -> list[Example]:
    """Make the arrays, and describe them."""
    require_module("numpy")
    import numpy as np  # noqa: PLC0415

    names: dict[str, Any] = {"np": np}
    made = []
    for line in LINES:
        name, _, code = line.rpartition(" = ")
        # Evaluated, so that the table shows the very code that has run.
        names[name] = eval(code, names)  # noqa: S307
        made.append(_example(line, names[name], names["a"]))
    return made


def _example(code: str, array: Any, first: Any) -> Example:
    import numpy as np  # noqa: PLC0415

    owner = array
    while isinstance(owner.base, np.ndarray):
        owner = owner.base
    offsets = array.ctypes.data - owner.ctypes.data
    for along, stride in zip(np.indices(array.shape), array.strides, strict=True):
        offsets = offsets + along * stride
    return Example(
        code,
        array.shape,
        array.strides,
        bool(np.shares_memory(array, first)),
        array.nbytes if owner is array else 0,
        tuple(owner.ravel(order="K").tolist()),
        (offsets // array.itemsize).tolist(),
        array.itemsize,
    )


def _table(examples: Sequence[Example]) -> str:
    rows = [("array", "shape", "strides", "in a's memory", "new bytes")]
    for each in examples:
        shared = "yes" if each.shares else "no"
        rows.append((each.code, str(each.shape), str(each.strides), shared, str(each.own)))
    return render([[*row, ""] for row in rows])
