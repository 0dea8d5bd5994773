"""A connection from each worker to the first rank: when that rank ends, it closes.

By itself a Spark worker looks for minutes for a master that has ended.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
from collections.abc import Iterator

from hpcpy_job.cluster import Process

# Any address beyond the node's own networks: nothing is sent there.
_OUTSIDE = ("192.0.2.1", 9)


def address_towards(host: str, port: int) -> str:
    """Return this node's own address on the route to another one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((host, port))
        return str(probe.getsockname()[0])


def own_address() -> str:
    """Return the address by which other nodes reach this one.

    That on the default route, else that of this node's name.
    """
    try:
        return address_towards(*_OUTSIDE)
    except OSError:
        return socket.gethostbyname(socket.gethostname())


@contextlib.contextmanager
def held(host: str) -> Iterator[int]:
    """Give a port to which workers connect; the connections close with the block."""
    connections: list[socket.socket] = []
    with socket.create_server((host, 0), backlog=socket.SOMAXCONN) as server:

        def accept() -> None:
            # Until the server is closed.
            with contextlib.suppress(OSError):
                while True:
                    connections.append(server.accept()[0])

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            for connection in connections:
                connection.close()


def wait_for_end(line: socket.socket, worker: Process) -> bool:
    """Wait for the end of the first rank or the worker; return whether it is the first rank's.

    Parameters
    ----------
    line
        The connection to the first rank.
    worker
        The worker.
    """
    ended = os.pidfd_open(worker.pid)
    try:
        ready, _, _ = select.select([line.fileno(), ended], [], [])
    finally:
        os.close(ended)
    return line.fileno() in ready
