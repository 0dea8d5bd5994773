"""Modules that open the library's files by their paths, where the executable has them."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


def after(module: ModuleType) -> None:
    """Let a module, just executed, find what it would look for in folders."""
    _PREPARE[module.__name__](module)


def _pathfinder(module: ModuleType) -> None:
    # Where it starts another Python: site-packages, which it does not need there.
    module.DYNAMIC_LIB_SUBPROCESS_CWD = "/"  # type: ignore[attr-defined]


def _pip(_: ModuleType) -> None:
    # There is no folder to install into but a virtual environment's.
    if sys.prefix == sys.base_prefix:
        os.environ.setdefault("PIP_REQUIRE_VIRTUALENV", "1")


def _viztracer(module: ModuleType) -> None:
    module.open = _open  # type: ignore[attr-defined]


def _open(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
    from _hpcpy_files import index, read  # noqa: PLC0415

    if file in index:
        content = io.BytesIO(read(file))
        return content if "b" in mode else io.TextIOWrapper(content, *args, **kwargs)
    return open(file, mode, *args, **kwargs)


_PREPARE: dict[str, Callable[[ModuleType], None]] = {
    "cuda.pathfinder._dynamic_libs.subprocess_protocol": _pathfinder,
    "pip": _pip,
    "viztracer.report_builder": _viztracer,
}
