"""HPCPY_VERBOSE=1 says by which libraries and ways MPI reaches the other ranks.

`src/interp/mpi/mpi_said.c` calls this before and after MPI's start.
"""

from __future__ import annotations

from _hpcpy_say import say, setting

_before: list[frozenset[str]] = []


def before() -> None:
    """Note what the process has open."""
    if setting("HPCPY_VERBOSE") == "1":
        from hpcpy_job.doctor import process  # noqa: PLC0415

        _before.append(process.in_use())


def after() -> None:
    """Say what MPI has opened."""
    if _before:
        from hpcpy_job.doctor import network, process  # noqa: PLC0415

        say(network.line(process.in_use() - _before.pop()))
