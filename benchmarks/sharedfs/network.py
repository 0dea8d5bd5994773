"""Bytes on a machine's network device, as the kernel counts them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hpcpy.cluster.processes import Machine

_DEVICE = "eth0"


@dataclass(frozen=True)
class Carried:
    """Bytes that a machine has received and sent, all protocols' headers with them."""

    received: int
    sent: int

    def since(self, before: Carried) -> Carried:
        """Return what came after another look."""
        return Carried(self.received - before.received, self.sent - before.sent)


def parse(text: str) -> Carried:
    r"""Return the device's counters of ``/proc/net/dev``.

    Examples
    --------
    >>> parse("    lo: 5 1 0 0 0 0 0 0 5 1\n  eth0: 700 9 0 0 0 0 0 0 300 4\n")
    Carried(received=700, sent=300)
    """
    lines = (line.partition(":") for line in text.splitlines())
    fields = {name.strip(): rest.split() for name, _, rest in lines}
    mine = fields[_DEVICE]
    return Carried(int(mine[0]), int(mine[8]))


def carried(machine: Machine) -> Carried:
    """Return what a machine has carried since its start."""
    return parse(Path(f"/proc/{machine.first}/net/dev").read_text())
