"""Errors a user can act on: one line, the next step, an exit code."""

from __future__ import annotations

from hpcpy_common.errors import suggestion as suggestion  # noqa: PLC0414  (for all of hpcpy)


class HpcpyError(Exception):
    """A failure with a known cause: what went wrong, and what to do next, a line each."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        message = super().__str__()
        return f"{message}; {self.hint}" if self.hint else message


class UsageError(HpcpyError):
    """The request itself is wrong: an unknown name, a value out of range."""

    exit_code = 2


class IntegrityError(HpcpyError):
    """Bytes are not the pinned ones (``EX_DATAERR`` of sysexits.h)."""

    exit_code = 65


class UnavailableError(HpcpyError):
    """The machine cannot do it as it is (``EX_UNAVAILABLE``)."""

    exit_code = 69


class DiskError(HpcpyError):
    """No room, or no permission to write (``EX_CANTCREAT``)."""

    exit_code = 73
