"""What a static library's sections hold and refer to, as readelf tells."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

_SECTION = re.compile(r"\s*\[\s*(\d+)\] (\.\S+)")
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
    """The sections of all objects of a library; those of equal names are one.

    Attributes
    ----------
    functions
        Names of functions, each with the sections that hold one.
    references
        Of a section those that it points to, in their order.
    """

    functions: dict[str, list[str]] = field(default_factory=dict)
    references: dict[str, list[str]] = field(default_factory=dict)


def read_archive(file: Path, found: Archive) -> None:
    """Add what a static library holds.

    Parameters
    ----------
    file
        Its objects were compiled with -ffunction-sections and -fdata-sections.
    found
        What is known of other libraries.
    """
    everywhere: dict[str, str] = {}
    objects = [
        _read(lines, found.functions, everywhere) for lines in _objects(_readelf("-SsrW", file))
    ]
    for one in objects:
        for section, names in one.references.items():
            targets = (one.symbols.get(name) or everywhere.get(name) for name in names)
            known = found.references.setdefault(section, [])
            known += [target for target in targets if target and target not in known]


def addresses(program: Path, names: Iterable[str]) -> dict[int, str]:
    """Return where the functions of these names begin in a program."""
    wanted = set(names)
    found = {}
    for line in _readelf("-sW", program):
        words = line.split()
        if len(words) == 8 and words[3] == "FUNC" and words[6] != "UND" and words[7] in wanted:
            found[int(words[1], 16)] = words[7]
    return dict(sorted(found.items()))


def _readelf(options: str, file: Path) -> list[str]:
    command = ["readelf", options, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def _objects(lines: list[str]) -> Iterator[list[str]]:
    starts = [at for at, line in enumerate(lines) if line.startswith("File: ")]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield lines[start + 1 : end]


def _read(lines: list[str], functions: dict[str, list[str]], everywhere: dict[str, str]) -> _Object:
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
                functions.setdefault(name, []).append(section)
        elif match := _SECTION.match(line):
            one.sections[int(match[1])] = match[2]
    return one
