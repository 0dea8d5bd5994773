"""What a stage took last, what it will take, and a countdown over several of them."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from hpcpy import paths
from hpcpy.errors import HpcpyError
from hpcpy.files import whole_file

# Nobody wonders about a shorter one, and it is not worth a file.
SHORT = 8.0
# Titles may name any registry's host: beyond this number the oldest go.
_MOST = 100
# Seconds of stages that no run has been through, on two cores of a Zen 5 and from mirrors
# nearby: the first pattern that a title fits.  Parts have theirs in images.toml.
STORED = {
    "provide Apptainer under build/tools": 11,
    "install packages with apt-get": 11,
    "fetch packages of *": 30,
    "fetch sources, wheels and packages": 30,
    "root filesystem of *": 19,
    "image base": 3,
    "image builder": 14,
    "image *": 28,
    "OCI archive of *": 11,
    "SIF of *": 19,
    "developer tools": 30,
}
_writing = threading.Lock()


def times_file() -> Path:
    """Return the file with what each stage took last; not always there."""
    return paths.cache_dir() / "times" / "stages.json"


def expected(title: str) -> float | None:
    """Return the seconds that a stage takes: those of its last run, else stored ones."""
    last = _read().get(title)
    if isinstance(last, int | float):
        return last
    return next((stored for kind, stored in STORED.items() if fnmatchcase(title, kind)), None)


def remember(title: str, seconds: float) -> None:
    """Keep what a stage took, if that can be of use; a cache without room is no fault."""
    if seconds < SHORT and expected(title) is None:
        return
    with _writing, contextlib.suppress(HpcpyError, OSError), whole_file(times_file()) as temporary:
        others = {other: its for other, its in _read().items() if other != title}
        newest = [*others.items(), (title, round(seconds, 1))][-_MOST:]
        temporary.write_text(json.dumps(dict(newest), indent=1) + "\n")


def _read() -> dict[str, object]:
    # What is not readable is as good as not there.
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(times_file().read_text())
        if isinstance(found, dict):
            return found
    return {}


def in_words(seconds: float) -> str:
    """Return a duration as a reader wants it.

    >>> in_words(20), in_words(100)
    ('less than a minute', 'about 2 min')
    """
    return f"about {seconds / 60:.0f} min" if seconds >= 45 else "less than a minute"


class Countdown:
    """How long some stages will take together, at any time.

    Parameters
    ----------
    seconds
        What each stage takes of the whole machine, by its title.  Stages that run side
        by side share the time equally, until each should be through.
    clock
        Tells the seconds.
    """

    def __init__(
        self, seconds: Mapping[str, float], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._left = dict(seconds)
        self._clock = clock
        self._running: set[str] = set()
        self._then = clock()
        self._lock = threading.Lock()

    def begin(self, title: str) -> None:
        """Take a stage for begun."""
        with self._lock:
            self._advance()
            self._running.add(title)

    def end(self, title: str) -> str:
        """Take a stage for done, and return how long the others will take."""
        with self._lock:
            self._advance()
            self._running.discard(title)
            known = self._left.pop(title, None) is not None
            return f"{in_words(self.seconds)} left" if known and self._left else ""

    @property
    def seconds(self) -> float:
        """How long all that is not done will take."""
        return sum(self._left.values())

    def _advance(self) -> None:
        now = self._clock()
        passed, self._then = now - self._then, now
        # One that should be through leaves its share to the others.
        while passed > 0 and (busy := [one for one in self._running if self._left.get(one)]):
            step = min(passed / len(busy), *(self._left[one] for one in busy))
            for one in busy:
                self._left[one] -= step
            passed -= step * len(busy)
