"""Which of two versions is newer, as far as registries' final releases go."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Alphas, betas, candidates and developers' builds are no releases to move to.
_FINAL = re.compile(r"(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[.-]?post(\d+))?(?:\+[\w.]+)?")

Key = tuple[int, tuple[int, ...], int]


def key(version: str) -> Key | None:
    """Return what final releases are ordered by; None for any other version.

    Examples
    --------
    >>> key("1.10") > key("1.9.post1")
    True
    >>> key("2.0rc1") is None
    True
    """
    match = _FINAL.fullmatch(version)
    if not match:
        return None
    epoch, release, post = match.groups()
    numbers = [int(number) for number in release.split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return int(epoch or 0), tuple(numbers), int(post or -1)


def newer(version: str, others: Iterable[str]) -> list[str]:
    """Return the final releases after a version, the newest first."""
    mine = key(version)
    ranked = {its: other for other in others if (its := key(other))}
    return [ranked[its] for its in sorted(ranked, reverse=True) if mine and its > mine]


def same_series(one: str, other: str) -> bool:
    """Tell whether two versions share their first two numbers, as patch releases do."""
    return one.split(".")[:2] == other.split(".")[:2]
