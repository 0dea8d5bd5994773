"""Ctrl-C or SIGTERM in a destructor or a weak reference's callback.

Python tells at length of what a signal's handler raises there, and drops it: the
program goes on as if nobody had stopped it. importlib has such callbacks, so any
import is a place for it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from typing import Any

_SECONDS = 0.01


def stop_again(ignored: Any) -> None:
    """Have a stop come once more, when the main thread is elsewhere.

    Parameters
    ----------
    ignored
        As Python hands it to `sys.unraisablehook`, which this is meant for.
    """
    numbers = {KeyboardInterrupt: signal.SIGINT, SystemExit: signal.SIGTERM}
    if ignored.exc_type not in numbers:
        sys.__unraisablehook__(ignored)
        return
    # At the end of the interpreter no thread starts any more.
    with contextlib.suppress(RuntimeError):
        threading.Timer(_SECONDS, os.kill, (os.getpid(), numbers[ignored.exc_type])).start()
