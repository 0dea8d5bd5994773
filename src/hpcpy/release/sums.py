"""``SHA256SUMS``, as sha256sum(1) writes and checks it."""

from __future__ import annotations

import re
from pathlib import Path

from hpcpy.errors import IntegrityError, UsageError
from hpcpy.files import sha256, whole_file

SUMS = "SHA256SUMS"
SIGNATURE = f"{SUMS}.sig"
# A name without a folder in it: what is checked lies in this folder.
_LINE = re.compile(r"(?P<digest>[0-9a-f]{64})  (?P<name>[\w+-][\w.+-]*)")


def write_sums(folder: Path) -> None:
    """Write the hashes of all other files of a folder."""
    lines = [f"{sha256(folder / name)}  {name}\n" for name in sorted(_files(folder))]
    with whole_file(folder / SUMS) as temporary:
        temporary.write_text("".join(lines))


def check_sums(folder: Path) -> list[str]:
    """Compare all files of a folder with its ``SHA256SUMS``.

    Returns
    -------
    list of str
        Their names.

    Raises
    ------
    UsageError
        Without a ``SHA256SUMS``.
    IntegrityError
        When one differs, is missing, or is not listed.
    """
    sums = folder / SUMS
    if not sums.is_file():
        raise UsageError(f"{folder}: no {SUMS} in it", hint="name the folder of a release")
    lines = sums.read_text(errors="replace").splitlines()
    matches = [_LINE.fullmatch(line) for line in lines]
    listed = {match["name"]: match["digest"] for match in matches if match}
    if len(listed) != len(lines) or not listed:
        raise IntegrityError(f"{sums}: not as sha256sum writes it")
    there = _files(folder)
    if there != listed.keys():
        names = ", ".join(sorted(there ^ listed.keys()))
        raise IntegrityError(f"{folder}: missing, or not listed in {SUMS}: {names}")
    # A FIFO would hold us up, and a link may lead nowhere.
    changed = [
        name
        for name, digest in sorted(listed.items())
        if not (folder / name).is_file() or sha256(folder / name) != digest
    ]
    if changed:
        raise IntegrityError(f"{folder}: not the files of {SUMS}: {', '.join(changed)}")
    return sorted(listed)


def _files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {SUMS, SIGNATURE}
