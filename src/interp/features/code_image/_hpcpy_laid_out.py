"""Compares what is laid out with the bundle's own, for `hpcpy_info.check`."""

from __future__ import annotations

import _imp
from types import CodeType
from typing import Any

# `==` leaves some of them out; lines and positions are what is in the line table.
_OF_CODE = sorted(
    {name for name in dir(CodeType) if name.startswith("co_")}
    - {"co_lnotab", "co_lines", "co_positions", "co_branches"}
)


def check(ready: CodeType, loaded: CodeType) -> None:
    """Compare a module's code as it is laid out and as it was loaded.

    Raises
    ------
    ValueError
        When they differ.
    """
    # What was imported already has the path of an image that was moved.
    _imp._fix_co_filename(loaded, ready.co_filename)  # type: ignore[attr-defined]
    if not same(ready, loaded):
        raise ValueError(f"{loaded.co_filename} is laid out as something else")


def same(ready: Any, loaded: Any) -> bool:
    """Whether two constants are the same in all that a program can see.

    Parameters
    ----------
    ready, loaded
        Code objects, or what can be in them.

    Returns
    -------
    bool
        The answer; names must be one object.
    """
    if type(ready) is not type(loaded):
        return False
    if isinstance(ready, CodeType):
        names = zip(ready.co_names, loaded.co_names, strict=False)
        return all(one is other for one, other in names) and all(
            same(getattr(ready, name), getattr(loaded, name)) for name in _OF_CODE
        )
    if isinstance(ready, tuple):
        return len(ready) == len(loaded) and all(map(same, ready, loaded))
    if isinstance(ready, frozenset):
        return ready == loaded and {*map(repr, ready)} == {*map(repr, loaded)}
    if isinstance(ready, (float, complex, slice)):
        # 0.0 and -0.0 are equal, not a number is not even itself.
        return repr(ready) == repr(loaded)
    return bool(ready == loaded)
