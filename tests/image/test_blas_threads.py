"""BLAS starts as many threads as it is good for, when they are first worth something."""

import os
from typing import Any

import pytest

from running import PARALLEL_SUM, on_ranks, printed, said
from tiers import sampled

CORES = len(os.sched_getaffinity(0))
COUNT = """
import os, sys
import numpy as np
import _hpcpy_threads
threads = lambda: len(os.listdir("/proc/self/task"))
before = threads()
m = np.ones((600, 600))
assert (m @ m == 600).all()
print(before, threads(), _hpcpy_threads.count(), flush=True)
"""


pytestmark = pytest.mark.usefixtures("no_number_of_threads")


def test_importing_numpy_starts_none_and_the_first_product_all() -> None:
    before, after, count = map(int, said(COUNT))
    assert before == 1
    assert after == count <= CORES


@pytest.mark.parametrize(("name", "threads"), [("OMP_NUM_THREADS", 1), ("OPENBLAS_NUM_THREADS", 2)])
def test_what_the_user_says_counts(name: str, threads: int) -> None:
    given = {"SLURM_CPUS_PER_TASK": "1", name: str(threads)}
    assert int(said(COUNT, **given)[1]) == min(threads, CORES)


def test_slurms_number_for_a_task_is_the_most() -> None:
    assert said(COUNT, SLURM_CPUS_PER_TASK="1") == ["1", "1", "1"]


def test_four_ranks_have_no_more_threads_than_there_are_cores() -> None:
    shown = printed(on_ranks(4, "-c", COUNT))
    threads = [int(line.split()[1]) for line in shown.splitlines()]
    assert len(threads) == 4
    assert sum(threads) <= max(4, CORES)


# The limit comes when an operation has been cut into parts already, and from
# many threads at once.
@pytest.mark.parametrize("first", sampled(["m @ m", "v @ v", "np.linalg.eigvalsh(m)"]))
def test_operations_that_meet_the_limit_first_are_right(first: str) -> None:
    program = f"""
    import os, threading
    import numpy as np
    m, v = np.ones((400, 400)), np.ones(400)
    long = np.ones(2_000_000)
    operations = [
        lambda: {first}, lambda: long @ long, lambda: m @ v, lambda: m @ m,
    ]
    ready, found = threading.Barrier(8), {{}}
    def work(i):
        ready.wait()
        found[i] = operations[i % 4]()
    workers = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for worker in workers: worker.start()
    for worker in workers: worker.join()
    assert found[1] == found[5] == 2_000_000
    assert (found[2] == 400).all() and (found[3] == 400).all()
    assert np.allclose(found[0], found[4])
    if os.fork() == 0:
        assert (m @ m == 400).all()
        os._exit(0)
    assert os.wait()[1] == 0
    print("done")
    """
    assert said(program, SLURM_CPUS_PER_TASK="1") == ["done"]


@pytest.mark.parametrize(("given", "threads"), sampled([({"NUMBA_NUM_THREADS": "3"}, 3), ({}, 1)]))
def test_numba_begins_with_as_many_and_may_have_more(given: Any, threads: int) -> None:
    program = f"""{PARALLEL_SUM}
print(numba.get_num_threads())
numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
assert total(np.ones(1000)) == 1000
"""
    assert said(program, SLURM_CPUS_PER_TASK="1", **given) == [str(threads)]


# A fork while other threads compute.
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
    sampled([(3, "m @ m"), (1, "m @ m"), (2, "np.linalg.solve(m + np.eye(600), m)")]),
)
def test_parent_and_child_go_on_after_a_fork(threads: int, operation: str) -> None:
    program = FORKS.replace("THREADS", str(threads)).replace("OPERATION", operation)
    assert said(program, OPENBLAS_NUM_THREADS="2") == ["forked"]
