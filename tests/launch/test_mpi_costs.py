"""What the image's own MPICH takes: little at its start, no core while it waits."""

from pathlib import Path

import pytest

from hpcpy.engine.traced import traced
from measure.targets import PYTHON, Target, container
from running import printed, run

MOST_PATH_CALLS = 30
# The first rank does nothing until the other one, which waits for it, has used a tenth
# of a second of a processor: on a busy machine that takes long.
WAITS = """
import os, time
from mpi4py import MPI
comm = MPI.COMM_WORLD

def ticks(process):
    with open(f'/proc/{process}/stat') as file:
        return sum(map(int, file.read().rpartition(')')[2].split()[11:13]))

if comm.rank == 0:
    other = comm.recv(source=1)
    enough = ticks(other) + os.sysconf('SC_CLK_TCK') // 10
    end = time.monotonic() + 300
    while ticks(other) < enough:
        assert time.monotonic() < end, 'the other rank has not used a tenth of a second'
        time.sleep(0.05)
    comm.send('done', 1)
else:
    comm.send(os.getpid(), 0)
    print(comm.recv(source=0), flush=True)
"""


@pytest.fixture
def python(sif: str, tmp_path: Path) -> Target:
    return container("hpcpy", Path(sif), tmp_path)


# Addresses as the kernel writes them.
LISTENS = """
import os
from mpi4py import MPI
files = filter(os.path.lexists, (f'/proc/self/fd/{name}' for name in os.listdir('/proc/self/fd')))
own = {os.readlink(file) for file in files}
lines = [line.split() for line in open('/proc/self/net/tcp')][1:]
listening = [words for words in lines if words[3] == '0A' and f'socket:[{words[9]}]' in own]
print({words[1].partition(':')[0] for words in listening})
"""


def test_a_measured_start_listens_on_no_network_that_may_end(python: Target) -> None:
    done = run(*python.command(["-c", LISTENS]))
    assert (done.returncode, done.stdout) == (0, "{'0100007F'}\n"), done.stderr


@pytest.mark.usefixtures("strace")
def test_its_start_does_not_look_at_the_nodes_hardware(python: Target) -> None:
    counts = traced(python.command(["-c", "from mpi4py import MPI"]), PYTHON)
    asked = [call.path for call in counts.paths]
    # The number of processors is in /sys, too, as is what hwloc would read file by file.
    assert not [
        path
        for path in asked
        if path.startswith("/sys/devices/system/node") or "/topology/" in path
    ]
    assert len(asked) <= MOST_PATH_CALLS, "\n".join(asked)


def test_the_ranks_of_a_node_are_known_without_its_hardware(python: Target) -> None:
    program = """
from mpi4py import MPI

world = MPI.COMM_WORLD
hint = MPI.Info.Create({"shmem_topo": "package"})
print(world.Split_type(MPI.COMM_TYPE_SHARED, info=hint).size)
memory = MPI.Info.Create({"mpi_hw_resource_type": "mpi_shared_memory"})
print(world.Split_type(MPI.COMM_TYPE_HW_GUIDED, info=memory).size)
package = MPI.Info.Create({"mpi_hw_resource_type": "package"})
print(world.Split_type(MPI.COMM_TYPE_HW_GUIDED, info=package) == MPI.COMM_NULL)
"""
    assert printed(run(*python.command(["-c", program]))) == "1\n1\nTrue\n"


@pytest.mark.long
def test_a_rank_that_waits_gives_its_core_away(
    python: Target, strace: Path, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    ranks = python.command(["-n", "2", PYTHON, "-c", WAITS], program="mpiexec")
    done = run(strace, "-f", "-e", "trace=sched_yield", "-o", trace, *ranks)
    assert (done.returncode, done.stdout) == (0, "done\n")
    # Without the patch there is none. How many a tenth of a second holds is strace's
    # doing: 93 were seen on a busy machine.
    assert trace.read_text().count("sched_yield()") > 10
