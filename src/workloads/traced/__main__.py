"""``python -m workloads.traced FILE (-m MODULE | SCRIPT) [ARGUMENT …]``."""

from __future__ import annotations

import importlib.util
import signal
import sys
from pathlib import Path
from typing import Any

from workloads import version
from workloads.bench import files, streams
from workloads.errors import UnavailableError, UsageError, WorkloadError
from workloads.parallel import ranks
from workloads.preflight import program
from workloads.traced.merge import ENDINGS

_USAGE = """\
usage: python -m workloads.traced FILE SCRIPT [ARGUMENT …]
       python -m workloads.traced FILE -m MODULE [ARGUMENT …]

Runs the program on every rank below srun or mpiexec, or alone, and writes the
calls of all ranks into FILE (.json, .json.gz or .html): vizviewer shows a group
of rows a rank, calls of MPI in one of their own, on the clock of the first
rank's node. All ranks together keep 1,000,000 calls, the last ones of each.
Worker processes are not seen. An exception on one rank ends all, and a rank
that is killed or stopped leaves no file.
The exit code is the program's; 2 for wrong usage, 69 without viztracer or MPI
between the ranks, 73 when FILE cannot be written."""


def main(words: list[str]) -> int:
    """Run the program and write what all ranks have called.

    Parameters
    ----------
    words
        The trace's file, then the program and its arguments.

    Returns
    -------
    int
        2 for wrong usage, 69 where there is no viztracer or no MPI between the
        ranks, 73 on the first rank when the file cannot be written, 130 for
        Ctrl-C.

    Raises
    ------
    SystemExit
        Otherwise, with the program's exit code.
    """
    if words[:1] in (["-h"], ["--help"]):
        streams.spell_in_ascii()
        print(_USAGE)
        return 0
    if words[:1] == ["--version"]:
        print(version.line())
        return 0
    is_first = ranks.is_first()
    try:
        file, comm = _prepared(words)
        from workloads.traced import rank  # noqa: PLC0415

        return rank.run(comm, file, words[1:])
    except WorkloadError as error:
        ranks.print_error("traced", error, is_first=is_first)
        return error.exit_code
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _prepared(words: list[str]) -> tuple[Path, Any]:
    """Return the trace's file, and the communicator or None for a process alone."""
    if not words:
        raise UsageError("no file is named for the trace", hint="--help tells the words")
    if not words[0].endswith(ENDINGS):
        raise UsageError(f"{words[0]}: ends in none of {', '.join(ENDINGS)}")
    program.require(words[1:])
    if importlib.util.find_spec("viztracer") is None:
        raise UnavailableError("Python has no module 'viztracer' here")
    comm = ranks.world().Dup() if ranks.expected() > 1 else None
    # Absolute, since the program may change the working directory.
    file = Path(words[0]).absolute()
    ranks.by_first(lambda: files.require_writable(file, "the trace"))
    return file, comm


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
