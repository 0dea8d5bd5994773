"""Hand requests of MooseFS's clients to its metadata server, one after another and no faster.

A program of its own, which runs on the server's machine: address, port to listen at,
port of the server, requests a second. It ends when its standard input does.
"""

import asyncio
import contextlib
import sys
import time

# Of each request: its kind and its length, 32 bits each, highest byte first.
_HEAD = 8


class _Queue:
    """One queue for all clients, served in the order in which requests come."""

    def __init__(self, rate: float) -> None:
        self._each = 1 / rate
        self._free = 0.0

    async def served(self) -> None:
        self._free = max(time.monotonic(), self._free) + self._each
        # A late wake-up is no lost time: the next one's turn is by the clock.
        await asyncio.sleep(max(0.0, self._free - time.monotonic()))


async def _requests(
    queue: _Queue, client: asyncio.StreamReader, server: asyncio.StreamWriter
) -> None:
    try:
        while True:
            head = await client.readexactly(_HEAD)
            body = await client.readexactly(int.from_bytes(head[4:]))
            await queue.served()
            server.write(head + body)
            await server.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        server.close()


async def _answers(server: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
    try:
        while some := await server.read(1 << 16):
            client.write(some)
            await client.drain()
    except ConnectionError:
        pass
    client.close()


async def main(address: str, listen: int, port: int, rate: float) -> None:
    """Do so until standard input ends."""
    queue = _Queue(rate)

    async def handed_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # At the end of all: a client may still be there.
        with contextlib.suppress(asyncio.CancelledError):
            answers, requests = await asyncio.open_connection(address, port)
            await asyncio.gather(_requests(queue, reader, requests), _answers(answers, writer))

    server = await asyncio.start_server(handed_on, address, listen)
    async with server:
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
