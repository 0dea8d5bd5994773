"""Put the importer in place, frozen as `encodings`, and then become the real `encodings`.

`encodings` is the first module that Python imports once its import system works.
"""

import sys
from _frozen_importlib import _exec  # type: ignore[attr-defined]

import _hpcpy_bundle  # type: ignore[import-not-found]

import _hpcpy_importer
import _hpcpy_memory

_hpcpy_memory.Bundle.loads = _hpcpy_bundle.loads
if (_files := _hpcpy_bundle.files()) is not None:
    _hpcpy_memory.Bundle.files = _hpcpy_memory.Files(_files)
_finder = _hpcpy_importer.install(_hpcpy_bundle.data(), sys._stdlib_dir)  # type: ignore[attr-defined]
for _name in _finder.bundle.hooks["start"]:
    __import__(_name).start(_finder)
_spec = _finder.find_spec("encodings")
if _spec is None:
    raise ImportError("hpcpy: the bundle has no encodings")
_exec(_spec, sys.modules["encodings"])
