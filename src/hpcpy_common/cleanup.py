"""What a stop of this process leaves to be removed or ended: see `signals`."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

_clean_ups: list[Callable[[], object]] = []
_cleaning = threading.RLock()


@contextlib.contextmanager
def on_stop(act: Callable[[], object]) -> Iterator[None]:
    """Have a clean-up called half a second after a stop, unless the block has ended.

    It removes an unfinished file, for example. It is called in another thread, perhaps
    twice, and its OSError is ignored.
    """
    _clean_ups.append(act)
    try:
        yield
    finally:
        _clean_ups.remove(act)


def clean_up() -> None:
    """Call the clean-ups of all blocks that have not ended, and wait for those called before."""
    with _cleaning:
        for act in reversed(_clean_ups.copy()):
            with contextlib.suppress(OSError):
                act()
