"""A rank of the p2p workload's ping-pong that sends a burst of messages when it is told to.

This file alone is run by the image's interpreter, inside and outside of a
container: `burst.py ORDERS`, started twice by mpiexec.  Each rank reads lines
of JSON from a fifo of its own, ``ORDERS.0`` and ``ORDERS.1``; the first one
answers on standard output.  A rank that waited in MPI would poll, and take its
core from the pair that is measured meanwhile.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import statistics
import sys
from pathlib import Path
from typing import Any


def _keep_to_a_core() -> None:
    # Both pairs use the same two cores: between others a message may have a longer way.
    from workloads.harness import ranks  # noqa: PLC0415

    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[(ranks.on_this_node() or 0) % len(cores)]})


def _library() -> dict[str, str]:
    """Return which MPI library this process has, and the SHA-256 of its file."""
    from mpi4py import MPI  # noqa: PLC0415

    lines = Path("/proc/self/maps").read_text().splitlines()
    (file,) = {line.split()[-1] for line in lines if "/libmpi" in line}
    version = " ".join(MPI.Get_library_version().split()[:3])
    digest = hashlib.sha256(Path(file).read_bytes()).hexdigest()
    return {"file": file, "version": version, "sha256": digest}


def _let_go(comm: Any) -> None:
    """Let the second rank wait for orders only when the first has all that it sent.

    A message that the library has accepted may not have left yet, and a rank
    that waits for orders does not send it on.
    """
    if comm.rank == 0:
        comm.send(None, 1)
    else:
        comm.recv(source=0)


def _burst(comm: Any, channel: Any, order: dict[str, Any]) -> list[float]:
    from workloads.p2p.messages import digest, message  # noqa: PLC0415
    from workloads.p2p.patterns import ping_pong  # noqa: PLC0415

    channel.forget()
    seconds = ping_pong(channel, comm, order["times"])
    _let_go(comm)
    other = 1 - comm.rank
    if order["check"] and digest(channel.arrived()) != digest(message(other, order["size"])):
        sys.exit(f"rank {comm.rank} did not receive what rank {other} sent")
    return seconds


def main() -> None:
    """Obey until there are no more orders."""
    _keep_to_a_core()
    import numpy as np  # noqa: PLC0415
    from mpi4py import MPI  # noqa: PLC0415

    from workloads.p2p.messages import message  # noqa: PLC0415
    from workloads.p2p.techniques.upper import Channel  # noqa: PLC0415

    comm = MPI.COMM_WORLD
    if comm.size != 2:
        sys.exit(f"2 ranks were started, and MPI knows of {comm.size}")

    @functools.cache
    def channel(size: int) -> Channel:
        return Channel(comm, message(comm.rank, size), np.zeros(size, np.uint8))

    libraries = comm.gather(_library())
    _let_go(comm)
    if libraries:
        print(json.dumps({"libraries": libraries}), flush=True)
    with Path(f"{sys.argv[1]}.{comm.rank}").open() as orders:
        for line in orders:
            order = json.loads(line)
            seconds = _burst(comm, channel(order["size"]), order)
            if comm.rank == 0:
                print(json.dumps({"median": statistics.median(seconds)}), flush=True)


if __name__ == "__main__":
    main()
