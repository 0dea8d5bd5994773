"""Python's own generator, in C: the same numbers as ``random.Random``."""

from __future__ import annotations

import random
from collections.abc import Callable

from workloads.pi._kernels_twister import Twister


def counter(seed: int) -> Callable[[int], int]:
    """Return a function that counts the hits among the next pairs of ``random.Random(seed)``."""
    state = random.Random(seed).getstate()  # noqa: S311  (no secret: the talk's numbers)
    hits: Callable[[int], int] = Twister(state[1]).hits
    return hits
