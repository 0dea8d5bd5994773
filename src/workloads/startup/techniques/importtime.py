"""``-X importtime``: how long the interpreter takes for each import."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from workloads.startup import program

if TYPE_CHECKING:
    from workloads.bench.run import Trial
    from workloads.startup.cases import Invocation

_LINE = re.compile(r"import time: +(\d+) \| +(\d+) \| ( *)(\S+)")
# How many imports of each start --json has.
_KEPT = 50


def compute(case: Invocation, trial: Trial) -> tuple[dict[str, Any], str]:
    """Start it with the option and read what it says."""
    with trial.clock():
        ended = program.run([sys.executable, "-X", "importtime", *case.arguments])
    found = imports(ended.said)
    names = {name for name, *_ in found}
    missing = [name for name in case.needs if name not in names]
    verdict = f"WRONG: {', '.join(missing)} not imported" if missing else "all imported"
    own = sorted(((name, mine) for name, mine, *_ in found), key=lambda each: -each[1])
    # What the program itself has asked for, with all that came with it.
    whole = {name: total for name, _, total, depth in found if not depth}
    details = {
        "modules": len(found),
        "import_seconds": sum(mine for _, mine in own),
        "slowest": own[:_KEPT],
        "whole": dict(sorted(whole.items(), key=lambda each: -each[1])[:_KEPT]),
    }
    return details, verdict


def imports(said: str) -> list[tuple[str, float, float, int]]:
    """Return each import: name, its own seconds, seconds with the imports within, depth."""
    return [
        (match[4], int(match[1]) / 1e6, int(match[2]) / 1e6, len(match[3]) // 2)
        for match in map(_LINE.match, said.splitlines())
        if match
    ]
