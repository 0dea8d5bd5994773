"""The calls into mpi4py, which viztracer does not see: it traces C's functions, not Cython's."""

from __future__ import annotations

import sys
import time
from threading import get_ident
from types import CodeType
from typing import Any

CATEGORY = "mpi"
_MODULE = "mpi4py.MPI"
# A tool's number that debuggers, coverage and profilers do not use.
_TOOL = 4


class MpiCalls:
    """Adds calls of MPI to a trace, by Python's monitoring.

    Parameters
    ----------
    tracer
        viztracer's tracer.
    """

    def __init__(self, tracer: Any) -> None:
        self._tracer = tracer
        # Each thread's outermost call: the function, and nanoseconds at its begin.
        self._open: dict[int, tuple[object, int]] = {}
        # New in Python 3.12.
        self._monitoring: Any = getattr(sys, "monitoring", None)

    def start(self) -> None:
        """Begin, unless another tool has this number."""
        if self._monitoring is None or self._monitoring.get_tool(_TOOL) is not None:
            self._monitoring = None
            return
        events = self._monitoring.events
        self._monitoring.use_tool_id(_TOOL, "hpcpy traced")
        self._monitoring.register_callback(_TOOL, events.CALL, self._called)
        for end in (events.C_RETURN, events.C_RAISE):
            self._monitoring.register_callback(_TOOL, end, self._ended)
        self._monitoring.set_events(_TOOL, events.CALL)

    def stop(self) -> None:
        """End, for good."""
        if self._monitoring is not None:
            self._monitoring.set_events(_TOOL, 0)
            self._monitoring.free_tool_id(_TOOL)
            self._monitoring = None

    def _called(self, _code: CodeType, _offset: int, called: object, _first: object) -> object:
        if getattr(called, "__module__", None) != _MODULE:
            # Python does not report this place in the program again, which saves time. A
            # place that calls now MPI and now something else is lost from then on.
            return self._monitoring.DISABLE
        self._open.setdefault(get_ident(), (called, time.monotonic_ns()))
        return None

    def _ended(self, _code: CodeType, _offset: int, called: object, _first: object) -> None:
        now = time.monotonic_ns()
        what, since = self._open.get(get_ident(), (None, 0))
        if what is not called:
            return
        del self._open[get_ident()]
        name = getattr(called, "__qualname__", str(called))
        took = (now - since) / 1000
        self._tracer.add_raw(
            {"name": name, "ph": "X", "ts": since / 1000, "dur": took, "cat": CATEGORY}
        )
