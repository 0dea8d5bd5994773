"""Read which functions of others the executable replaces by its own.

    wraps.py TABLE OBJECTS RENAMES

TABLE is src/interp/start/wraps.toml, OBJECTS what nm prints of our objects.  Prints the
linker's options, and writes a list for objcopy to RENAMES/ARCHIVE for each archive.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Table = Mapping[str, Mapping[str, Mapping[str, Any]]]


def wrapped(table: Table, symbols: set[str]) -> list[str]:
    """Return the functions that ours stand in front of, of those in the table.

    Raises
    ------
    ValueError
        When an object has such a function and the table has not: it would never be called.
    """
    ours = {name.removeprefix("__wrap_") for name in symbols if name.startswith("__wrap_")}
    known = {name for functions in table["wrap"].values() for name in functions}
    if unknown := sorted(ours - known):
        raise ValueError(f"wraps.toml lacks {', '.join(unknown)}")
    return sorted(ours)


def renamed(table: Table, symbols: set[str]) -> dict[str, dict[str, str]]:
    """Return the new names that our objects have or need: by archive, then by old name."""
    found = {
        archive: {old: new["to"] for old, new in names.items() if new["to"] in symbols}
        for archive, names in table["rename"].items()
    }
    return {archive: names for archive, names in found.items() if names}


def main(table_file: Path, objects: Path, renames: Path) -> None:
    """Print and write what the link takes."""
    table = tomllib.loads(table_file.read_text())
    symbols = set(re.findall(r"(?m) [TU] (\S+)$", objects.read_text()))
    print(*(f"-Wl,--wrap={name}" for name in wrapped(table, symbols)))
    for archive, names in renamed(table, symbols).items():
        (renames / archive).write_text("".join(f"{old} {new}\n" for old, new in names.items()))


if __name__ == "__main__":
    try:
        main(*map(Path, sys.argv[1:]))
    except ValueError as error:
        sys.exit(f"wraps.py: {error}")
