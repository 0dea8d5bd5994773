"""What the tests of the workload `write` share: its techniques by kind, and a way to call it."""

from typing import Any

from workloads.__main__ import main
from workloads.write.registry import TECHNIQUES

RANKS = [name for name, technique in TECHNIQUES.items() if technique.parallel == "ranks"]
LOCAL = [name for name in TECHNIQUES if name not in RANKS]
PROCESSES = [name for name in LOCAL if TECHNIQUES[name].parallel == "processes"]
ALONE = [name for name in LOCAL if name not in PROCESSES]


def write(*arguments: Any) -> Any:
    return main(["write", *map(str, arguments)])
