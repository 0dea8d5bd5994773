"""Looks at mounts' counters while ranks run, to tell requests from keep-alives."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence

from sharedfs.mounts import Mount
from sharedfs.stats import Asked, between, keep_alives

# Much sooner than a client falls silent (2 s).
_SECONDS = 0.2


class Watch:
    """The counters of some mounts from its begin on."""

    def __init__(self, mounts: Sequence[Mount]) -> None:
        self._mounts = mounts
        self._first = [mount.look() for mount in mounts]
        self._last = list(self._first)
        self._silent = [0] * len(mounts)
        self._looks = 0

    def look(self) -> None:
        """Look at each of them once."""
        for index, mount in enumerate(self._mounts):
            now = mount.look()
            self._silent[index] += keep_alives(self._last[index], now)
            self._last[index] = now
        self._looks += 1

    def asked(self) -> list[Asked]:
        """Return what each has asked until the last look."""
        return [
            between(first, last, silent, self._looks)
            for first, last, silent in zip(self._first, self._last, self._silent, strict=True)
        ]


@contextlib.contextmanager
def watched(mounts: Sequence[Mount]) -> Iterator[Watch]:
    """Give a watch that looks again and again, and once more at the end."""
    watch = Watch(mounts)
    over = threading.Event()

    def go_on() -> None:
        # A mount that has gone: whoever waits for the ranks hears of it by them.
        with contextlib.suppress(OSError):
            while not over.wait(_SECONDS):
                watch.look()

    thread = threading.Thread(target=go_on, name="watch", daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        over.set()
        thread.join()
    watch.look()
