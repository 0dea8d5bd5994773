"""How a command ends where several ranks run it: all of them, and the reason is printed once."""

from __future__ import annotations

import contextlib
import sys
import time
import traceback
from collections.abc import Iterator

from hpcpy_common import ranks, signals
from hpcpy_common.errors import HpcpyError

# How long a stopped rank waits for the others, one of which may be removing a
# half-written picture.  With the time to print the message (ranks.abort) it is
# less than signals.SECONDS.
_STOP_SECONDS = 2.0
# How long a rank whose failure the others do not know lets those before it write.
_WRITE_SECONDS = 5.0


def wait_for_turn() -> None:
    """Let ranks before this one write first what all of them have, and end all."""
    if (comm := ranks.several()) is not None:
        time.sleep(_WRITE_SECONDS + min(comm.rank / 2, _WRITE_SECONDS) if comm.rank else 0)


def of_first(code: int) -> int:
    """Return the first rank's exit code on every rank, when all have come."""
    comm = ranks.several()
    if comm is None:
        return code
    # The first rank writes: others that end with such a code may end it, too.
    ranks.idle_barrier(comm)
    return int(comm.bcast(code))


@contextlib.contextmanager
def together(name: str) -> Iterator[None]:
    """End all ranks when one fails in a way the others cannot know of."""
    try:
        yield
    except BaseException as error:
        comm = ranks.several()
        if comm is None:
            raise
        if signals.asked():
            if ranks.idle_barrier(comm, _STOP_SECONDS):
                raise
            # A rank that waits in MPI for one that has left never sees its signal: abort it.
            ranks.abort(comm, signals.stopped())
        elif not getattr(error, "agreed", False):
            if not isinstance(error, HpcpyError):
                traceback.print_exception(error)
            elif not error.reported:
                print(f"{name}: {error}", file=sys.stderr)
            ranks.abort(comm, getattr(error, "exit_code", 1))
        raise
