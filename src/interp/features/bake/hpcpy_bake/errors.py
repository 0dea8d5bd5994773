"""What goes wrong: one line, the next step, an exit code."""

from __future__ import annotations

USAGE, WRONG_BYTES, UNAVAILABLE, NOT_WRITABLE = 2, 65, 69, 73


class BakeError(Exception):
    """A failure with a known cause.

    Parameters
    ----------
    message
        One line, with what to do next.
    code
        What the program ends with.
    """

    def __init__(self, message: str, code: int = UNAVAILABLE) -> None:
        super().__init__(message)
        self.code = code
