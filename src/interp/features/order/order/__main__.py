"""``python -m order``: which functions to watch, and the order of what is linked."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
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
# Tables with a docstring for each method, which nobody reads at a start, by
# what their names have in them.
_TABLES = ("method", "getset", "member", "func")
# What is larger is mostly a table of which a start reads a few lines.
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
    # What is seldom run, and was entered once, lies behind what runs all the time.
    text.sort(key=lambda section: section.startswith(".text.unlikely."))
    # Names of modules and methods, which no function has for itself.
    names = [f"*{options.libraries[0].name}:*(.rodata.str1.1 .rodata.str1.8 .rodata.cst*)"]
    wanted = with_data(text, archive)
    wanted.sort(key=lambda section: _is_large_table(section, archive))
    sys.stdout.writelines(ordering(wanted, ["*table.c.o(.rodata.str*)", *names]))
    return 0


def with_data(text: Sequence[str], archive: Archive) -> list[str]:
    """Return sections of functions and of the data that they refer to.

    What data points to is taken along, too: tables of methods, their names.
    Their docstrings are not, those of types and modules are, which each start
    looks into.
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


def _is_large_table(section: str, archive: Archive) -> bool:
    return section.startswith(".rodata.") and archive.sizes.get(section, 0) > _PAGE


def ordering(sections: Iterable[str], strings: Iterable[str]) -> list[str]:
    """Return the lines of a section ordering file for the linker; strings lie behind the rest."""
    parts: dict[str, list[str]] = {name: [] for name in _OUTPUTS}
    for section in sections:
        output = next((o for o, prefixes in _OUTPUTS.items() if section.startswith(prefixes)), None)
        # A constant of many objects has no name of its own.
        if output and not section.startswith((".rodata.str", ".rodata.cst")):
            parts[output].append(f"    *({section})\n")
    parts[".rodata"] += [f"    {pattern}\n" for pattern in strings]
    lines = []
    for name, patterns in parts.items():
        lines += [f"{name} : {{\n", *patterns, "}\n"] if patterns else []
    return lines


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="order", description=main.__doc__)
    parser.add_argument("program", type=Path, help="what was linked in any order")
    parser.add_argument("libraries", type=Path, nargs="+", help="what is to be put in order")
    parser.add_argument("--hits", type=Path, nargs="*", help="what trace wrote, of several runs")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
