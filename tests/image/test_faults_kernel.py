"""Kernels that lack system calls, or refuse them: what the image has works all the same.

A seccomp filter takes the calls away, as a site's would; no older kernel is at hand.
"""

import errno
import sys

import pytest
from needed import lacking

from running import in_own_process

# Numbers of x86-64.  Since 424 (pidfd_send_signal, Linux 5.1) all processors have the same.
MEMFD_CREATE, USERFAULTFD, STATX, NEWER, NONE = 319, 323, 332, 424, 1 << 30
KERNELS = {
    "of 4.18": (errno.ENOSYS, [], NEWER),
    "of 4.10": (errno.ENOSYS, [], STATX),
    "that refuses memfd and userfaultfd": (errno.EPERM, [MEMFD_CREATE, USERFAULTFD], NONE),
    "without huge pages": (0, [], NONE),
}
# Words: the error, the lowest number that has it, others that have; then the program.
# struct sock_filter is a code, two jumps and a constant; see seccomp(2).
WITHOUT = """
import ctypes, os, struct, sys
error, lowest, *numbers = map(int, sys.argv[1].split())
prctl = ctypes.CDLL(None, use_errno=True).prctl
LOAD, EQUAL, ABOVE, RETURN = 0x20, 0x15, 0x35, 0x06
ALLOW, ERROR, NO_NEW_PRIVS, SECCOMP, FILTER, THP_DISABLE = 0x7FFF0000, 0x50000, 38, 22, 2, 41
after = len(numbers)
steps = [(LOAD, 0, 0, 0), (ABOVE, after + 1, 0, lowest)]
steps += [(EQUAL, after - place, 0, number) for place, number in enumerate(numbers)]
steps += [(RETURN, 0, 0, ALLOW), (RETURN, 0, 0, ERROR | error)]
code = b"".join(struct.pack("HBBI", *step) for step in steps)
buffer = ctypes.create_string_buffer(code)
program = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(buffer))
if error:
    assert prctl(NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    assert prctl(SECCOMP, FILTER, program) == 0, os.strerror(ctypes.get_errno())
else:
    assert prctl(THP_DISABLE, 1, 0, 0, 0) == 0
os.execv(sys.executable, [sys.executable, "-c", sys.argv[2]])
"""
# hpcpy-core has none of these.
MORE = [name for name in ("dask", "distributed", "matplotlib") if not lacking(name)]
WORK = f"""
import {", ".join(["concurrent.futures, subprocess, sys, tempfile, h5py, numba, numpy", *MORE])}
from mpi4py import MPI

assert (numpy.ones((500, 500)) @ numpy.ones((500, 500)) == 500).all()
assert numba.njit(lambda number: 2 * number)(21) == 42
assert MPI.COMM_WORLD.allreduce(1) == 1
with tempfile.TemporaryDirectory() as folder, h5py.File(folder + "/file.h5", "w") as file:
    file["numbers"] = numpy.arange(9)
with concurrent.futures.ThreadPoolExecutor(2) as pool:
    assert list(pool.map(abs, [-1, -2])) == [1, 2]
with concurrent.futures.ProcessPoolExecutor(2) as pool:
    assert list(pool.map(abs, [-1, -2])) == [1, 2]
assert subprocess.run([sys.executable, "-c", "import numpy"]).returncode == 0
print("done")
"""


def below(kernel: str, program: str) -> tuple[int, str, str]:
    error, numbers, lowest = KERNELS[kernel]
    words = " ".join(map(str, [error, lowest, *numbers]))
    done = in_own_process(sys.executable, "-c", WITHOUT, words, program)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("kernel", KERNELS)
def test_what_the_image_has_works(kernel: str) -> None:
    assert below(kernel, WORK) == (0, "done\n", "")
