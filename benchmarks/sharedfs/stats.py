"""What a mount of MooseFS counts: its file ``.stats``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# In the root of every mount, and listed nowhere.
NAME = ".stats"
_OPERATIONS = "fuse_ops."
_PACKETS = "master.packets_sent"
_SENT = "master.bytes_sent"
_RECEIVED = "master.bytes_received"
# A client that has sent nothing for two seconds says so, in a packet of this many bytes;
# any request is longer.
_KEEP_ALIVE = 12
_OF_A_LOOK = (("open", 1), ("getattr", 1), ("read", 2), ("flush", 1), ("release", 1))


def parse(text: str) -> dict[str, int]:
    r"""Return the counters of ``.stats``.

    Examples
    --------
    >>> parse("fuse_ops.lookup: 12\nmaster.packets_sent: 7\nmaster.reconnects: none\n")
    {'fuse_ops.lookup': 12, 'master.packets_sent': 7}
    """
    pairs = (line.rpartition(":") for line in text.splitlines())
    return {
        name.strip(): int(value) for name, _, value in pairs if name and value.strip().isdigit()
    }


@dataclass(frozen=True)
class Asked:
    """What one mount asked between two looks at its counters.

    Attributes
    ----------
    packets
        Sent to the metadata server, keep-alives left out.
    bytes_sent, bytes_received
        To and from the metadata server, with them.
    keep_alives
        What the client sent because it had nothing to send.
    operations
        What the kernel asked of the mount, by kind; those that the mount
        answered itself are among them.
    """

    packets: int
    bytes_sent: int
    bytes_received: int
    keep_alives: int
    operations: dict[str, int]


def keep_alives(before: Mapping[str, int], after: Mapping[str, int]) -> int:
    """Return the number of packets between two looks if all were keep-alives, else 0.

    Among requests they cannot be told apart: looks have to follow each other sooner
    than a client falls silent.
    """
    packets = after[_PACKETS] - before[_PACKETS]
    return packets if after[_SENT] - before[_SENT] == packets * _KEEP_ALIVE else 0


def between(
    before: Mapping[str, int], after: Mapping[str, int], silent: int = 0, looks: int = 0
) -> Asked:
    """Return what was counted between two looks.

    Parameters
    ----------
    before, after
        The counters.
    silent
        Keep-alives among the packets.
    looks
        How often somebody looked between them and at their end: the kernel makes
        operations of that, too.
    """
    more = {name: value - before.get(name, 0) for name, value in after.items()}
    for name, number in _OF_A_LOOK:
        key = f"{_OPERATIONS}{name}"
        more[key] = max(0, more.get(key, 0) - looks * number)
    return Asked(
        packets=more[_PACKETS] - silent,
        bytes_sent=more[_SENT],
        bytes_received=more[_RECEIVED],
        keep_alives=silent,
        operations={
            name.removeprefix(_OPERATIONS): value
            for name, value in sorted(more.items())
            if name.startswith(_OPERATIONS) and value
        },
    )
