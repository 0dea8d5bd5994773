"""Sets of cores: how they are written, and how the ranks of a node share them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def ranges(cores: Iterable[int]) -> str:
    """Return cores as the kernel writes them: ``0-3,8``."""
    parts: list[list[int]] = []
    for core in sorted(cores):
        if parts and core == parts[-1][1] + 1:
            parts[-1][1] = core
        else:
            parts.append([core, core])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)


def parsed(text: str) -> frozenset[int]:
    """Return the cores of ``0-3,8``; none for a text that is not such a list."""
    found: set[int] = set()
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        if not first.isdigit() or (last and not last.isdigit()):
            return frozenset()
        found |= {*range(int(first), int(last or first) + 1)}
    return frozenset(found)


def sharing(ranks: Sequence[frozenset[int]], online: frozenset[int]) -> str:
    """Return how ranks get into each other's way; empty where they do not.

    Parameters
    ----------
    ranks
        The cores that each rank of the node may run on.
    online
        The node's cores. Ranks that may run on all of them are not bound, and
        the kernel spreads them.
    """
    together = frozenset().union(*ranks)
    if len(ranks) < 2 or (online and all(cores >= online for cores in ranks)):
        return ""
    if len(together) < len(ranks):
        few = f"core {ranges(together)}" if len(together) == 1 else f"cores {ranges(together)}"
        return f"all {len(ranks)} ranks are bound to {few}"
    if len(set(ranks)) == 1:
        return ""
    taken: set[int] = set()
    twice: set[int] = set()
    for cores in ranks:
        twice |= taken & cores
        taken |= cores
    return f"ranks share cores {ranges(twice)}" if twice else ""
