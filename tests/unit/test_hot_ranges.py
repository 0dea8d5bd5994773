"""What a program has read of an image, as ranges to read ahead."""

import pytest

from hpcpy.pack.hot import Range, merged

KIB = 1 << 10


@pytest.mark.parametrize(
    ("read", "always", "expected"),
    [
        ([], [], []),
        ([(0, 10)], [0], []),
        ([(0, 10), (10, 5)], [], [(0, 15)]),
        ([(5, 10), (0, 7)], [], [(0, 15)]),
        ([(0, 10), (0, 10)], [], [(0, 10)]),
        # Near each other they are one, and in the order of their first use.
        ([(900 * KIB, 1), (0, 10), (100 * KIB, 5)], [], [(900 * KIB, 1), (0, 100 * KIB + 5)]),
        ([(0, 10), (128 * KIB + 11, 5)], [], [(0, 10), (128 * KIB + 11, 5)]),
        # What every start reads is in no range.
        ([(0, 10), (50, 5), (70, 5)], [60], [(0, 55), (70, 5)]),
        ([(0, 10), (60, 5), (70, 5)], [60], [(0, 10), (70, 5)]),
    ],
)
def test_ranges(
    read: list[tuple[int, int]], always: list[int], expected: list[tuple[int, int]]
) -> None:
    found = merged([Range(*each) for each in read], {*always})
    assert found == [Range(*each) for each in expected]
    assert merged(found, {*always}) == found
