"""A progress bar: on a terminal, for what takes longer than two seconds."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

_DELAY_SECONDS = 2.0


@contextlib.contextmanager
def bar(title: str, total: int, *, show: bool) -> Iterator[Callable[[int], object]]:
    """Give a function to call with how much more has been done.

    Parameters
    ----------
    title
        What is being done.
    total
        How much there is to do, in rows.
    show
        False on every rank but the first.
    """
    if not (show and sys.stderr.isatty()):
        yield lambda _: None
        return
    try:
        from tqdm import tqdm  # noqa: PLC0415
    except ImportError:
        yield lambda _: None
        return
    with tqdm(desc=title, total=total, unit="row", delay=_DELAY_SECONDS, leave=False) as shown:
        yield shown.update
