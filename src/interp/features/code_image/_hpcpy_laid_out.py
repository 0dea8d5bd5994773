"""Compare the code image with the bundle, for `hpcpy_info.check`."""

from __future__ import annotations

import _imp
from types import CodeType
from typing import Any

# `==` ignores some of these attributes.  Lines and positions come from the line table.
_OF_CODE = sorted(
    {name for name in dir(CodeType) if name.startswith("co_")}
    - {"co_lnotab", "co_lines", "co_positions", "co_branches"}
)


def check(ready: CodeType, loaded: CodeType) -> None:
    """Compare a module's code in the code image with the code that the bundle has.

    Raises
    ------
    ValueError
        When they differ.
    """
    # In a moved image, an imported module's code has the new path already.
    _imp._fix_co_filename(loaded, ready.co_filename)  # type: ignore[attr-defined]
    if not same(ready, loaded):
        raise ValueError(f"{loaded.co_filename} is laid out as something else")


def same(ready: Any, loaded: Any) -> bool:
    """Say whether two constants are the same in all that a program can see.

    Parameters
    ----------
    ready, loaded
        Code objects, or what can be in them.

    Returns
    -------
    bool
        True if they are; names of code must be the same objects.
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
        # 0.0 equals -0.0, and NaN does not equal itself.
        return repr(ready) == repr(loaded)
    return bool(ready == loaded)
