"""Many small messages over the network, more than the sockets' memory takes, all arrive."""

import os
import resource

import pytest
from local_cluster import image

from running import run
from tiers import sampled

# Ranks that send all before they receive any, over a network of their own.
MANY = """
import numpy as np
from mpi4py import MPI

comm, count = MPI.COMM_WORLD, 10_000
there, here = np.arange(count), np.empty(count, int)
other = 1 - comm.rank
requests = [comm.Isend(there[i : i + 1], other) for i in range(count)]
for i in range(count):
    comm.Recv(here[i : i + 1], other)
MPI.Request.Waitall(requests)
print((here == there).all(), flush=True)
"""
# Rank 0 gets as many connections as in a job of a thousand ranks.  Where its table of them had to
# grow, ranks hung in 17 of 19 runs.
CONNECTED = r"""
import os, re, resource, socket
import numpy as np
from mpi4py import MPI

comm = MPI.COMM_WORLD
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
own = {os.readlink(file) for file in os.scandir("/proc/self/fd") if file.is_symlink()}
listens = r"(?m)^ *\d+: (\w+):(\w+) \w+:\w+ 0A .{48,60}?(\d+) \d+ \w{16}"
found = re.findall(listens, open("/proc/net/tcp").read())
ends = [(ip, int(port, 16)) for ip, port, inode in found if f"socket:[{inode}]" in own]
(place,) = (("127.0.0.1", port) for ip, port in ends if ip == "0100007F")
place = comm.bcast(place)
if comm.rank == 1:
    held = [socket.create_connection(place) for _ in range(1100)]
comm.Barrier()
for number in range(100):
    got = comm.sendrecv([comm.rank, number], 1 - comm.rank, source=1 - comm.rank)
    assert got == [1 - comm.rank, number]
print("ok", flush=True)
"""
OWN_NETWORK = """
ip link set lo up
echo "4096 $1 $1" >/proc/sys/net/ipv4/tcp_rmem
shift
exec "$@"
"""
# Root needs no user namespace, in which Apptainer would start in another way.
ALONE = ("unshare", "--net", *(() if os.geteuid() == 0 else ("--user", "--map-root-user")))


def alone(size: str) -> tuple[str, ...]:
    """Return the words that start a command in a network of its own, with a socket's memory."""
    start = (*ALONE, "sh", "-euc", OWN_NETWORK, "sh", size)
    if (shown := run(*start, "true")).returncode:
        pytest.skip(f"no network of its own here, by unshare and ip: {shown.stderr}")
    return start


@pytest.mark.parametrize("provider", ["sockets", "tcp"])
@pytest.mark.parametrize("size", sampled(["4096", "32768"]))
def test_ranks_that_send_before_they_receive(size: str, provider: str) -> None:
    inside = ("mpiexec", "-n", "2", "-genv", "MPIR_CVAR_NOLOCAL", "1", "python3", "-c", MANY)
    chosen = os.environ | {"FI_PROVIDER": provider}
    done = run(*alone(size), *image(), *inside, env=chosen, timeout=300)
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\nTrue\n", "")


@pytest.mark.skipif(
    resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 2048, reason="ulimit -Hn is below 2048"
)
def test_a_thousand_connections_and_more_are_served() -> None:
    inside = ("mpiexec", "-n", "2", "-genv", "MPIR_CVAR_NOLOCAL", "1", "python3", "-c", CONNECTED)
    done = run(*alone("131072"), *image(), *inside, timeout=300)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ok\nok\n", "")
