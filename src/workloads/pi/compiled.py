"""The loop in C, compiled by Cython when the image is built."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from workloads.pi._kernels_cython import count
from workloads.pi.definition import parts


def cython(pairs: int, seed: int) -> int:
    """Count with NumPy's generator and the loop in C, on one core."""
    generator = np.random.Philox(key=seed)
    return sum(count(generator, part) for part in parts(pairs))


def cython_seeded(pairs: int, seed: int) -> int:
    """Count with the numbers of pure Python, drawn and tested in C."""
    generator = twister(seed)
    return sum(count(generator, part) for part in parts(pairs))


def twister(seed: int) -> Any:
    """Return NumPy's Mersenne Twister in the state of ``random.Random(seed)``."""
    *words, used = random.Random(seed).getstate()[1]  # noqa: S311  (no secret: the talk's numbers)
    generator = np.random.MT19937()
    state = {"key": np.array(words, np.uint32), "pos": used}
    generator.state = {"bit_generator": "MT19937", "state": state}
    return generator
