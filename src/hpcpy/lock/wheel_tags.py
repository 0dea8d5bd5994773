"""Which of a package's wheels fits an interpreter and an architecture best.

The package `packaging` knows it too; host code has the standard library alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# The names from before the glibc version stood in the tag.
_OLD_MANYLINUX = {"manylinux1": 5, "manylinux2010": 12, "manylinux2014": 17}


def best(
    filenames: Iterable[str], python: tuple[int, int], arch: str, glibc: tuple[int, int]
) -> str | None:
    """Return the most specific wheel that fits, as pip would choose.

    Parameters
    ----------
    filenames
        Names of wheels of one version.
    python
        Major and minor version of CPython.
    arch
        As the kernel names it.
    glibc
        Version of the C library.

    Returns
    -------
    str or None
        None where no wheel fits.
    """
    ranked = [(rank(name, python, arch, glibc), name) for name in filenames]
    fitting = [(value, name) for value, name in ranked if value is not None]
    return max(fitting)[1] if fitting else None


def rank(
    filename: str, python: tuple[int, int], arch: str, glibc: tuple[int, int]
) -> tuple[int, int, int] | None:
    """Return how specific a wheel is, the larger the more; None when it does not fit."""
    parts = filename.removesuffix(".whl").split("-")
    if len(parts) not in (5, 6):
        return None
    interpreters, abis, platforms = (part.split(".") for part in parts[-3:])
    ranks = [
        (*kind, system)
        for interpreter in interpreters
        for abi in abis
        for platform in platforms
        if (kind := _interpreter(interpreter, abi, python)) is not None
        and (system := _platform(platform, arch, glibc)) is not None
    ]
    return max(ranks, default=None)


def _interpreter(interpreter: str, abi: str, python: tuple[int, int]) -> tuple[int, int] | None:
    major, minor = python
    match = re.fullmatch(rf"(cp|py){major}(\d*)", interpreter)
    if not match:
        return None
    kind, its_minor = match[1], int(match[2] or 0)
    exact = f"cp{major}{minor}"
    if (interpreter, abi) == (exact, exact):
        return 4, 0
    if kind == "cp" and abi == "abi3" and its_minor <= minor:
        return 3, its_minor
    if (interpreter, abi) == (exact, "none"):
        return 2, 0
    if kind == "py" and abi == "none" and its_minor <= minor:
        return 1, its_minor
    return None


def _platform(platform: str, arch: str, glibc: tuple[int, int]) -> int | None:
    if platform == "any":
        return -1
    match = re.fullmatch(rf"(manylinux1|manylinux20\d\d|manylinux_(\d+)_(\d+))_{arch}", platform)
    if not match:
        return None
    its = (int(match[2]), int(match[3])) if match[2] else (2, _OLD_MANYLINUX.get(match[1], 99))
    return its[1] if its[0] == glibc[0] and its <= glibc else None
