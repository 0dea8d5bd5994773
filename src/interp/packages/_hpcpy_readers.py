"""Modules that open the library's files by their paths, where the executable has them."""

from __future__ import annotations

import os
import sys
from _frozen_importlib_external import decode_source

from _hpcpy_folders import Loader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any


def after(module: ModuleType) -> None:
    """Let a module, just executed, find what it would look for in folders."""
    if isinstance(module.__loader__, Loader):  # a program may have its own of that name
        _PREPARE[module.__name__](module)


def _h5py(module: ModuleType) -> None:
    # The file that plug-ins open (features/hdf5_plugins): placed once it is asked for.
    file = f"{module.__path__[0]}/libhdf5.so"
    parts = {part for part in vars(module).values() if getattr(part, "__file__", None) == file}

    def ask(name: str) -> str:
        if name != "__file__":
            raise AttributeError(f"h5py's module has no {name!r}")
        from _hpcpy_files import placed  # noqa: PLC0415

        path = placed(file)
        for part in parts:
            part.__file__ = path
        return path

    for part in parts:
        del part.__file__
        part.__getattr__ = ask


def _linecache(module: Any) -> None:
    # Those who name a file alone, such as tracemalloc and warnings, see its lines, too.
    make, read = module._make_lazycache_entry, module.__loader__.get_data

    def make_entry(file: str, module_globals: Any) -> Any:
        entry = make(file, module_globals)
        is_own = str(file).startswith(f"{sys.base_prefix}/")
        return (lambda: decode_source(read(file)),) if entry is None and is_own else entry

    module._make_lazycache_entry = make_entry


def _pathfinder(module: ModuleType) -> None:
    # Where it starts another Python: site-packages, which it does not need there.
    module.DYNAMIC_LIB_SUBPROCESS_CWD = "/"  # type: ignore[attr-defined]


def _pip(_: ModuleType) -> None:
    # There is no folder to install into but a virtual environment's.
    if sys.prefix == sys.base_prefix:
        os.environ.setdefault("PIP_REQUIRE_VIRTUALENV", "1")


def _viztracer(module: ModuleType) -> None:
    module.open = _open  # type: ignore[attr-defined]


def _open(file: str, *args: Any, **kwargs: Any) -> Any:
    from _hpcpy_resources import Located  # noqa: PLC0415

    return Located().with_segments(file).open(*args, **kwargs)


_PREPARE: dict[str, Callable[[ModuleType], None]] = {
    "cuda.pathfinder._dynamic_libs.subprocess_protocol": _pathfinder,
    "h5py": _h5py,
    "linecache": _linecache,
    "pip": _pip,
    "viztracer.report_builder": _viztracer,
}
