"""``python -m order``: which functions to watch, and the order of what is linked."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from order.archive import Archive, places, read_archive

# Sections of the executable, and the names of what goes into each.
_OUTPUTS = {
    ".text": (".text.",),
    ".rodata": (".rodata.",),
    ".data.rel.ro": (".data.rel.ro.", ".data.rel.ro.local."),
    ".data": (".data.",),
    ".bss": (".bss.",),
}
# What lies before and behind the sorted sections, since no function that is watched leads
# there: code that runs before main(), and that of libraries with one section an object;
# the choice of a hash seed, as a trace has a fixed one; strings; what the loader writes
# to.  A start reads the end of the bundle, and the beginning of the code image.
_BEFORE = {
    ".text": (
        *("*crt1.o(.text)", "*crtbegin.o(.text)"),
        "*(.text.startup .text.startup.* .text.exit .text.exit.*)",
        "*libcrypto.a:*cpuid.o(.text)",
        *("*libpython.a:bootstrap_hash.o(.text.*)", "*libpython.a:pytime.o(.text.*)"),
    ),
    ".rodata": ("*bundle.S.o(.rodata)", "*libgcc.a:cpuinfo.o(.rodata)"),
}
_BEHIND = {
    ".text": tuple(
        f"*libopenblas.a:{name}.o(.text)"
        for name in ("memory", "openblas_env", "blas_server", "dynamic")
    ),
    ".rodata": (
        *("*.c.o(.rodata .rodata.*)", "*libpython.a:signalmodule.o(.rodata.*)"),
        "*libpython.a:*(.rodata.*.str1.* .rodata.str1.1 .rodata.str1.8)",
        "*(.rodata.cst* .rodata.str1.1)",
    ),
    ".data": (
        *("*libpython.a:bootstrap_hash.o(.data.*)", "*libmpdec.a:mpalloc.o(.data.*)"),
        *("*libsqlite3.a:func.o(.data.rel)", "*libsqlite3.a:os_unix.o(.data.rel)"),
        *("*.c.o(.data .data.*)", "*code_image_objects.o(.data.*)"),
    ),
}
# readelf cuts longer names.
_NAME = 255
# Parts of the names of tables with a docstring for each method, which no start reads.
_TABLES = ("method", "getset", "member", "func")
# A larger section mostly is a table of which a start reads a few lines.
_PAGE = 4096


def main() -> int:
    """Say where breakpoints go, or with their hits how to link.

    Returns
    -------
    int
        0.
    """
    options = _options()
    archive = Archive()
    for library in options.libraries:
        read_archive(library, archive)
    found = places(options.program, archive.functions)
    if not options.hits:
        sys.stdout.writelines(f"{at:x} {place.entries:x}\n" for at, place in found.items())
        return 0
    hits = dict.fromkeys(int(line, 16) for file in options.hits for line in file.open())
    text = [section for hit in hits for section in archive.functions[found[hit].name]]
    if not text:
        raise SystemExit("order: no function was seen: may this machine trace processes?")
    # Code that is seldom run, and was entered once, lies behind code that runs all the time.
    text.sort(key=lambda section: section.startswith(".text.unlikely."))
    wanted = with_data(text, archive)
    wanted.sort(key=lambda section: _size_of_table(section, archive))
    sys.stdout.writelines(ordering(wanted, _BEFORE, _BEHIND))
    return 0


def with_data(text: Sequence[str], archive: Archive) -> list[str]:
    """Return sections of functions and of the data that they refer to.

    What data points to is taken along, too, such as tables of methods and their names.
    Docstrings of methods are left out; those of types and modules are not, as each
    start looks into them.
    """
    seen = dict.fromkeys(text)
    todo = list(text)
    while todo:
        section = todo.pop(0)
        for target in archive.references.get(section, ()):
            is_wanted = "doc" not in target or not any(word in section for word in _TABLES)
            if target not in seen and not target.startswith(".text") and is_wanted:
                seen[target] = None
                todo.append(target)
    return list(seen)


def _size_of_table(section: str, archive: Archive) -> int:
    size = archive.sizes.get(section, 0) if section.startswith(".rodata.") else 0
    return size if size > _PAGE else 0


def ordering(
    sections: Iterable[str],
    before: Mapping[str, Sequence[str]],
    behind: Mapping[str, Sequence[str]],
) -> list[str]:
    """Return the lines of a section ordering file for the linker.

    Parameters
    ----------
    sections
        Their names, in the order in which they are to lie.
    before, behind
        By section of the executable, patterns of what lies before and behind them.
    """
    parts = {name: list(before.get(name, ())) for name in _OUTPUTS}
    for section in sections:
        output = next((o for o, prefixes in _OUTPUTS.items() if section.startswith(prefixes)), None)
        # Constants that many objects share have no section of their own.
        if output and not section.startswith((".rodata.str", ".rodata.cst")):
            name = section if len(section) < _NAME else f"{section[:_NAME]}*"
            parts[output].append(f"*({name})")
    lines = []
    for name, sorted_ones in parts.items():
        patterns = [*sorted_ones, *behind.get(name, ())]
        if patterns:
            lines += [f"{name} : {{\n", *(f"    {pattern}\n" for pattern in patterns), "}\n"]
    return lines


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="order", description=main.__doc__)
    parser.add_argument("program", type=Path, help="what was linked in any order")
    parser.add_argument("libraries", type=Path, nargs="+", help="what is to be put in order")
    parser.add_argument("--hits", type=Path, nargs="*", help="what trace wrote, of several runs")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
