"""The base class of most tests."""

from __future__ import annotations

import contextlib
import io
import sys
import time
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any

Trace = dict[str, Any]


class BaseTmpl(unittest.TestCase):
    """A test whose standard output is kept in `self.stdout`."""

    def setUp(self) -> None:
        self.stdout = io.StringIO()
        redirected = contextlib.redirect_stdout(self.stdout)
        redirected.__enter__()
        self.addCleanup(redirected.__exit__, None, None, None)
        self.stdout_orig = sys.__stdout__

    def assertEventNumber(self, data: Trace, expected_entries: int) -> None:  # noqa: N802
        """Check the number of a trace's events, without those of metadata."""
        events = [event for event in data["traceEvents"] if event["ph"] != "M"]
        assert len(events) == expected_entries, events

    def _functions(self, data: Trace) -> list[str]:
        return [event["name"] for event in data["traceEvents"] if event["ph"] == "X"]

    def assertFunctionInEvents(self, data: Trace, func_name: str) -> None:  # noqa: N802
        """Check that a function is among the complete events."""
        assert any(func_name in name for name in self._functions(data)), func_name

    def assertFunctionNotInEvents(self, data: Trace, func_name: str) -> None:  # noqa: N802
        """Check that a function is not among the complete events."""
        assert not any(func_name in name for name in self._functions(data)), func_name

    def assertFileExists(  # noqa: N802
        self, path: str, timeout: float | None = None, msg: str | None = None
    ) -> None:
        """Check that there is a file, after waiting up to `timeout` seconds for it."""

        def exists() -> None:
            assert Path(path).exists(), f"{path}: {msg}"

        self.assertTrueTimeout(exists, timeout or 0)

    def assertFileNotExist(self, path: str) -> None:  # noqa: N802
        """Check that there is no such file."""
        assert not Path(path).exists(), path

    def assertTrueTimeout(self, func: Callable[[], object], timeout: float) -> None:  # noqa: N802
        """Repeat an assertion until it holds, for at most `timeout` seconds."""
        give_up = time.monotonic() + timeout
        while True:
            try:
                func()
            except AssertionError:
                if time.monotonic() >= give_up:
                    raise
                time.sleep(0.2)
            else:
                return
