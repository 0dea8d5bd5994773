"""threadpoolctl knows the OpenBLAS that is linked in, and limits its threads."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from running import PARALLEL_SUM, said

CORES = len(os.sched_getaffinity(0))
STUB = "libopenblas-hpcpy.so"
KNOWN = """
(pool,) = threadpoolctl.threadpool_info()
assert (pool["user_api"], pool["internal_api"]) == ("blas", "openblas"), pool
assert pool["threading_layer"] == "pthreads" and pool["architecture"], pool
assert numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]["version"] == pool["version"]
assert os.path.basename(pool["filepath"]) == "libopenblas-hpcpy.so", pool
print(pool["num_threads"])
"""


pytestmark = pytest.mark.usefixtures("no_number_of_threads")


@pytest.mark.parametrize("order", ["numpy, threadpoolctl", "threadpoolctl, numpy"])
def test_it_names_version_layer_and_threads(order: str) -> None:
    (threads,) = said(f"import os, {order}\n{KNOWN}")
    assert 1 <= int(threads) <= CORES


@pytest.mark.parametrize(
    ("given", "threads"),
    [({"SLURM_CPUS_PER_TASK": "1"}, 1), ({"OPENBLAS_NUM_THREADS": "1"}, 1)],
    ids=["Slurm's", "the user's"],
)
def test_it_tells_the_threads_that_there_will_be(given: dict[str, str], threads: int) -> None:
    assert said(f"import os, numpy, threadpoolctl\n{KNOWN}", **given) == [str(threads)]


def test_a_limit_counts_from_the_first_operation_and_ends() -> None:
    program = """
    import os
    import _hpcpy_threads
    threads = lambda: len(os.listdir("/proc/self/task"))
    count = _hpcpy_threads.count()
    import numpy as np
    from threadpoolctl import threadpool_limits, threadpool_info
    told = lambda: threadpool_info()[0]["num_threads"]
    m = np.ones((600, 600))
    with threadpool_limits(1):
        assert told() == 1
        assert (m @ m == 600).all()
        assert threads() == 1, threads()
        np.linalg.eigvalsh(m)
        assert threads() == 1, threads()
    assert told() == count
    assert (m @ m == 600).all()
    assert threads() == count, (threads(), count)
    with threadpool_limits(limits={"blas": 1}):
        assert told() == 1
    assert told() == count
    print("done")
    """
    assert said(program) == ["done"]


@pytest.mark.long
def test_a_limit_counts_once_threads_run() -> None:
    # Of the other threads none gets work: they have used no time at the end.
    program = """
    import os, time
    import numpy as np
    from threadpoolctl import threadpool_limits
    def used():
        me, ticks = str(os.getpid()), 0
        for task in os.listdir("/proc/self/task"):
            if task != me:
                fields = open(f"/proc/self/task/{task}/stat").read().rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])
        return ticks
    m = np.ones((1500, 1500))
    m @ m
    with threadpool_limits(1):
        # They ask for more work for a while, and then sleep.
        before, now, end = -1, used(), time.monotonic() + 300
        while now != before:
            assert time.monotonic() < end, "they never sleep"
            time.sleep(0.2)
            before, now = now, used()
        for _ in range(4):
            m @ m
        assert used() - now <= 1, (used(), now)
    print("done")
    """
    assert said(program) == ["done"]


def test_more_threads_than_the_default_may_be_asked_for() -> None:
    program = """
    import os
    import numpy as np
    from threadpoolctl import threadpool_limits
    m = np.ones((600, 600))
    with threadpool_limits(3):
        assert (m @ m == 600).all()
        assert len(os.listdir("/proc/self/task")) == 3
    print("done")
    """
    assert said(program, SLURM_CPUS_PER_TASK="1") == ["done"]


def test_a_child_process_has_the_limit_and_can_change_it() -> None:
    program = """
    import os
    import numpy as np
    from threadpoolctl import threadpool_limits, threadpool_info
    m = np.ones((600, 600))
    m @ m
    with threadpool_limits(1):
        if os.fork() == 0:
            assert (m @ m == 600).all()
            assert len(os.listdir("/proc/self/task")) == 1
            threadpool_limits(2)
            assert (m @ m == 600).all()
            assert threadpool_info()[0]["num_threads"] == 2
            os._exit(0)
        assert os.wait()[1] == 0
    print("done")
    """
    assert said(program) == ["done"]


def test_older_versions_ways_of_looking_find_it(tmp_path: Path) -> None:
    # By dl_iterate_phdr, as those before 3.7 do; and a copy that the user brings.
    import threadpoolctl

    shutil.copy(threadpoolctl.__file__, tmp_path / "threadpoolctl.py")
    program = f"""
    import numpy, threadpoolctl
    assert threadpoolctl.__file__.startswith({str(tmp_path)!r})
    threadpoolctl._HAS_PROCFS = False
    threadpoolctl.dllist = None
    (pool,) = threadpoolctl.threadpool_info()
    print(pool["internal_api"], pool["threading_layer"])
    """
    found = said(program, HPCPY_PREFER="threadpoolctl", PYTHONPATH=str(tmp_path))
    assert found == ["openblas", "pthreads"]


def test_openmp_of_numba_is_known_beside_it() -> None:
    # A set: scipy, where somebody has baked it, brings an OpenBLAS of its own.
    program = f"""{PARALLEL_SUM}
import threadpoolctl
print(*sorted({{pool["internal_api"] for pool in threadpoolctl.threadpool_info()}}))
"""
    assert said(program, NUMBA_THREADING_LAYER="omp") == ["openblas", "openmp"]


def test_programs_without_threadpoolctl_never_open_it() -> None:
    program = "import numpy, numba, h5py; print('libopenblas' in open('/proc/self/maps').read())"
    assert said(program) == ["False"]
    assert said("import threadpoolctl; print(len(threadpoolctl.threadpool_info()))") == ["0"]


def test_a_library_that_needs_openblas_still_gets_its_own() -> None:
    # What the loader would take this one for.
    stub = Path(sys.prefix) / "lib/hpcpy" / STUB
    content = stub.read_bytes()
    assert b"openblas_get_num_threads" in content
    assert b"cblas_dgemm" not in content
    assert b"libopenblas.so" not in content
    program = """
    import ctypes, numpy, threadpoolctl
    try: ctypes.CDLL("libopenblas.so.0")
    except OSError: print("none")
    print(hasattr(ctypes.CDLL(None), "openblas_get_num_threads"))
    """
    assert said(program) == ["none", "False"]
