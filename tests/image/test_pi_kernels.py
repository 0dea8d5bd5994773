"""Pi's compiled kernels: every edge, bad input."""

from __future__ import annotations

import random
import types
from typing import Any

import numpy as np
import pytest
from workloads.pi._kernels_cython import count as count_drawn

from workloads.pi.definition import hits, philox_hits
from workloads.pi.techniques import numba_
from workloads.pi.techniques.compiled import twister

SEED = 2022


COUNTERS = [
    pytest.param(numba_.count, id="numba"),
    pytest.param(numba_.count_in_threads, id="numba-parallel"),
]


@pytest.mark.parametrize("count", COUNTERS)
def test_every_beginning_and_length(count: Any) -> None:
    # Blocks have two pairs, and up to 64 of them are done together.
    for first in range(5):
        for length in (*range(10), *range(60, 70), *range(124, 134), 1_000, 1_001):
            want = philox_hits(SEED, range(first, first + length))
            assert count(first, first + length, SEED) == want, (first, length)


@pytest.mark.parametrize("count", COUNTERS)
def test_any_key_and_far_into_the_stream(count: Any) -> None:
    for key in (0, 2**32, 2**64 - 1):
        assert count(0, 3_001, key) == philox_hits(key, range(3_001))
    for first in (2**33 - 1, 2**40 - 3, 2**52 + 1):
        want = philox_hits(SEED, range(first, first + 301))
        assert count(first, first + 301, SEED) == want


def test_bad_input() -> None:
    with pytest.raises(AttributeError):
        count_drawn(None, 1)
    with pytest.raises(ValueError, match="PyCapsule"):
        count_drawn(types.SimpleNamespace(capsule=None), 1)


@pytest.mark.parametrize("seed", [0, SEED, 2**64 - 1])
def test_c_draws_what_python_and_numpy_draw(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311
    seeded, philox = twister(seed), np.random.Philox(key=seed)
    counted = 0
    # 312 numbers are all words of the generator's state.
    for pairs in (0, 1, 2, 155, 156, 157, 10_001):
        assert count_drawn(seeded, pairs) == hits(draw.random, pairs)
        want = philox_hits(seed, range(counted, counted + pairs))
        assert count_drawn(philox, pairs) == want
        counted += pairs
