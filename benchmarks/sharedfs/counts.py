"""What a mount of MooseFS asks: its file ``.stats``, looked at while ranks run."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hpcpy.cluster.processes import Machine
from hpcpy.core.stages import StageError

# In the root of every mount, and listed nowhere.
NAME = ".stats"
Counters = Mapping[str, int]
_OPERATIONS = "fuse_ops."
# Answers, of which each request has one.  What a client sends of itself has none: of files
# that were read it tells when, each second.
_PACKETS = "master.packets_received"
_BYTES = "master.bytes_received"
_RECONNECTS = "master.reconnects"
# A server that has sent nothing for a second says so in a packet of 12 bytes; any answer is
# longer.  In one look with an answer these keep-alives cannot be told apart, so looks follow
# each other sooner.  At most every minute a client asks for the server's time, in 20 bytes.
_KEEP_ALIVE = 12
_TIME = 20
_SECONDS = 0.2
# What the kernel asks of the mount for one look.
_OF_A_LOOK = (("open", 1), ("getattr", 1), ("read", 2), ("flush", 1), ("release", 1))


def parse(text: str) -> dict[str, int]:
    r"""Return the counters of ``.stats``.

    >>> parse("fuse_ops.lookup: 12\nmaster.packets_sent: 7\nmaster.reconnects: none\n")
    {'fuse_ops.lookup': 12, 'master.packets_sent': 7}
    """
    pairs = (line.rpartition(":") for line in text.splitlines())
    return {
        name.strip(): int(value) for name, _, value in pairs if name and value.strip().isdigit()
    }


@dataclass(frozen=True)
class Asked:
    """What one mount asked between two looks at its counters."""

    # Answers of the metadata server, keep-alives left out.
    packets: int
    # What the kernel asked of the mount, by kind; some the mount answers itself.
    operations: dict[str, int]
    # How often its counters were looked at: each look may take one keep-alive for an answer.
    looks: int


def keep_alives(before: Counters, after: Counters) -> int:
    """Return the packets between two looks if none was an answer to a request, else 0."""
    packets, size = (after[name] - before[name] for name in (_PACKETS, _BYTES))
    rest = size - packets * _KEEP_ALIVE
    return packets if packets and rest in (0, _TIME - _KEEP_ALIVE) else 0


def between(before: Counters, after: Counters, silent: int = 0, looks: int = 0) -> Asked:
    """Return what was counted between two looks, without keep-alives and our own looks.

    Raise StageError if the client has lost its server: it then asks everything anew.
    """
    if after.get(_RECONNECTS, 0) != before.get(_RECONNECTS, 0):
        raise StageError("a mount has lost its metadata server, and counted its requests twice")
    more = {name: value - before.get(name, 0) for name, value in after.items()}
    for name, number in _OF_A_LOOK:
        key = f"{_OPERATIONS}{name}"
        more[key] = max(0, more.get(key, 0) - looks * number)
    operations = {
        name.removeprefix(_OPERATIONS): value
        for name, value in sorted(more.items())
        if name.startswith(_OPERATIONS) and value
    }
    return Asked(more[_PACKETS] - silent, operations, looks)


@contextlib.contextmanager
def watched(looks: Sequence[Callable[[], Counters]]) -> Iterator[list[Asked]]:
    """Give a list that has what each mount asked when the block has ended.

    Each function looks at the counters of one mount.
    """
    asked: list[Asked] = []
    first = [look() for look in looks]
    last, silent, number = list(first), [0] * len(looks), 0
    compared = list(first)
    over = threading.Event()

    def look_at_all() -> None:
        nonlocal number
        for index, look in enumerate(looks):
            last[index] = now = look()
            packets, size = (now[name] - compared[index][name] for name in (_PACKETS, _BYTES))
            # The client counts a packet after its first bytes, and prints one number after the
            # other: a look that has one of the two alone is compared with the next.
            if bool(packets) == bool(size):
                silent[index] += keep_alives(compared[index], now)
                compared[index] = now
        number += 1

    def go_on() -> None:
        # If a mount has gone, the ranks fail, and their launch reports it.
        with contextlib.suppress(OSError):
            while not over.wait(_SECONDS):
                look_at_all()

    thread = threading.Thread(target=go_on, name="watch", daemon=True)
    thread.start()
    try:
        yield asked
    finally:
        over.set()
        thread.join()
    look_at_all()
    asked += map(between, first, last, silent, [number] * len(looks))


def sent(machine: Machine) -> int:
    """Return the bytes that a machine's network device has sent."""
    lines = Path(f"/proc/{machine.first}/net/dev").read_text().splitlines()
    (fields,) = (line.split() for line in lines if line.strip().startswith("eth0:"))
    return int(fields[9])
