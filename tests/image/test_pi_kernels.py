"""Pi's compiled kernels: every level of x86-64, every edge, bad input."""

from __future__ import annotations

import functools
import itertools
import platform
import random
import threading
from typing import Any

import pytest

if platform.machine() != "x86_64":
    pytest.skip("levels of x86-64", allow_module_level=True)

from workloads.pi import _kernels_cython, _kernels_twister  # type: ignore[attr-defined]
from workloads.pi import _kernels_simd as kernel  # type: ignore[attr-defined]
from workloads.pi.definition import hits, philox_hits
from workloads.pi.techniques import numba_scalar

SEED = 2022


@pytest.mark.parametrize("level", kernel.levels)
def test_every_level_has_the_stored_count(level: Any) -> None:
    assert kernel.count(0, 20_000_000, SEED, level=level) == 15_705_172
    assert kernel.count(0, 1_000, SEED, level=level) == 797


COUNTERS = [
    *(pytest.param(functools.partial(kernel.count, level=x), id=x) for x in kernel.levels),
    pytest.param(_kernels_cython.count, id="cython"),
    pytest.param(numba_scalar.count, id="numba"),
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


def test_threads_may_count_at_once() -> None:
    bounds = [*range(0, 1_000_000, 125_000), 1_000_000]
    counts = {}

    def work(first: Any, end: Any) -> None:
        counts[first] = kernel.count(first, end, SEED)

    threads = [threading.Thread(target=work, args=pair) for pair in itertools.pairwise(bounds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts.values()) == philox_hits(SEED, range(1_000_000))


def test_bad_input() -> None:
    for arguments, error in (
        ((-1, 5, SEED), ValueError),
        ((0, 2**62 + 1, SEED), ValueError),
        ((0, 5, 2**64), OverflowError),
        ((0, 5, 1.5), TypeError),
        ((0, 5, SEED, "x86-64-v9"), ValueError),
    ):
        with pytest.raises(error):
            kernel.count(*arguments)


def test_the_twister_goes_on_as_pythons_own() -> None:
    draw = random.Random(SEED)  # noqa: S311
    # From the middle of its words, too; 312 numbers are all of them.
    for used in (0, 1, 311):
        for _ in range(used):
            draw.random()
        twister = _kernels_twister.Twister(draw.getstate()[1])
        for pairs in (0, 1, 2, 155, 156, 157, 10_001):
            assert twister.hits(pairs) == hits(draw.random, pairs)


def test_no_other_state_is_taken() -> None:
    states: dict[type[Exception], Any] = {
        ValueError: (1,) * 624 + (625,),
        OverflowError: (2**32,) * 624 + (624,),
        TypeError: ("one",) * 624 + (624,),
    }
    for error, state in states.items():
        with pytest.raises(error):
            _kernels_twister.Twister(state)
