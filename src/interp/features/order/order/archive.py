"""Read from readelf what a static library's sections hold and refer to."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

_SECTION = re.compile(r"\s*\[\s*(\d+)\] (\.\S+) +\S+ +[0-9a-f]+ [0-9a-f]+ ([0-9a-f]+)")
_RELOCATIONS = re.compile(r"Relocation section '\.rela(\.\S+)'")
_SYMBOL = re.compile(r"\s*\d+: [0-9a-f]+ +\S+ (\w+) +(\w+) +\w+ +(\d+) (\S+)")
_OF_RELOCATION = re.compile(r"[0-9a-f]{16} +[0-9a-f]{16} R_\S+ +[0-9a-f]+ +(\S+)")


@dataclass
class _Object:
    sections: dict[int, str] = field(default_factory=dict)
    symbols: dict[str, str] = field(default_factory=dict)
    references: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class Archive:
    """The sections of all objects of libraries; those of the same name count as one.

    Attributes
    ----------
    functions
        Names of functions, each with the sections that hold one of that name.
    sizes
        Bytes of the largest section of each name.
    references
        The sections that a section points to, in their order.
    """

    functions: dict[str, list[str]] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    references: dict[str, list[str]] = field(default_factory=dict)


def read_archive(file: Path, found: Archive) -> None:
    """Add what a static library, or an object file, holds.

    Parameters
    ----------
    file
        The file, compiled with -ffunction-sections and -fdata-sections.
    found
        What other libraries hold; it is added to.
    """
    everywhere: dict[str, str] = {}
    objects = [_read(lines, found, everywhere) for lines in _objects(_readelf("-SsrW", file))]
    for one in objects:
        for section, names in one.references.items():
            targets = (one.symbols.get(name) or everywhere.get(name) for name in names)
            known = found.references.setdefault(section, [])
            known += [target for target in targets if target and target not in known]


@dataclass(frozen=True)
class Place:
    """Where a function lies in a program.

    Attributes
    ----------
    name
        The function's name.
    entries
        Bytes, from its beginning on, at which it may be entered: 1, or the whole
        size of a part that GCC has split off as seldom run, `f.cold`, since jumps
        lead into its middle.
    """

    name: str
    entries: int


def places(program: Path, names: Iterable[str]) -> dict[int, Place]:
    """Return the functions of these names in a program by their addresses."""
    wanted = set(names)
    found = {}
    for line in _readelf("-sW", program):
        words = line.split()
        if len(words) == 8 and words[3] == "FUNC" and words[6] != "UND" and words[7] in wanted:
            name = words[7]
            entries = max(int(words[2], 0), 1) if name.endswith(".cold") else 1
            found[int(words[1], 16)] = Place(name, entries)
    return dict(sorted(found.items()))


def _readelf(options: str, file: Path) -> list[str]:
    command = ["readelf", options, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def _objects(lines: list[str]) -> Iterator[list[str]]:
    starts = [at for at, line in enumerate(lines) if line.startswith("File: ")] or [-1]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield lines[start + 1 : end]


def _read(lines: list[str], found: Archive, everywhere: dict[str, str]) -> _Object:
    one = _Object()
    references: list[str] = []
    for line in lines:
        if match := _OF_RELOCATION.match(line):
            references.append(match[1])
        elif match := _RELOCATIONS.match(line):
            references = one.references.setdefault(match[1], [])
        elif match := _SYMBOL.match(line):
            kind, binding, number, name = match.groups()
            section = one.sections.get(int(number))
            if section is None:
                continue
            one.symbols[name] = section
            if binding == "GLOBAL":
                everywhere[name] = section
            if kind == "FUNC":
                found.functions.setdefault(name, []).append(section)
        elif match := _SECTION.match(line):
            one.sections[int(match[1])] = match[2]
            found.sizes[match[2]] = max(found.sizes.get(match[2], 0), int(match[3], 16))
    return one
