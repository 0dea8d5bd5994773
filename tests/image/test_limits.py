"""Under the limits that batch systems set, a program works or says why; so do small stacks."""

import ctypes
import os
import resource
import signal
import subprocess
import sys
import threading

import pytest

from _hpcpy_importer import finder
from running import printed, python, start
from tiers import sampled

PROGRAMS = {
    "pass": "pass",
    "threads": """
import threading
found = []
all_of_them = [threading.Thread(target=found.append, args=(i,)) for i in range(8)]
for one in all_of_them: one.start()
for one in all_of_them: one.join()
assert len(found) == 8
""",
    "blas": """
import numpy
a = numpy.ones((500, 500))
assert (a.dot(a) == 500).all() and numpy.allclose(numpy.linalg.eigvalsh(a)[-1], 500)
""",
    "numba": """
import numba
@numba.njit("int64(int64)")
def double(number):
    return 2 * number
assert double(21) == 42
""",
    "mpi": """
from mpi4py import MPI
assert MPI.COMM_WORLD.allreduce(1) == 1
""",
}
_MB = 1 << 20
LIMITS = {
    "AS": [200 * _MB, 400 * _MB],
    "NOFILE": [3, 14, 16, 24],
    "FSIZE": [0, 100_000],
    "NPROC": [1],
    "STACK": [256 << 10, resource.RLIM_INFINITY],
}
# The image's MPICH follows a null pointer in MPI_Init where about 200 MB are all it has.
CRASHES = {("AS", "mpi"): "ends by SIGSEGV without a word"}
# Hung is what has done nothing for so long, on a machine with other work, too.
_HUNG_SECONDS = 300


# Between fork and exec, where subprocess has it, code of ours would be unsafe.
_BELOW = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
for text in sys.argv[2:]:
    name, _, most = text.partition("=")
    resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (int(most), int(most)))
os.execv(sys.executable, [sys.executable, "-c", sys.argv[1]])
"""


def ran(program: str, **limits: int) -> tuple[int | None, str, str]:
    """Run a program below limits; return its exit code, or None when it hangs, and its words."""
    told = f"{program}\nprint('done', flush=True)"
    words = [f"{name}={most}" for name, most in limits.items()]
    with start(sys.executable, "-c", _BELOW, told, *words) as running:
        try:
            out, err = running.communicate(timeout=_HUNG_SECONDS)
        except subprocess.TimeoutExpired:
            running.kill()
            return None, *running.communicate()
    return running.returncode, out, err


def fault(code: int | None, out: str, err: str) -> str:
    """Say what is wrong with how a program ended; nothing when it is well, or has said why."""
    if code is None:
        return f"hangs, having said {out!r}, {err!r}"
    if code == 0:
        return "" if out == "done\n" else f"ends with 0, having said {out!r}, {err!r}"
    how = signal.Signals(-code).name if code < 0 else f"code {code}"
    return "" if err.strip() else f"ends by {how} without a word"


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("name", sampled(LIMITS, keep=2))
def test_a_program_below_a_limit_works_or_says_why(name: str, program: str) -> None:
    faults = {most: fault(*ran(PROGRAMS[program], **{name: most})) for most in LIMITS[name]}
    known = {"", CRASHES.get((name, program), "")}
    assert not {most: said for most, said in faults.items() if said not in known}


def test_mpi_says_that_it_lacks_files() -> None:
    code, out, err = ran(PROGRAMS["mpi"], NOFILE=16)
    assert (code, out) == (1, "")
    assert "mpi4py: MPI needs 32 open files, and 16 are allowed; see ulimit -n" in err


KIB = 1024
# src/interp/start/stacks.c leaves its place to AddressSanitizer's own function.
grown = pytest.mark.skipif(
    "sanitize" in finder().bundle.about["features"],
    reason="under AddressSanitizer stacks have the size that was asked for, and no more",
)


@grown
def test_a_thread_with_a_small_stack_starts() -> None:
    # The C library's least: 128 KiB on aarch64.
    size = max(64 * KIB, os.sysconf("SC_THREAD_STACK_MIN"))
    seen: list[int] = []
    before = threading.stack_size(size)
    try:
        thread = threading.Thread(target=seen.append, args=(size,))
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert seen == [size]


@grown
def test_openmp_threads_may_have_small_stacks() -> None:
    words = ("mandel", "--size", "64", "48", "--impl", "numba-parallel")
    shown = printed(python("-m", "workloads", *words, OMP_STACKSIZE="100K"))
    assert "omp threads" in shown


def test_attributes_of_a_thread_keep_the_size_that_was_set() -> None:
    c_library = ctypes.CDLL(None)
    attributes, size = ctypes.create_string_buffer(64), ctypes.c_size_t()
    c_library.pthread_attr_init(attributes)
    c_library.pthread_attr_setstacksize(attributes, ctypes.c_size_t(1024 * KIB))
    c_library.pthread_attr_getstacksize(attributes, ctypes.byref(size))
    assert size.value == 1024 * KIB


def test_a_thread_starts_on_memory_of_the_caller() -> None:
    c_library = ctypes.CDLL(None)
    attributes, memory = ctypes.create_string_buffer(64), ctypes.create_string_buffer(512 * KIB)
    c_library.pthread_attr_init(attributes)
    c_library.pthread_attr_setstack(attributes, memory, ctypes.c_size_t(512 * KIB))
    thread, answer = ctypes.c_ulong(), ctypes.c_void_p()
    labs = ctypes.cast(c_library.labs, ctypes.c_void_p)
    c_library.pthread_create(ctypes.byref(thread), attributes, labs, ctypes.c_void_p(-5))
    c_library.pthread_join(thread, ctypes.byref(answer))
    assert answer.value == 5
