"""A vulnerability's severity: by CVSS, by Debian's urgency or by a database's own word."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

UNKNOWN = "unknown"
# From the least to the worst.
LEVELS = (UNKNOWN, "low", "medium", "high", "critical")
# Words of GitHub's advisories and of Debian's security tracker.  Debian calls
# unimportant what cannot be exploited there.
_WORDS = {"moderate": "medium", "negligible": "low", "unimportant": "low", "none": "low"}
_CVSS3 = re.compile(r"CVSS:3\.[01]((?:/[A-Z]{1,3}:[A-Z])+)")
# The metrics' weights of CVSS 3.1's specification, section 7.4.
_WEIGHTS = {
    "AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2},
    "AC": {"L": 0.77, "H": 0.44},
    "UI": {"N": 0.85, "R": 0.62},
    **{name: {"H": 0.56, "L": 0.22, "N": 0.0} for name in "CIA"},
}
_PRIVILEGES = {"U": {"N": 0.85, "L": 0.62, "H": 0.27}, "C": {"N": 0.85, "L": 0.68, "H": 0.5}}


def worst(*levels: str) -> str:
    """Return the worst of some levels; unknown for none."""
    return max(levels, key=LEVELS.index, default=UNKNOWN)


def by_word(word: object) -> str:
    """Return the level that a database's own word means.

    Examples
    --------
    >>> by_word("MODERATE"), by_word("high**"), by_word("not yet assigned")
    ('medium', 'high', 'unknown')
    """
    plain = str(word).lower().rstrip("*").strip()
    level = _WORDS.get(plain, plain)
    return level if level in LEVELS else UNKNOWN


def by_cvss(vector: object) -> str:
    """Return the level of a CVSS 3 vector's base score; unknown for other versions.

    Version 2 is no longer given, and version 4 has no formula but tables of
    hundreds of numbers; records that have it give a word besides.

    Examples
    --------
    >>> by_cvss("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")
    'critical'
    """
    match = _CVSS3.fullmatch(str(vector))
    if not match:
        return UNKNOWN
    metrics = dict(part.split(":") for part in match[1][1:].split("/"))
    try:
        score = _base_score(metrics)
    except KeyError:
        return UNKNOWN
    return "low" if score < 4 else "medium" if score < 7 else "high" if score < 9 else "critical"


def _base_score(metrics: dict[str, str]) -> float:
    weight: dict[str, float] = {name: _WEIGHTS[name][metrics[name]] for name in _WEIGHTS}
    privileges = _PRIVILEGES[metrics["S"]][metrics["PR"]]
    base = 1 - (1 - weight["C"]) * (1 - weight["I"]) * (1 - weight["A"])
    ease = 8.22 * weight["AV"] * weight["AC"] * privileges * weight["UI"]
    if metrics["S"] == "C":
        impact = 7.52 * (base - 0.029) - 3.25 * (base - 0.02) ** 15
        total = 1.08 * (impact + ease)
    else:
        impact = 6.42 * base
        total = impact + ease
    # Rounded up to a tenth, as the specification does to be free of floating point.
    return math.ceil(round(min(total, 10), 5) * 10) / 10 if impact > 0 else 0.0


def of_record(*parts: Mapping[str, Any]) -> str:
    """Return the level of an OSV record: its own, and that of what it affects.

    Parameters
    ----------
    parts
        Objects that may have ``severity``, ``database_specific`` and
        ``ecosystem_specific``.  A word counts before a vector: who wrote it
        knew the package.
    """
    words, vectors = [], []
    for part in parts:
        for name in ("ecosystem_specific", "database_specific"):
            own = part.get(name)
            if isinstance(own, dict):
                words += [by_word(own.get("severity")), by_word(own.get("urgency"))]
        for one in part.get("severity") or ():
            words.append(by_word(one.get("score")))
            vectors.append(by_cvss(one.get("score")))
    said = worst(*words)
    return worst(*vectors) if said == UNKNOWN else said
