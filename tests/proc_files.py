"""Files of ``/proc``, of whatever process the machine has just now."""

import contextlib
from collections.abc import Iterator
from pathlib import Path


def read(path: Path) -> str:
    """Return a file's text; a stranger's arguments and variables may be any bytes."""
    return path.read_text(errors="surrogateescape")


def processes(mark: str = "") -> Iterator[tuple[int, str]]:
    """Yield the number and words of each process whose variables have a mark.

    Those that end meanwhile are left out.
    """
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if not mark or mark in read(folder / "environ"):
                yield int(folder.name), read(folder / "cmdline").replace("\0", " ")


def commands() -> Iterator[str]:
    """Yield the words of each process."""
    yield from (words for _, words in processes())
