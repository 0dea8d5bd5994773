"""A bar that shows, on a terminal, how much of a long computation is done."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

# Shorter work shows nothing.
_DELAY_SECONDS = 2.0


@contextlib.contextmanager
def bar(title: str, total: int, *, show: bool) -> Iterator[Callable[[int], object]]:
    """Give a function to call with how many more of `total` rows are done."""
    if not (show and sys.stderr.isatty()):
        yield lambda _: None
        return
    try:
        from tqdm import tqdm  # noqa: PLC0415
    except ImportError:
        # A Python outside the image may lack it.
        yield lambda _: None
        return
    with tqdm(desc=title, total=total, unit="row", delay=_DELAY_SECONDS, leave=False) as shown:
        yield shown.update
