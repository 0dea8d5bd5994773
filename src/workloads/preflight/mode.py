"""HPCPY_PREFLIGHT: whether to check the job, and what a fault does."""

from __future__ import annotations

import enum
import os

from workloads.errors import UsageError


class Mode(enum.StrEnum):
    """The values of HPCPY_PREFLIGHT."""

    ON = "on"
    WARN = "warn"
    OFF = "off"


def mode() -> Mode:
    """Return what the variable says; `Mode.ON` where it is not set.

    Raises
    ------
    UsageError
        For anything else.
    """
    text = os.environ.get("HPCPY_PREFLIGHT") or "on"
    try:
        return Mode(text)
    except ValueError:
        known = ", ".join(Mode)
        raise UsageError(f"HPCPY_PREFLIGHT={text} is none of {known}") from None
