"""A progress bar: on a terminal, for what takes longer than two seconds."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def bar(title: str, total: int, *, show: bool) -> Iterator[Callable[[int], object]]:
    """Give a function to call with how many more rows are done; `show` is for the first rank."""
    if not (show and sys.stderr.isatty() and importlib.util.find_spec("tqdm")):
        yield lambda _: None
        return
    from tqdm import tqdm  # noqa: PLC0415

    with tqdm(desc=title, total=total, unit="row", delay=2, leave=False) as shown:
        yield shown.update
