"""Errors a user can act on: one line, the next step, an exit code."""

from __future__ import annotations


class WorkloadError(Exception):
    """A failure with a known cause.

    Parameters
    ----------
    message
        What went wrong, one line.
    hint
        What to do next, one line.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        message = super().__str__()
        return f"{message}; {self.hint}" if self.hint else message


class UsageError(WorkloadError):
    """The request itself is wrong: an unknown name, a value out of range."""

    exit_code = 2


class UnavailableError(WorkloadError):
    """A technique cannot run here (``EX_UNAVAILABLE`` of sysexits.h)."""

    exit_code = 69


class OutputError(WorkloadError):
    """A result could not be written: no room, no permission (``EX_CANTCREAT``)."""

    exit_code = 73


class WorkerError(WorkloadError):
    """A worker has failed or was killed; its work is lost."""
