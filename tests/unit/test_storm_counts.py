"""What a storm counts as requests of a mount: answers, by looks at its counters."""

from collections.abc import Sequence

import pytest

from running import wait_until
from sharedfs.counts import watched

KEEP_ALIVE, TIME, ANSWER = (1, 12), (1, 20), (1, 47)


@pytest.mark.parametrize(
    ("steps", "requests"),
    [
        ([KEEP_ALIVE, TIME, (0, 0), KEEP_ALIVE], 0),
        ([KEEP_ALIVE, ANSWER, KEEP_ALIVE], 1),
        # A look between a packet's bytes and the packet, or between its head and the rest.
        ([(0, 12), (1, 0), KEEP_ALIVE], 0),
        ([(1, 0), (0, 12), KEEP_ALIVE], 0),
        ([(1, 12), (0, 8), KEEP_ALIVE], 0),
        # One look has both: they cannot be told apart.
        ([(2, 59), KEEP_ALIVE], 2),
    ],
)
def test_answers_alone_are_counted(steps: Sequence[tuple[int, int]], requests: int) -> None:
    left, counters = [(0, 0), *steps], [100, 2_000]

    def look() -> dict[str, int]:
        for index, more in enumerate(left.pop(0) if left else (0, 0)):
            counters[index] += more
        return {"master.packets_received": counters[0], "master.bytes_received": counters[1]}

    with watched([look]) as asked:
        wait_until(lambda: not left)
    assert asked[0].packets == requests
