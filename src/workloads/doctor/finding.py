"""What a check has found."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


class Status(enum.StrEnum):
    """How good a finding is; `FAIL` makes doctor's exit code 1, and the preflight end the job."""

    OK = "ok"
    INFO = "info"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Parameters
    ----------
    name
        What was looked at: its group, a dot, and a word (``mpi.library``).
    status
        How good it is.
    detail
        What was found, one line.
    next_step
        What to do about it, one line; empty where nothing need be done.
    value
        The same for programs, as JSON has it: promises are compared with it.
    """

    name: str
    status: Status
    detail: str
    next_step: str = ""
    value: object = field(default=None, compare=False)

    def line(self) -> str:
        """Return the finding as one line."""
        step = f"; {self.next_step}" if self.next_step else ""
        return f"{self.name}: {self.detail}{step}"
