"""The plate, its solution, and the plain techniques: every other one gives the same bytes.

Heat spreads on a unit square whose edge is kept at zero: u_t = u_xx + u_yy. The plate has n × n
points, h = 1 / (n + 1) apart, and the edge around them. A step of the explicit scheme is

    new = c + R · ((up + down) + (left + right) − 4 c),    R = Δt / h²,

each product and sum rounded in this order: a fused multiply-add would give other bits.

It starts with two sine waves. The differential equation and this scheme only shrink such a
wave, by factors that are known: so the answer is known, and the scheme's error. Source: R. J.
LeVeque, Finite Difference Methods for Ordinary and Partial Differential Equations, 2007, ch. 9.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from workloads.bench.workload import Float64Array

    # Fills the inner points of its second array by those of the first.
    Step: TypeAlias = Callable[[Any, Any], object]

# Above 1/4 the scheme is not stable.
R = 0.2
# Amplitude, half waves along y and x. None is another's mirror image.
WAVES = ((1.0, 1, 1), (0.5, 2, 3))
# Steps between two looks at how much has changed: `--until`.
LOOK_EVERY = 10
# What rounding may add to the field in a step, four units in the last place of 1.
_ROUNDING = 4 * 2.0**-52


class Solved(NamedTuple):
    """What a technique returns; on ranks other than the first the field is None."""

    field: Any  # (n + 2, n + 2) float64 with the edge: an array, or lists
    steps: int  # how many the field has seen
    note: str = ""  # what is measured, for the report
    begun: int = 0  # how many of them a checkpoint had


@dataclass(frozen=True)
class Plate:
    """An n × n plate, and how many steps are wanted."""

    n: int
    steps: int
    until: float = 0.0  # ends where no point changes by as much in a step; 0.0: never
    checkpoint: Path | None = None  # the file of `heat.checkpoint`
    every: int = 0  # steps between two checkpoints
    begun: int = 0  # steps that a checkpoint has already

    def start(self, rows: slice = slice(None)) -> tuple[Float64Array, Float64Array]:
        """Return rows of the field at time 0, which has (n + 2, n + 2) points, twice."""
        import numpy as np  # noqa: PLC0415

        field = np.zeros((1, 1))
        for amplitude, ky, kx in WAVES:
            y, x = (np.array(sines(self.n, waves)) for waves in (ky, kx))
            field = field + amplitude * (y[rows, None] * x)
        return field, field.copy()

    def exact(self, steps: int, *, scheme: bool) -> Float64Array:
        """Return the solution after so many steps: the scheme's, or the differential equation's."""
        import numpy as np  # noqa: PLC0415

        h, field = 1 / (self.n + 1), np.zeros((self.n + 2,) * 2)
        for amplitude, ky, kx in WAVES:
            shrinks = math.exp(-(math.pi**2) * (ky**2 + kx**2) * R * h * h)
            if scheme:
                shrinks = 1 - 4 * R * sum(math.sin(math.pi * k * h / 2) ** 2 for k in (ky, kx))
            wave = np.outer(sines(self.n, ky), sines(self.n, kx))
            field += amplitude * shrinks**steps * wave
        return field

    def fault(self, field: Float64Array, steps: int) -> str:
        """Return how a field is not the scheme's solution after so many steps, or nothing."""
        error = float(abs(field - self.exact(steps, scheme=True)).max())
        right = error <= _ROUNDING * (steps + 1)  # never with a NaN
        return "" if right else f"differs from the scheme's solution by up to {error:.1g}"


def sines(n: int, waves: int) -> list[float]:
    """Return sin(π · waves · x) at all points and at both edges, where it is zero.

    By Python: NumPy's own sine may differ in the last bit from machine to machine.
    """
    return [0.0, *(math.sin(math.pi * waves * i / (n + 1)) for i in range(1, n + 1)), 0.0]


def strips(n: int, count: int) -> list[int]:
    """Return where each of `count` strips of rows begins, from row 1, and where the last ends."""
    return [1 + n * number // count for number in range(count + 1)]


def march(
    plate: Plate, old: Any, new: Any, step: Step, largest: Callable[[float], float] = float
) -> Solved:
    """Do the steps by two arrays in turn; `largest` returns the largest change of all ranks."""
    for done in range(plate.begun + 1, plate.steps + 1):
        step(old, new)
        old, new = new, old
        if plate.until and done % LOOK_EVERY == 0 and largest(change(new, old)) < plate.until:
            return Solved(old, done, begun=plate.begun)
    return Solved(old, plate.steps, begun=plate.begun)


def change(old: Any, new: Any) -> float:
    """Return by how much the point changes that changes most."""
    import numpy as np  # noqa: PLC0415

    return float(np.abs(np.subtract(new, old)[1:-1, 1:-1]).max(initial=0.0))


def python(plate: Plate) -> Solved:
    """Go through lists of lists, point by point."""
    old, new = (field.tolist() for field in plate.start())
    return march(plate, old, new, python_step)


def python_step(old: list[list[float]], new: list[list[float]]) -> None:
    """Do one step, of lists."""
    for i in range(1, len(old) - 1):
        above, row, below = old[i - 1 : i + 2]
        for j in range(1, len(row) - 1):
            around = (above[j] + below[j]) + (row[j - 1] + row[j + 1])
            new[i][j] = row[j] + R * (around - 4.0 * row[j])


def numpy(plate: Plate) -> Solved:
    """Shift whole arrays against each other: a slice for each neighbour."""
    return march(plate, *plate.start(), numpy_step)


def numpy_step(old: Float64Array, new: Float64Array) -> None:
    """Do one step, of arrays."""
    around = (old[:-2, 1:-1] + old[2:, 1:-1]) + (old[1:-1, :-2] + old[1:-1, 2:])
    new[1:-1, 1:-1] = old[1:-1, 1:-1] + R * (around - 4.0 * old[1:-1, 1:-1])


if __name__ == "__main__":
    print(numpy(Plate(512, 100)).field)
