"""Who else than numba has registered overloads, templates, lowerings or models with it.

numba's registries are `Entries` and `Tables` (numba.patch).  What numba registers itself, on
import and while it compiles, follows from its version and from what it compiles.
"""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

# Modules whose code did it, in that order, and whether numba's own for arrays came before.
registered: dict[tuple[str, bool], None] = {}
# Those that have run cached code, and may not have loaded what numba registers.
contexts: list[Any] = []
# Functions that register, while numba compiles, what they make of something registered.
_COMPILING = {
    ("numba.core.compiler", "compile_extra"),
    ("numba.core.typing.templates", "_init_once"),
    ("numba.core.typing.templates", "generic"),
    ("numba.experimental.jitclass.base", "register_class_type"),
    # A ufunc's own methods: it is described where it is used.
    ("numba.np.ufunc.dufunc", "_install_type"),
}
# It is on the stack only if it has no options.
_JITABLE = ("numba.core.extending", "register_jitable")


class Entries(list[Any]):
    """A list to which an extension's entry is appended."""

    def append(self, entry: Any) -> None:
        _note()
        super().append(entry)


class Table(dict[Any, Any]):
    """What numba does with classes, where that is said by `table[class] = function`."""

    def __setitem__(self, key: Any, value: Any) -> None:
        _note()
        super().__setitem__(key, value)


def _note() -> None:
    if (module := _registrant()) is not None:
        while contexts:  # What comes first counts, and numba's own does without a cache.
            contexts.pop().refresh()
        registered[module, "numba.np.arrayobj" in sys.modules] = None


def _registrant() -> str | None:
    """Return the module whose code registers something, None if that is numba's."""
    frame: FrameType | None = sys._getframe(3)
    while frame is not None:
        module, function = frame.f_globals.get("__name__", ""), frame.f_code.co_name
        if (module, function) in _COMPILING or (
            # A file's own function is described where it is called, as if `njit` had it.
            (module, function) == _JITABLE
            and frame.f_back is not None
            and getattr(frame.f_locals["args"][0], "__globals__", 0) is frame.f_back.f_globals
        ):
            return None
        if function == "<module>":
            return None if module.partition(".")[0] in {"numba", "numba_cuda"} else module
        frame = frame.f_back
    return ""  # a thread
