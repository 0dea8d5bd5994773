"""Small arrays, and what NumPy says of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workloads.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence

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
)


@dataclass(frozen=True)
class Example:
    """An array beside the memory that its elements lie in.

    Parameters
    ----------
    code
        The expression that has made it.
    shape, strides
        NumPy's; strides are in bytes.
    shares
        Whether its elements lie in the memory of the first array.
    own
        How many bytes were allocated for it; 0 for a view.
    memory
        The elements of that memory, in its order.
    cells
        Each element's index in `memory`, as nested lists of the array's shape.
    item
        Bytes of an element.
    """

    code: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    shares: bool
    own: int
    memory: tuple[int, ...]
    cells: Any
    item: int


def examples(lines: Sequence[str] = LINES) -> list[Example]:
    """Make arrays, and describe them."""
    try:
        import numpy as np  # noqa: PLC0415
    except ImportError as error:
        raise UnavailableError("Python has no module 'numpy' here") from error
    names: dict[str, Any] = {"np": np}
    found = []
    first = None
    for line in lines:
        name, _, code = line.rpartition(" = ")
        # Evaluated, so that the table shows the very code that has run.
        array = eval(code, names)  # noqa: S307
        names[name] = array
        first = array if first is None else first
        found.append(_example(line, array, first))
    return found


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


def table(found: Sequence[Example]) -> str:
    """Return the examples as a table, a line for each."""
    rows = [("array", "shape", "strides", "in a's memory", "new bytes")]
    for each in found:
        shared = "yes" if each.shares else "no"
        rows.append((each.code, str(each.shape), str(each.strides), shared, str(each.own)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for *texts, number in rows:
        words = [text.ljust(width) for text, width in zip(texts, widths, strict=False)]
        lines.append("  ".join([*words, number.rjust(widths[-1])]))
    return "\n".join(lines)
