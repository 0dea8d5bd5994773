"""Load numba's compiler when something is compiled, and not before.

numba loads all that compiling takes, 70 modules and 2,000 declarations, before
it looks into a cache.  Code from a cache needs only its symbols (numba.patch).
"""

from __future__ import annotations

import itertools
import sys
from typing import Any

from _hpcpy_importer import finder
from _hpcpy_numba_extensions import contexts
from _hpcpy_say import setting

# HPCPY_NUMBA=stock: numba works as in any Python.
IS_STOCK = setting("HPCPY_NUMBA") == "stock"


def is_processor(context: Any) -> bool:
    """Tell whether a target of numba's is a processor, and not a GPU."""
    from numba.core.cpu import CPUContext  # noqa: PLC0415

    return isinstance(context, CPUContext)


def prepare(context: Any) -> None:
    """Load what linking cached code takes; what compiling takes is loaded when needed."""
    if is_processor(context) and not IS_STOCK:
        from numba.core.runtime import rtsys  # noqa: PLC0415

        rtsys.initialize(context)
        contexts[:] = [context]
    else:
        context.refresh()


def have_symbols(module: Any) -> None:
    """Load what defines the symbols that cached code calls, where one is missing.

    The module of LLVM's is about to be linked; LLVM ends the process if a symbol is missing.
    """
    import llvmlite.binding as llvm  # noqa: PLC0415
    from numba.core.registry import cpu_target  # noqa: PLC0415
    from numba.core.runtime import rtsys  # noqa: PLC0415

    symbols = (*module.functions, *module.global_variables)
    wanted = (symbol.name for symbol in symbols if symbol.is_declaration)
    if any(llvm.address_of_symbol(name) is None for name in wanted if name[:5] != "llvm."):
        # Recursive calls use symbols that are filled in after this is linked, and until
        # then lead to a function of numba's run time.
        _ = rtsys.library
        cpu_target.target_context.refresh()


def extensions() -> Any:
    """Return the entry points that may have numba's extensions, all or none.

    numba itself asks each package on `sys.path`.  No package that came with the image
    extends it, and none is looked for beside the script.
    """
    bundle = finder().bundle
    before = itertools.takewhile(lambda entry: entry != bundle.library, sys.path)
    ours = {"", *before} - finder().start.pythonpath
    # Asked first: it looks whether site-packages is as it was built.
    is_unchanged = bundle.added is None
    for root in bundle.roots:
        if not root.path.endswith("/site-packages") or (is_unchanged and root.is_complete):
            ours.add(root.path)
    if ours.issuperset(sys.path) and not IS_STOCK:
        return {}
    from importlib import metadata  # noqa: PLC0415

    return metadata.entry_points()
