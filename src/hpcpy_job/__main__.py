"""``python -m hpcpy_job [NAME …]``: look at a job, or run a program of the user's in it."""

from __future__ import annotations

import importlib
import sys
from typing import Any

# name -> (module with `main(words) -> exit code`, what it does)
COMMANDS = {
    "doctor": ("hpcpy_job.doctor.command", "what this machine and job offer, and what is wrong"),
    "forecast": ("hpcpy_job.forecast.command", "what a start would cost on many ranks, modelled"),
}
# Those that run a program, whose streams and signals are its own.
STARTERS = {
    "preflight": ("hpcpy_job.preflight", "looks at the job, then runs your program"),
    "on_dask": ("hpcpy_job.on_dask", "starts a Dask worker on each rank, then runs it once"),
    "on_spark": ("hpcpy_job.on_spark", "makes Spark workers of them, and runs it"),
}
_HINTS = (
    "python -m hpcpy_job NAME --help prints its options. Those of the second list end with",
    "your program: SCRIPT [ARGUMENT …], or -m MODULE [ARGUMENT …].",
    "hpcpy docs doctor, or python -m hpcpy docs doctor, has more.",
)


def main(words: list[str]) -> int:
    """Run one command, or list them: see `hpcpy_common.command.run`."""
    if words and words[0] in STARTERS:
        code: int = _load(words[0])(words[1:])
        return code
    from hpcpy_common import command  # noqa: PLC0415

    package = command.Package("hpcpy_job", "command", (COMMANDS, STARTERS), _HINTS, _load)
    return command.run(package, words)


def _load(name: str) -> Any:
    return importlib.import_module({**COMMANDS, **STARTERS}[name][0]).main


def entry() -> int:
    """Run the command that this process was started with."""
    if sys.argv[1:2] and sys.argv[1] in STARTERS:
        return main(sys.argv[1:])
    from hpcpy_common import command  # noqa: PLC0415

    return command.entry("hpcpy_job", main)


if __name__ == "__main__":
    sys.exit(entry())
