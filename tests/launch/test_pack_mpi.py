"""Ranks of a packed environment share one mount of a node, and each other's memory."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_cluster import Cluster
from packing import as_user, conda_like, daemons, packed, remove, require
from site_user import require_public

from hpcpy.core import paths
from proc_files import processes
from running import Done, run, wait_until

# By the C interface alone, of MPICH and of Open MPI: a megabyte to the next rank.  Then each
# reads the memory of its neighbour on the node, as MPI does for large messages.
RING = """
import ctypes, os, sys
kind, library = sys.argv[1:3]
mpi, libc = ctypes.CDLL(library, ctypes.RTLD_GLOBAL), ctypes.CDLL(None, use_errno=True)
if kind == "mpich":
    world, byte = ctypes.c_int(0x44000000), ctypes.c_int(0x4c00010d)
else:
    world, byte = (ctypes.c_void_p(ctypes.addressof(ctypes.c_char.in_dll(mpi, name)))
                   for name in ("ompi_mpi_comm_world", "ompi_mpi_byte"))
mpi.MPI_Init(None, None)
rank, size = ctypes.c_int(), ctypes.c_int()
mpi.MPI_Comm_rank(world, ctypes.byref(rank)); mpi.MPI_Comm_size(world, ctypes.byref(size))
rank, size, count = rank.value, size.value, 1 << 20
right, left = (rank + 1) % size, (rank - 1) % size
def send(there):
    here = ctypes.create_string_buffer(len(there))
    assert mpi.MPI_Sendrecv(there, len(there), byte, right, 1, here, len(there), byte, left, 1,
                            world, None if kind == "openmpi" else ctypes.c_void_p(1)) == 0
    return here.raw
assert send(bytes([rank]) * count) == bytes([left]) * count
own = ctypes.create_string_buffer(bytes([rank + 1]) * 64)
node, pid, address = send(f"{os.uname().nodename} {os.getpid()} {ctypes.addressof(own)}"
                          .ljust(80).encode()).split()
class Piece(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]
read = 64
if node.decode() == os.uname().nodename:
    copy = ctypes.create_string_buffer(64)
    libc.process_vm_readv.restype = ctypes.c_ssize_t
    read = libc.process_vm_readv(int(pid), ctypes.byref(Piece(ctypes.addressof(copy), 64)), 1,
                                 ctypes.byref(Piece(int(address), 64)), 1, 0)
    assert read == 64 and copy.raw == bytes([left + 1]) * 64, os.strerror(ctypes.get_errno())
send(b"read")
print(size, os.uname().nodename, os.readlink("/proc/self/ns/mnt"), flush=True)
mpi.MPI_Finalize()
"""
LIBRARIES = {"mpich": "libmpi.so.12", "openmpi": "libmpi.so.40"}


@pytest.fixture(scope="module")
def environment(mpi: Path) -> Iterator[Path]:
    """Give an environment with MPICH and Open MPI, where the nodes of the cluster see it."""
    require()
    paths.BUILD.mkdir(exist_ok=True)
    folder = paths.BUILD / f"pack-mpi.{os.getpid()}"
    folder.mkdir()
    prefix = conda_like(folder / "env")
    (prefix / "share/ring.py").write_text(RING)
    for name in LIBRARIES:
        shutil.copytree(mpi / name, prefix / "opt" / name, symlinks=True)
    yield packed(prefix)
    wait_until(lambda: not daemons(prefix))
    remove(folder)


def words(environment: Path, kind: str) -> list[str]:
    library = environment / "opt" / kind / "lib" / LIBRARIES[kind]
    ring = environment / "share/ring.py"
    return [str(environment / "bin/python"), str(ring), kind, str(library)]


def check(done: Done, size: int, nodes: int) -> None:
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [line[0] for line in lines] == [str(size)] * size
    # One mount namespace on each node.
    assert len({(node, space) for _, node, space in lines}) == nodes


@pytest.mark.parametrize("who", ["self", "user"])
@pytest.mark.parametrize("kind", LIBRARIES)
def test_sixteen_ranks_of_mpiexec(environment: Path, mpi: Path, kind: str, who: str) -> None:
    before: tuple[str, ...] = ()
    if who == "user":
        # In a user namespace, which all ranks must share to read each other's memory.
        before = as_user(environment.parent)
        require_public(environment)
        (environment.parent / "fuse").mkdir(exist_ok=True)
    variables = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    variables |= {"PRTE_ALLOW_RUN_AS_ROOT": "1", "PRTE_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    more = [] if kind == "mpich" else ["--oversubscribe"]
    env = {**os.environ, **variables, "HPCPY_PACK_HOLD": "0", "OLDPWD": "/usr"}
    program = mpi / kind / "bin/mpiexec"
    done = run(*before, program, *more, "-n", "16", *words(environment, kind), env=env, cwd="/usr")
    check(done, 16, 1)
    wait_until(lambda: not daemons(environment))


# Once in some dozens of runs Open MPI 5.0 crashes in MPI_Init, when another rank's first message
# comes before its own communicator is whole.
@pytest.mark.parametrize(
    ("kind", "pmi"),
    [("mpich", "pmi2"), pytest.param("openmpi", "pmix", marks=pytest.mark.long)],
)
def test_ranks_of_two_nodes_by_srun(
    environment: Path, cluster: Cluster, kind: str, pmi: str
) -> None:
    env = {"UCX_TLS": "tcp,self", "UCX_NET_DEVICES": "eth0", "OMPI_MCA_osc": "^ucx"}
    options = (f"--mpi={pmi}", "-N2", "-n8", "--ntasks-per-node=4")
    done = cluster.srun(*options, *words(environment, kind), env=env)
    check(done, 8, 2)
    wait_until(lambda: not daemons(environment))


@pytest.mark.parametrize("how", ["scancel", "kill"])
def test_nothing_is_left_of_a_step_that_is_stopped(
    environment: Path, cluster: Cluster, how: str
) -> None:
    begun = "begun-" + how
    wait = f"import os, time; open({begun!r} + os.environ['SLURM_PROCID'], 'w'); time.sleep(500)"
    program = (str(environment / "bin/python"), "-c", wait)
    with cluster.started("-N2", "-n4", "--ntasks-per-node=2", *program) as job:
        cluster.wait_for_files(*(f"{begun}{rank}" for rank in range(4)))
        # A daemon on each node.
        wait_until(lambda: len(daemons(environment)) == 2)
        if how == "scancel":
            cluster.run("scancel", f"--name={cluster.name(job)}")
        else:
            for process, line in processes():
                if line.startswith(program[0]) and begun in line:
                    os.kill(process, signal.SIGKILL)
        job.communicate(timeout=300)
    wait_until(lambda: not daemons(environment))
