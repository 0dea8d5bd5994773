"""How long the parts that are missing will take, told before and while they are built."""

from __future__ import annotations

import os
from collections.abc import Sequence

from hpcpy.build.graph import Part
from hpcpy.stages import say


def in_minutes(seconds: float) -> str:
    """Return a duration as a reader wants it.

    >>> in_minutes(20), in_minutes(100)
    ('less than a minute', 'about 2 min')
    """
    return f"about {seconds / 60:.0f} min" if seconds >= 45 else "less than a minute"


class Progress:
    """What is left of some parts.

    Parameters
    ----------
    parts
        Those that will be built; their `seconds` are of one core.
    at_once
        How many are built at the same time.
    """

    def __init__(self, parts: Sequence[Part], at_once: int) -> None:
        self._left = list(parts)
        # Compilers of one part take all cores; what is serial in one part runs
        # beside another one.
        self._cores = min(os.cpu_count() or 1, 2 * at_once)

    def begin(self) -> None:
        """Say how many parts there are, and how long they will take."""
        say(f"{len(self._left)} parts to build: {in_minutes(self._seconds())}")

    def end(self, part: Part) -> str:
        """Take a part for built, and return how long the others will take."""
        self._left.remove(part)
        return f"{in_minutes(self._seconds())} left" if self._left else ""

    def _seconds(self) -> float:
        return sum(part.seconds for part in self._left) / self._cores
