"""Ctrl-C or SIGTERM in a destructor or a weak reference's callback.

Python prints at length what a signal's handler raises there, and drops it: the
program goes on as if nobody had stopped it. importlib has such callbacks, so this
may happen in any import.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from types import FrameType
from typing import Any

_SECONDS = 0.01


def stop_again(ignored: Any) -> None:
    """Send a dropped signal once more, when the main thread has left this hook.

    Parameters
    ----------
    ignored
        As Python passes it to `sys.unraisablehook`, which is set to this function.
    """
    numbers = {KeyboardInterrupt: signal.SIGINT, SystemExit: signal.SIGTERM}
    if ignored.exc_type not in numbers:
        sys.__unraisablehook__(ignored)
        return
    here, number = sys._getframe(), numbers[ignored.exc_type]
    # At the end of the interpreter no thread starts any more.
    with contextlib.suppress(RuntimeError):
        threading.Thread(target=_send_after, args=(here, number)).start()


def _send_after(hook: FrameType, number: int) -> None:
    # Raised in the hook it would be dropped once more.
    while _is_in(hook):
        time.sleep(_SECONDS)
    os.kill(os.getpid(), number)


def _is_in(hook: FrameType) -> bool:
    """Tell whether the main thread is still in the call with this frame."""
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    while frame is not None and frame is not hook:
        frame = frame.f_back
    return frame is hook
