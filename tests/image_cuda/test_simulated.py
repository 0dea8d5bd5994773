"""A kernel of numba-cuda in its simulator, each thread in Python: what it computes is right."""

from running import python

PROGRAM = """
import numpy as np
from workloads.linalg import cuda

numbers = np.arange(10.0)
cuda.numba_kernel()[3, 4](numbers)
print(*numbers)
"""


def test_linalgs_numbers_are_right() -> None:
    done = python("-c", PROGRAM, NUMBA_ENABLE_CUDASIM="1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [f"{number}.0" for number in range(1, 11)]
