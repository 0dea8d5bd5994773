"""``python -m hpcpy_bake``: packages into memory, in an image that is built on this one."""

from __future__ import annotations

import importlib
import sys

from _hpcpy_importer import finder

# The bundle's builder lies beside this file; a baked package may have its name.
sys.modules["bundle"] = importlib.import_module("hpcpy_bake.bundle")

own = finder().bundle
has_moved = False
try:
    own.added  # noqa: B018
except ImportError as error:
    # It was baked on another base: the new bake, which replaces it, cannot import from it.
    print(f"hpcpy_bake: {str(error).removeprefix('hpcpy: ')}", file=sys.stderr)
    own.add_nothing()
    has_moved = True

from hpcpy_bake.command import main  # noqa: E402

sys.exit(main(sys.argv[1:], has_moved=has_moved))
