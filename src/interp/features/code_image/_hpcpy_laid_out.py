"""Compare the code image with the bundle, for `hpcpy_info.check`."""

from __future__ import annotations

import _imp
from collections.abc import Iterator
from types import CodeType

# What `==` of code ignores.
_IGNORED = ("co_filename", "co_qualname", "co_stacksize", "co_cellvars", "co_freevars")


def check(ready: CodeType, loaded: CodeType) -> None:
    """Raise a ValueError when a module's code in the code image is not that of the bundle."""
    # In a moved image, an imported module's code has the new path already.
    _imp._fix_co_filename(loaded, ready.co_filename)  # type: ignore[attr-defined]
    if ready != loaded or not all(map(_is_same, _codes(ready), _codes(loaded))):
        raise ValueError(f"{loaded.co_filename} is laid out as something else")


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _is_same(ready: CodeType, loaded: CodeType) -> bool:
    # Names must be the same objects.
    names = all(one is other for one, other in zip(ready.co_names, loaded.co_names, strict=True))
    return names and all(getattr(ready, name) == getattr(loaded, name) for name in _IGNORED)
