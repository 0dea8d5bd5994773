"""JAX: step and loop compiled for a GPU, if it sees one, or for the processor."""

from __future__ import annotations

import functools
from typing import Any

import jax

from workloads.heat.plate import Plate, R, Solved


def compiled(plate: Plate) -> Solved:
    """Make a new array at each step; JAX compiles step and loop."""
    field = loop()(plate.start()[0], plate.steps)
    return Solved(field.block_until_ready(), plate.steps, f"on {jax.default_backend()}")


@functools.cache
def loop() -> Any:
    """Return the loop; the number of steps is an argument, not a reason to compile."""
    jax.config.update("jax_enable_x64", True)  # by default its numbers are single precision

    def change(old: Any) -> Any:
        around = (old[:-2, 1:-1] + old[2:, 1:-1]) + (old[1:-1, :-2] + old[1:-1, 2:])
        return R * (around - 4.0 * old[1:-1, 1:-1])

    def step(_: Any, state: tuple[Any, Any]) -> tuple[Any, Any]:
        # The sum is left to the next turn: XLA would fuse it with the product, for other bits.
        field = state[0].at[1:-1, 1:-1].add(state[1])
        return field, change(field)

    return jax.jit(
        lambda field, steps: jax.lax.fori_loop(0, steps, step, (field, change(field)))[0]
    )


if __name__ == "__main__":
    print(compiled(Plate(1000, 100)).field)
