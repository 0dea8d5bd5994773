"""What can be copied into a pack, and what stays a file."""

from __future__ import annotations

from hpcpy_bake import elf
from hpcpy_bake.elf import Library, Relocation

_64, _GLOB_DAT, _JUMP_SLOT, _DTPMOD, _DTPOFF, _IRELATIVE = 1, 6, 7, 16, 17, 37
_KNOWN = (_64, _GLOB_DAT, _JUMP_SLOT, elf.RELATIVE, _DTPMOD, _DTPOFF, _IRELATIVE)
_EXECUTABLE = 1
_IFUNC = 10
ABSOLUTE = 0xFFF1
_AUXILIARY, _FILTER = 0x7FFFFFFD, 0x7FFFFFFF
# Those that threadpoolctl opens to tell them how many threads to take.
_TOLD_THREADS = (
    *("libblas", "libblis", "libflexiblas", "libgomp", "libiomp", "libmkl", "libomp"),
    *("libopenblas", "libscipy_openblas"),
)
# Who calls them wants to know its own file, or to open others beside it.
_LOADS = frozenset({"dladdr", "dladdr1", "dlinfo", "dlmopen", "dlopen", "dlsym", "dlvsym"})


def fits(library: Library, init: str) -> str:
    """Say why a module cannot be packed.

    Parameters
    ----------
    library
        The module's file.
    init
        Its init function.

    Returns
    -------
    str
        Nothing when it can.
    """
    if not any(one.name == init and one.section for one in library.symbols):
        return f"it has no {init}"
    return _copied(library)


def library_fits(library: Library) -> str:
    """Say why a library that a wheel brings cannot be packed.

    Parameters
    ----------
    library
        Its file.

    Returns
    -------
    str
        Nothing when it can.
    """
    if library.path.name.startswith(_TOLD_THREADS):
        return "threadpoolctl looks for it"
    loads = sorted(_LOADS.intersection(one.name for one in library.symbols if not one.section))
    if loads:
        return f"it calls {loads[0]}"
    if _AUXILIARY in library.tags or _FILTER in library.tags:
        return "it stands before another library"
    for one in (one for offered in library.offered.values() for one in offered):
        if one.kind in (_IFUNC, elf.STT_TLS) or one.unique:
            return f"{one.name} is no plain name"
    return _copied(library)


def _copied(library: Library) -> str:
    stack = library.segment(elf.STACK)
    if elf.TEXTREL in library.tags:
        return "its code is changed when it is loaded"
    if stack is None or stack.flags & _EXECUTABLE:
        return "it wants an executable stack"
    return next(filter(None, (_unknown(library, one) for one in library.relocations())), "")


def _unknown(library: Library, one: Relocation) -> str:
    symbol = library.symbols[one.symbol]
    if one.kind not in _KNOWN:
        return f"it has a relocation of type {one.kind}"
    if one.symbol and symbol.section >= ABSOLUTE:
        return f"{symbol.name} is no place in it"
    if symbol.kind == _IFUNC and one.addend:
        return f"{symbol.name} is chosen when it is loaded"
    return ""
