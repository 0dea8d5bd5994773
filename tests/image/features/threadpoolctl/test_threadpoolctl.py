"""threadpoolctl knows the OpenBLAS that is linked in, and limits its threads."""

import os

import pytest

from running import said

CORES = len(os.sched_getaffinity(0))
KNOWN = """
(pool,) = threadpoolctl.threadpool_info()
assert (pool["user_api"], pool["internal_api"]) == ("blas", "openblas"), pool
assert pool["threading_layer"] == "pthreads" and pool["architecture"], pool
assert numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]["version"] == pool["version"]
assert os.path.basename(pool["filepath"]) == "libopenblas-hpcpy.so", pool
print(pool["num_threads"])
"""


pytestmark = pytest.mark.usefixtures("no_number_of_threads")


def test_it_names_version_layer_and_threads() -> None:
    (threads,) = said(f"import os, threadpoolctl, numpy\n{KNOWN}")
    assert 1 <= int(threads) <= CORES


@pytest.mark.parametrize("name", ["SLURM_CPUS_PER_TASK", "OPENBLAS_NUM_THREADS"])
def test_it_tells_the_threads_that_there_will_be(name: str) -> None:
    assert said(f"import os, numpy, threadpoolctl\n{KNOWN}", **{name: "1"}) == ["1"]


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


def test_programs_without_threadpoolctl_never_open_it() -> None:
    program = "import numpy, numba, h5py; print('libopenblas' in open('/proc/self/maps').read())"
    assert said(program) == ["False"]


def test_its_library_answers_before_numpy_is_there() -> None:
    program = """
    import ctypes, os, sys
    functions = ctypes.CDLL(f"{sys.prefix}/lib/hpcpy/libopenblas-hpcpy.so")
    functions.openblas_get_corename.restype = ctypes.c_char_p
    print(functions.openblas_get_num_threads() >= 1, len(functions.openblas_get_corename()) >= 3)
    functions.openblas_set_num_threads(1)
    import numpy as np
    m = np.ones((600, 600))
    print((m @ m == 600).all(), len(os.listdir("/proc/self/task")))
    """
    assert said(program) == ["True", "True", "True", "1"]
