"""Which wheels fit an interpreter and an architecture best: run by the developer tools' Python.

Those have `packaging`, while host code has the standard library alone.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable

from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

# The names from before the version of glibc stood in the tag.
_OLD_MANYLINUX = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}
_OLDEST_GLIBC = 5


def tags(python: tuple[int, int], arch: str, glibc: tuple[int, int]) -> list[Tag]:
    """Return all tags that fit, the most specific one first, as pip orders them."""
    platforms = []
    for minor in range(glibc[1], _OLDEST_GLIBC - 1, -1):
        platforms.append(f"manylinux_{glibc[0]}_{minor}_{arch}")
        if minor in _OLD_MANYLINUX:
            platforms.append(f"{_OLD_MANYLINUX[minor]}_{arch}")
    # Without `abis` they would be those of the Python that runs this.
    abi = f"cp{python[0]}{python[1]}"
    return [
        *cpython_tags(python, abis=[abi], platforms=platforms),
        *compatible_tags(python, abi, platforms=platforms),
    ]


def best(filenames: Iterable[str], fitting: list[Tag]) -> str | None:
    """Return the wheel that fits best; None where none does."""
    ranked = []
    for name in filenames:
        try:
            *_, its = parse_wheel_filename(name)
        except InvalidWheelFilename:
            continue
        ranked += [(fitting.index(tag), name) for tag in its if tag in fitting]
    return min(ranked)[1] if ranked else None


def main() -> None:
    """Read names of wheels by package from stdin, and print the best of each."""
    asked = json.load(sys.stdin)
    fitting = tags(tuple(asked["python"]), asked["arch"], tuple(asked["glibc"]))
    json.dump({name: best(its, fitting) for name, its in asked["wheels"].items()}, sys.stdout)


if __name__ == "__main__":
    main()
