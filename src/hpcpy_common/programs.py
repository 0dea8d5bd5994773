"""Programs that end with the process that has started them, even when that is killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from typing import Any

from hpcpy_common import signals

# Generous: a cold filesystem may need half a minute for numpy's files.
START_SECONDS = 120.0


def ended(code: int) -> str:
    """Return how a program has ended, in words."""
    if code >= 0:
        return f"ended with exit code {code}"
    name = f" ({signal.Signals(-code).name})" if -code in {*signal.Signals} else ""
    return f"was killed by signal {-code}{name}"


@contextlib.contextmanager
def running(
    command: Sequence[str], *, own_session: bool = True, **options: Any
) -> Iterator[subprocess.Popen[Any]]:
    """Start a program, and kill it at the end of the block if it still runs then.

    With a session of its own all processes of its group go with it. `options` are Popen's.
    """
    theirs, ours = os.pipe()
    with contextlib.ExitStack() as stack:
        lifeline = stack.enter_context(os.fdopen(ours, "wb"))
        with os.fdopen(theirs):
            process = subprocess.Popen(
                command, pass_fds=[theirs], start_new_session=own_session, **options
            )
            signals.kill_when_closed(theirs, -process.pid if own_session else process.pid)
        with process:
            try:
                yield process
            finally:
                process.kill()
                lifeline.close()
                if own_session:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGKILL)
