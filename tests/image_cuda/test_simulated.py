"""numba-cuda's kernels in its simulator, each thread in Python: what they compute is right.

The simulator lacks NVIDIA's own libdevice: its product that is rounded by itself is
Python's here.  test_compilers.py tests the machine code.
"""

from __future__ import annotations

import os
import subprocess
import sys

from workloads.pi import answer

PROGRAM = """
import types
import numpy as np
from workloads.device import cuda_numba
from workloads.linalg.techniques import cuda
from workloads.pi.techniques import devices

cuda_numba.libdevice = types.SimpleNamespace(dmul_rn=lambda one, other: one * other)
for pairs, seed in {asked}:
    out = np.zeros(1, np.int64)
    devices.numba_kernel()[3, 4](np.int64(pairs), np.uint64(seed), out)
    print(out[0])
numbers = np.arange(10.0)
cuda.numba_kernel()[3, 4](numbers)
print(*numbers)
"""


def in_the_simulator(asked: list[tuple[int, int]]) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(asked=asked)],
        env={**os.environ, "NUMBA_ENABLE_CUDASIM": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_pis_counts_and_linalgs_numbers_are_right() -> None:
    asked = [(1, 7), (2, 7), (999, 2**64 - 1), (10_007, 2022)]
    *counts, numbers = in_the_simulator(asked)
    assert len(counts) == len(asked)
    for (pairs, seed), count in zip(asked, counts, strict=True):
        ok, verdict = answer.check("numba-cuda", int(count), pairs, seed, 1)
        assert ok, verdict
        assert "matches" in verdict
    assert numbers.split() == [f"{number}.0" for number in range(1, 11)]
