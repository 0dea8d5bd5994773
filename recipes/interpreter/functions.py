"""Write which function of which object is where in the executable.

    functions.py EXECUTABLE MAP TARGET

``python -m hpcpy_info ADDRESS`` reads it.  The executable itself has no symbols.
EXECUTABLE still has them, MAP is the linker's.  TARGET is compressed; it has a line for
each function: address, object, name.
"""

from __future__ import annotations

import lzma
import re
import subprocess
import sys
from bisect import bisect_right
from pathlib import Path

# A long name of a section is on the line before.
_PART = re.compile(r"(?: \.text\S*)? +0x([0-9a-f]+) +0x([0-9a-f]+) (\S.*)")

# Nothing lies between two parts that are less apart.
_ALIGNMENT = 64


def objects(link_map: Path) -> list[tuple[int, int, str]]:
    """Return the parts of the executable's code: first address, end, object."""
    found = []
    with link_map.open() as lines:
        for line in lines:
            if match := _PART.fullmatch(line.rstrip("\n")):
                start, size = int(match[1], 16), int(match[2], 16)
                if start and size:
                    found.append(
                        (start, start + size, match[3].rpartition("/")[2].removesuffix(".o"))
                    )
    return sorted(found)


def functions(executable: Path, parts: list[tuple[int, int, str]]) -> list[str]:
    """Return the lines of the functions, and one where code without a name follows."""
    command = ["nm", "--numeric-sort", "--defined-only", str(executable)]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    starts = [start for start, _, _ in parts]
    lines: dict[int, str] = {}
    for line in listed.splitlines():
        address, kind, name = line.split(" ", 2)
        at = int(address, 16)
        part = bisect_right(starts, at) - 1
        if kind in "tTwWiV" and part >= 0 and at < parts[part][1]:
            lines.setdefault(at, f"{at:x} {parts[part][2]} {name}\n")
    named = sorted(lines)
    for _, end, _ in parts:
        following = bisect_right(named, end - 1)
        if following == len(named) or named[following] >= end + _ALIGNMENT:
            lines[end] = f"{end:x}\n"
    return [lines[at] for at in sorted(lines)]


def main(executable: str, link_map: str, target: str) -> None:
    """Write the file."""
    text = "".join(functions(Path(executable), objects(Path(link_map))))
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    Path(target).write_bytes(lzma.compress(text.encode()))


if __name__ == "__main__":
    main(*sys.argv[1:])
