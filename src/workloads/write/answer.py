"""Check what was written: it is read back and compared."""

from __future__ import annotations

import hashlib
import importlib.util
import math
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from workloads.write.definition import Series

# SHA-256 of all arrays, one after the other, in little-endian doubles.
SHA256 = {
    Series(15, 100): "fe9b93ef9cbf19f4895f2bc753cd21d7be111981c29b48e68bba9593ced44a3c",
    Series(100, 500): "5470347d35ae13e631c31150e62c89f8d8b88b1e667dfbdf59eaa669fbfd2db7",
}


def check(series: Series, arrays: Iterator[Any]) -> tuple[str, bool, str]:
    """Return the hash of what is read, whether it is right, and what to say of it.

    Every array is compared with the definition, and the hash with the stored
    one if there is one.

    Parameters
    ----------
    series
        What was written.
    arrays
        Buffers with the doubles of array 0, 1, …: one of `workloads.write.reading`.
    """
    found = hashlib.sha256()
    want = definition(series)
    try:
        for t in range(series.n):
            got = memoryview(next(arrays)).cast("B")
            right = want(t)
            found.update(got)
            if got != right:
                return found.hexdigest(), False, f"WRONG: array {t}{_first(series, got, right)}"
        # A reader that is asked once more ends, and closes its file.
        next(arrays, None)
    # A damaged file may raise anything.
    except Exception as error:
        return found.hexdigest(), False, f"WRONG: cannot be read back: {brief(error)}"
    digest, stored = found.hexdigest(), SHA256.get(series)
    if stored is None:
        return digest, True, "matches the definition"
    if digest == stored:
        return digest, True, "matches the stored hash"
    return digest, False, f"WRONG: not the stored hash {stored}"


def definition(series: Series) -> Callable[[int], memoryview]:
    """Return a function that gives the bytes of array t, valid until its next call."""
    if importlib.util.find_spec("numpy") is None:
        return lambda t: memoryview(
            array("d", [v for y in series.y for v in series.row(t, y)])
        ).cast("B")
    from workloads.write.field import Field  # noqa: PLC0415

    field = Field(series)
    return lambda t: memoryview(field.array(t)).cast("B")


def _first(series: Series, got: memoryview, want: memoryview) -> str:
    if len(got) != len(want):
        return f" has {len(got):,} bytes, not {len(want):,}"
    pairs = zip(got.cast("d"), want.cast("d"), strict=True)
    place, (is_, ought) = next(
        (index, pair) for index, pair in enumerate(pairs) if _bits(pair[0]) != _bits(pair[1])
    )
    row, column = divmod(place, series.s)
    return f" row {row} column {column}: {is_!r}, not {ought!r}"


def _bits(value: float) -> tuple[bool, str]:
    # Not by ==: NaN does not equal itself, and -0.0 equals 0.0.
    return math.isnan(value), repr(value)


def brief(error: Exception) -> str:
    """Return an error's first line."""
    return (str(error) or type(error).__name__).splitlines()[0][:200]


def files(folder: Path) -> tuple[int, int]:
    """Return how many files a technique has made, and their bytes in all."""
    sizes = [entry.stat().st_size for entry in folder.iterdir()]
    return len(sizes), sum(sizes)
