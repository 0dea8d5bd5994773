"""ipyparallel's engines, which the user has started by `ipcluster`."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from hpcpy_common.errors import UnavailableError
from workloads.parallel.workers import Workers

_START = "start them: ipcluster start -n 4"


@contextlib.contextmanager
def view(workers: Workers, *_: str) -> Iterator[Any]:
    """Connect to all engines, which become the workers; they import the modules by themselves."""
    import ipyparallel as ipp  # noqa: PLC0415

    try:
        client = ipp.Client()
    except OSError as error:  # The file of a cluster that has ended lies there still.
        raise UnavailableError(f"no engines answer: {error}", hint=_START) from error
    with contextlib.closing(client):
        if not (count := len(client)):
            raise UnavailableError("no engine has come yet", hint="wait some seconds, or " + _START)
        workers.count = count
        yield client[:]
