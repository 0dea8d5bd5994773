"""Read the arrays back, each by its number, and compare them with the definition."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from array import array
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

from workloads.write.definition import Series

# SHA-256 of all arrays, one after the other, in little-endian doubles.
SHA256 = {
    Series(15, 100): "fe9b93ef9cbf19f4895f2bc753cd21d7be111981c29b48e68bba9593ced44a3c",
    Series(100, 500): "5470347d35ae13e631c31150e62c89f8d8b88b1e667dfbdf59eaa669fbfd2db7",
}

# Gives buffers with the doubles of the arrays whose numbers it is given, in that order.
Reader: TypeAlias = Callable[[Path, Series, Iterable[int]], Iterator[Any]]


def array_name(t: int) -> str:
    """Return the name of array `t`: six digits, so that names sort as numbers."""
    return f"array-{t:06d}"


def text(folder: Path, _: Series, numbers: Iterable[int]) -> Iterator[Any]:
    """Read ``array-000000.txt`` and so on; needs no NumPy."""
    for t in numbers:
        values = array("d")
        with (folder / f"{array_name(t)}.txt").open() as file:
            for line in file:
                values.extend(map(float, line.split()))
        yield values


def npy(folder: Path, _: Series, numbers: Iterable[int]) -> Iterator[Any]:
    """Read ``array-000000.npy`` and so on."""
    import numpy as np  # noqa: PLC0415

    for t in numbers:
        yield np.load(folder / f"{array_name(t)}.npy")


def npy_of_all(folder: Path, _: Series, numbers: Iterable[int]) -> Iterator[Any]:
    """Read ``arrays.npy``, one array of all; only what is asked for is read."""
    import numpy as np  # noqa: PLC0415

    arrays = np.load(folder / "arrays.npy", mmap_mode="r")
    for t in numbers:
        yield arrays[t]


def raw(folder: Path, series: Series, numbers: Iterable[int]) -> Iterator[Any]:
    """Read ``arrays.raw``: nothing but the doubles."""
    with (folder / "arrays.raw").open("rb") as file:
        if os.fstat(file.fileno()).st_size != series.bytes:
            raise ValueError(f"arrays.raw has not {series.bytes:,} bytes")
        for t in numbers:
            file.seek(t * series.array_bytes)
            yield file.read(series.array_bytes)


def datasets(folder: Path, _: Series, numbers: Iterable[int]) -> Iterator[Any]:
    """Read ``arrays.h5`` with a dataset for each array."""
    import h5py  # noqa: PLC0415

    with h5py.File(folder / "arrays.h5") as file:
        for t in numbers:
            yield file[array_name(t)][()]


def dataset(folder: Path, _: Series, numbers: Iterable[int]) -> Iterator[Any]:
    """Read ``arrays.h5`` with one dataset of all arrays."""
    import h5py  # noqa: PLC0415

    with h5py.File(folder / "arrays.h5") as file:
        arrays = file["arrays"]
        for t in numbers:
            yield arrays[t]


def check(series: Series, arrays: Iterator[Any]) -> tuple[str, bool, str]:
    """Compare what a reader gives for all numbers with the definition, and the stored hash.

    Return the hash of what is read, whether it is right, and the verdict.
    """
    sha256 = hashlib.sha256()
    expected = definition(series)
    try:
        for t, values in enumerate(arrays):
            got, want = memoryview(values).cast("B"), expected(t)
            sha256.update(got)
            if got != want:
                return sha256.hexdigest(), False, f"WRONG: array {t}{_first(series, got, want)}"
    # A damaged file may raise anything.
    except Exception as error:
        return sha256.hexdigest(), False, f"WRONG: cannot be read back: {brief(error)}"
    digest, stored = sha256.hexdigest(), SHA256.get(series)
    if stored is None:
        return digest, True, "matches the definition"
    if digest == stored:
        return digest, True, "matches the stored hash"
    return digest, False, f"WRONG: not the stored hash {stored}"


def too_small(folder: Path, series: Series) -> str:
    """Return how little was written where that cannot be all, or an empty string."""
    files = {path: path.stat().st_size for path in folder.iterdir()}
    # What np.save writes before the numbers.
    least = series.bytes + 128 * sum(path.suffix == ".npy" for path in files)
    size = sum(files.values())
    return f"WRONG: {size:,} bytes, not {least:,}" if size < least else ""


def definition(series: Series) -> Callable[[int], memoryview]:
    """Return a function that gives the bytes of array t."""
    if importlib.util.find_spec("numpy") is None:
        return lambda t: memoryview(
            array("d", [v for y in series.y for v in series.row(t, y)])
        ).cast("B")
    import numpy as np  # noqa: PLC0415

    x, y = np.array(series.x) / 10, np.array(series.y)[:, np.newaxis] / 10
    # The part that does not depend on t; who writes the arrays computes it for each.
    base = x * x * y + y * y * x

    def array_of(t: int) -> memoryview:
        values = base + t / series.n
        return memoryview(values - np.floor(values)).cast("B")

    return array_of


def _first(series: Series, got: memoryview, want: memoryview) -> str:
    """Return where the first wrong value is; by its bytes, as NaN does not equal itself."""
    if len(got) != len(want):
        return f" has {len(got):,} bytes, not {len(want):,}"
    index = next(i for i in range(len(got) // 8) if got[8 * i :][:8] != want[8 * i :][:8])
    row, column = divmod(index, series.s)
    return f" row {row} column {column}: {got.cast('d')[index]!r}, not {want.cast('d')[index]!r}"


def brief(error: Exception) -> str:
    """Return an error's first line."""
    return (str(error) or type(error).__name__).splitlines()[0][:200]
