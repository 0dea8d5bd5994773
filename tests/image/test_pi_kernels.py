"""Pi's compiled kernels: every edge, bad input."""

from __future__ import annotations

import random
import types

import numpy as np
import pytest
from workloads.pi._kernels_cython import count as count_drawn

from workloads.pi.compiled import twister
from workloads.pi.definition import hits, philox_hits

SEED = 2022


def test_bad_input() -> None:
    with pytest.raises(AttributeError):
        count_drawn(None, 1)
    with pytest.raises(ValueError, match="PyCapsule"):
        count_drawn(types.SimpleNamespace(capsule=None), 1)


@pytest.mark.parametrize("seed", [0, SEED, 2**64 - 1])
def test_c_draws_what_python_and_numpy_draw(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311
    seeded, philox = twister(seed), np.random.Philox(key=seed)
    counted = drawn = 0
    # 312 numbers are all words of the generator's state.
    for pairs in (0, 1, 2, 155, 156, 157, 10_001):
        assert count_drawn(seeded, pairs) == hits(draw.random, pairs)
        counted += count_drawn(philox, pairs)
        drawn += pairs
        assert counted == philox_hits(seed, drawn)
