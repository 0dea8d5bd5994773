"""Unpack from NVIDIA's wheels the files that ``env/cuda.toml`` lists, and no others.

``unpack.py TABLE SITE LICENCES WHEEL …``: the files and their distributions'
metadata go below SITE, the licence and the table below LICENCES.  pip would
unpack 1.1 GB more, which nothing here opens and much of which may not be
redistributed: static libraries, ptxas, the solver for several GPUs, older headers.
"""

from __future__ import annotations

import csv
import io
import re
import shutil
import sys
import tomllib
import zipfile
from collections import defaultdict
from pathlib import Path

# pip and importlib.metadata read these; the licences stay where they were.
_METADATA = re.compile(r"[^/]+\.dist-info/(METADATA|WHEEL|(licenses/)?License\.txt)")
_LICENCE = "License.txt"


def listed(table: Path) -> dict[str, set[str]]:
    """Return the names of the files by wheel."""
    found: dict[str, set[str]] = defaultdict(set)
    for component in tomllib.loads(table.read_text(encoding="utf-8"))["components"].values():
        found[component["wheel"]].update(component["files"])
    return found


def unpack(wheel: Path, wanted: set[str], site: Path, licences: Path) -> None:
    """Unpack one wheel.

    Parameters
    ----------
    wheel
        The file.
    wanted
        Names of files in it.
    site
        The folder for them, with a RECORD of just these.
    licences
        The folder for the licence, of which equal copies become one file.

    Raises
    ------
    SystemExit
        When the wheel lacks one of the files, or brings another licence than the others.
    """
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if _METADATA.fullmatch(name)} | wanted
        missing = wanted - set(archive.namelist())
        if missing:
            sys.exit(f"{wheel.name} has no {', '.join(sorted(missing))}: see env/cuda.toml")
        for name in sorted(names):
            target = site / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(name) as packed, target.open("wb") as unpacked:
                shutil.copyfileobj(packed, unpacked, 1 << 20)
            target.chmod(0o644)
            if target.name == _LICENCE:
                _keep(target, licences / _LICENCE)
        record = next(name for name in archive.namelist() if name.endswith(".dist-info/RECORD"))
        rows = csv.reader(io.StringIO(archive.read(record).decode()))
        kept = [row for row in rows if row[0] in {*names, record}]
        with (site / record).open("w", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerows(kept)


def _keep(licence: Path, target: Path) -> None:
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(licence, target)
    elif target.read_bytes() != licence.read_bytes():
        sys.exit(f"{licence} is another licence than the other wheels': read it")


def main(arguments: list[str]) -> None:
    """Unpack all wheels, and copy the table beside the licence.

    Raises
    ------
    SystemExit
        When the table and the wheels differ.
    """
    table, site, licences, *files = map(Path, arguments)
    wanted = listed(table)
    # By the distribution's name in the file's name, as the table and the lock write it.
    found = {file.name.partition("-")[0].replace("_", "-"): file for file in files}
    if found.keys() != wanted.keys():
        differ = ", ".join(sorted(found.keys() ^ wanted.keys()))
        sys.exit(f"{table} and the wheels differ in: {differ}")
    for name in sorted(found):
        unpack(found[name], wanted[name], site, licences)
    shutil.copyfile(table, licences / "files.toml")


if __name__ == "__main__":
    main(sys.argv[1:])
