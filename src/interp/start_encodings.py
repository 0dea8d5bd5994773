"""Frozen as `encodings`, the first module that Python imports with its import system up.

It puts the importer in place and then becomes the real `encodings`.
"""

import posix
import sys
from _frozen_importlib import _exec  # type: ignore[attr-defined]

import _hpcpy_bundle  # type: ignore[import-not-found]
import _hpcpy_collector  # type: ignore[import-not-found]

import _hpcpy_folders
import _hpcpy_importer
import _hpcpy_memory

if sys.flags.ignore_environment or posix.environ.get(b"HPCPY_GC") != b"stock":
    _hpcpy_folders.Loader.exec_module = _hpcpy_collector.around(  # type: ignore[method-assign]
        _hpcpy_folders.Loader.exec_module
    )
    posix.register_at_fork(after_in_child=_hpcpy_collector.forked)

_hpcpy_memory.Bundle.loads = _hpcpy_bundle.loads
_finder = _hpcpy_importer.install(_hpcpy_bundle.data(), sys._stdlib_dir)  # type: ignore[attr-defined]
_finder.bundle.laid_out = _hpcpy_bundle.code
_spec = _finder.find_spec("encodings")
if _spec is None:
    raise ImportError("hpcpy: the bundle has no encodings")
_exec(_spec, sys.modules["encodings"])
