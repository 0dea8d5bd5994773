"""What makes an ELF file easier to misuse, by pyelftools: what `checksec` looks for."""

from __future__ import annotations

import io
from collections.abc import Iterator

from elftools.elf.dynamic import DynamicSegment
from elftools.elf.elffile import ELFFile

_EXECUTE, _WRITE = 1, 2
_OF_TEXT = 4  # DF_TEXTREL
# DF_BIND_NOW, DF_1_NOW
_AT_START = (("DT_FLAGS", 8), ("DT_FLAGS_1", 1))
# Libraries beside the file itself, and the system's own.
_GOOD_PLACES = ("$ORIGIN", "/usr/lib/", "/opt/")


def weaknesses(content: bytes, *, is_ours: bool = False) -> set[str]:
    """Return a word for each weakness of an ELF file; of one that the linker reads, none.

    With `is_ours`, a look-up of functions at their first call is a weakness, too: until
    then their addresses can be written. Debian and makers of wheels link some files so.
    """
    elf = ELFFile(io.BytesIO(content))
    if elf.header.e_type == "ET_REL":
        return set()
    lazy = {"lazy binding"} if is_ours and _binds_late(elf) else set()
    return {*_of_segments(elf), *_of_dynamic(elf), *lazy}


def _binds_late(elf: ELFFile) -> bool:
    dynamic = (one for one in elf.iter_segments() if isinstance(one, DynamicSegment))
    entries = [entry.entry for segment in dynamic for entry in segment.iter_tags()]
    return any(entry.d_tag == "DT_JMPREL" for entry in entries) and not any(
        entry.d_tag == "DT_BIND_NOW"
        or any(entry.d_tag == tag and entry.d_val & bit for tag, bit in _AT_START)
        for entry in entries
    )


def _of_segments(elf: ELFFile) -> Iterator[str]:
    if elf.header.e_type == "ET_EXEC":
        yield "not position-independent"
    flags = {one.header.p_type: one.header.p_flags for one in elf.iter_segments()}
    # Without the header the kernel gives an executable stack.
    if flags.get("PT_GNU_STACK", _EXECUTE) & _EXECUTE:
        yield "executable stack"
    if "PT_DYNAMIC" in flags and "PT_GNU_RELRO" not in flags:
        yield "no RELRO"
    both = _WRITE | _EXECUTE
    if any(one.header.p_flags & both == both for one in elf.iter_segments("PT_LOAD")):
        yield "code that can be written"


def _of_dynamic(elf: ELFFile) -> Iterator[str]:
    dynamic = (one for one in elf.iter_segments() if isinstance(one, DynamicSegment))
    for segment in dynamic:
        for entry in segment.iter_tags():
            tag, value = entry.entry.d_tag, entry.entry.d_val
            if tag == "DT_TEXTREL" or (tag == "DT_FLAGS" and value & _OF_TEXT):
                yield "relocations of code"
            if tag in ("DT_RPATH", "DT_RUNPATH"):
                places = getattr(entry, tag.removeprefix("DT_").lower()).split(":")
                yield from (
                    f"looks for libraries in {place!r}"
                    for place in places
                    if not f"{place}/".startswith(_GOOD_PLACES)
                )
