"""Many small messages over the network, more than the sockets' memory takes, all arrive."""

import os

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
OWN_NETWORK = """
ip link set lo up
echo "4096 $1 $1" >/proc/sys/net/ipv4/tcp_rmem
shift
exec "$@"
"""
# Root needs no user namespace, in which Apptainer would start in another way.
ALONE = ("unshare", "--net", *(() if os.geteuid() == 0 else ("--user", "--map-root-user")))


@pytest.mark.parametrize("provider", ["sockets", "tcp"])
@pytest.mark.parametrize("size", sampled(["4096", "32768"]))
def test_ranks_that_send_before_they_receive(size: str, provider: str) -> None:
    start = (*ALONE, "sh", "-euc", OWN_NETWORK, "sh", size)
    if (shown := run(*start, "true")).returncode:
        pytest.skip(f"no network of its own here, by unshare and ip: {shown.stderr}")
    inside = ("mpiexec", "-n", "2", "-genv", "MPIR_CVAR_NOLOCAL", "1", "python3", "-c", MANY)
    chosen = os.environ | {"FI_PROVIDER": provider}
    done = run(*start, *image(), *inside, env=chosen, timeout=300)
    assert (done.returncode, done.stdout, done.stderr) == (0, "True\nTrue\n", "")
