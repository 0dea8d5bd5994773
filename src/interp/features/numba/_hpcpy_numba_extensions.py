"""What others than numba have registered with it: overloads, templates, lowerings, models.

numba's registries are `Entries` and `Tables` (numba.patch).  What numba registers itself, on
import and while it compiles, follows from its version and from what has been registered.
"""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

# By the module whose code did it, in the order in which it did.
registered: dict[str, list[Any]] = {}
# Those that have run cached code, and may not have loaded what numba registers.
contexts: list[Any] = []
# Functions that register, while numba compiles, what they make of something registered.
_COMPILING = {
    ("numba.core.compiler", "compile_extra"),
    ("numba.core.typing.templates", "_init_once"),
    ("numba.core.typing.templates", "generic"),
    ("numba.experimental.jitclass.base", "register_class_type"),
}


class Entries(list[Any]):
    """A list to which an extension's entry is appended."""

    def append(self, entry: Any) -> None:
        _note(entry)
        super().append(entry)


class Table(dict[Any, Any]):
    """What numba does with classes, where that is said by `table[class] = function`."""

    def __setitem__(self, key: Any, value: Any) -> None:
        _note((key, value))
        super().__setitem__(key, value)


def _note(entry: Any) -> None:
    module = _registrant()
    if module is None:
        return
    while contexts:  # What comes first counts, and numba's own does without a cache.
        contexts.pop().refresh()
    is_after = "numba.np.arrayobj" in sys.modules
    registered.setdefault(module, []).append((is_after, entry))


def _registrant() -> str | None:
    """Return the module whose code registers something, None if that is numba's."""
    frame: FrameType | None = sys._getframe(3)
    while frame is not None:
        module, function = frame.f_globals.get("__name__", ""), frame.f_code.co_name
        if (module, function) in _COMPILING:
            return None
        if function == "<module>":
            return None if module.partition(".")[0] in {"numba", "numba_cuda"} else module
        frame = frame.f_back
    return ""  # a thread
