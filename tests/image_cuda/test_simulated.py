"""A kernel of numba-cuda in its simulator, each thread in Python: what it computes is right."""

from __future__ import annotations

import os
import subprocess
import sys

PROGRAM = """
import numpy as np
from workloads.linalg import cuda

numbers = np.arange(10.0)
cuda.numba_kernel()[3, 4](numbers)
print(*numbers)
"""


def test_linalgs_numbers_are_right() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "NUMBA_ENABLE_CUDASIM": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [f"{number}.0" for number in range(1, 11)]
