"""Under the limits that batch systems set, a program works or says why; none hangs."""

import resource
import signal
import subprocess
import sys

import pytest

from running import start
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
