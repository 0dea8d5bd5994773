"""A fork while another thread computes with BLAS."""

import pytest

from running import said

FORKS = """
import os, threading, warnings
import numpy as np
warnings.simplefilter("ignore")  # of a fork in a process with threads
m = np.ones((600, 600))
expected = (m @ m).sum()
computes = True

def compute():
    while computes:
        OPERATION

threads = [threading.Thread(target=compute) for _ in range(THREADS)]
for thread in threads:
    thread.start()
for _ in range(10):
    child = os.fork()
    if child == 0:
        os._exit(0 if (m @ m).sum() == expected else 1)
    assert os.waitpid(child, 0)[1] == 0
computes = False
for thread in threads:
    thread.join()
print("forked")
"""


@pytest.mark.parametrize(
    ("threads", "operation"),
    [(1, "m @ m"), (3, "m @ m"), (2, "np.linalg.solve(m + np.eye(600), m)")],
)
def test_parent_and_child_go_on(threads: int, operation: str) -> None:
    program = FORKS.replace("THREADS", str(threads)).replace("OPERATION", operation)
    assert said(program, OPENBLAS_NUM_THREADS="2") == ["forked"]
