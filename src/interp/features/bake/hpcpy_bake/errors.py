"""Errors: one line with the next step, and an exit code."""

from __future__ import annotations

USAGE, WRONG_BYTES, UNAVAILABLE, NOT_WRITABLE = 2, 65, 69, 73


class BakeError(Exception):
    """A failure with a known cause: one line, with what to do next, and an exit code."""

    def __init__(self, message: str, code: int = UNAVAILABLE) -> None:
        super().__init__(message)
        self.code = code
