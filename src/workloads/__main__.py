"""``python -m workloads [NAME …]``: list the workloads or run one."""

from __future__ import annotations

import signal

# Ctrl-C during the imports ends this without a traceback; `signals.listen` sets what it does then.
if __name__ == "__main__" and signal.getsignal(signal.SIGINT) == signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import functools
import importlib
import sys

from hpcpy_common import command
from workloads.registry import TOOLS, WORKLOADS

_HINTS = (
    "python -m workloads NAME --help prints its options, --list its techniques.",
    "python -m hpcpy_job lists what looks at a job, or runs a program of yours in it.",
    "hpcpy docs workloads, or python -m hpcpy docs workloads, has more.",
)


def main(arguments: list[str]) -> int:
    """Run one workload, or list them: see `hpcpy_common.command.run`."""
    package = command.Package("workloads", "workload", (WORKLOADS, TOOLS), _HINTS, _load)
    return command.run(package, arguments)


def _load(name: str) -> command.Main:
    if name in TOOLS:
        tool: command.Main = importlib.import_module(TOOLS[name][0]).main
        return tool
    from workloads.bench import command as bench  # noqa: PLC0415

    return functools.partial(bench.main, importlib.import_module(WORKLOADS[name][0]).WORKLOAD)


def entry() -> int:
    """Run the workload that this process was started with."""
    return command.entry("workloads", main)


# Spawned workers import this file under another name.
if __name__ == "__main__":
    sys.exit(entry())
