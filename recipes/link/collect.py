"""Take the relocatable modules of an installed package out of its folder.

    collect.py SITE_PACKAGES TARGET

Each becomes TARGET/<dotted.name>.o with an init function named for the whole
dotted name; TARGET/libraries lists the libraries that they need, a line each.
"""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import sys
from pathlib import Path

from relocatable import init_symbol, is_relocatable, take_libraries


def dotted_name(module: Path, site: Path) -> str:
    """Return the name that a module's file is imported under.

    >>> dotted_name(Path("/s/numpy/_core/_umath.cpython-314.so"), Path("/s"))
    'numpy._core._umath'
    """
    folder = module.relative_to(site).parent
    return ".".join((*folder.parts, module.name.partition(".")[0]))


def built_in_symbol(name: str) -> str:
    """Return the init function's name of a module that is linked in.

    The last part of the module's name is not enough: several packages have a ``utils``.
    """
    return f"PyInit_{name.replace('.', '__')}"


def collect(site: Path, target: Path) -> list[str]:
    """Move all relocatable modules below `site` to `target`."""
    target.mkdir(parents=True, exist_ok=True)
    moved: dict[str, Path] = {}
    libraries: list[str] = []
    for module in sorted(site.rglob("*.so")):
        if not is_relocatable(module):
            continue
        name = dotted_name(module, site)
        moved[name] = module
        placed = target / f"{name}.o"
        shutil.move(module, placed)
        libraries += [one for one in take_libraries(placed) if one not in libraries]
        rename = f"--redefine-sym={init_symbol(module)}={built_in_symbol(name)}"
        subprocess.run(["objcopy", rename, str(placed)], check=True)
        placed.chmod(0o644)
    (target / "libraries").write_text("".join(f"{one}\n" for one in libraries))
    gone = {path.relative_to(site).as_posix() for path in moved.values()}
    for url in site.glob("*.dist-info/direct_url.json"):
        # It names the build's folder, which pip would list in place of the version.
        gone.add(url.relative_to(site).as_posix())
        url.unlink()
    for record in site.glob("*.dist-info/RECORD"):
        _forget(record, gone)
    for script in sorted((site.parents[2] / "bin").glob("*")):
        _repoint(script)
    return list(moved)


def _repoint(script: Path) -> None:
    # The build's venv has installed the script, whose first line names the venv's Python.
    first, end, rest = script.read_bytes().partition(b"\n")
    if first.startswith(b"#!") and first.endswith(b"/tools/bin/python3"):
        script.write_bytes(b"#!" + sys.executable.encode() + end + rest)


def _forget(record: Path, gone: set[str]) -> None:
    # pip and importlib.metadata take RECORD for what is there.
    listed = csv.reader(record.read_text().splitlines())
    # Without hash and size where `_repoint` changes them; both may be missing.
    rows = [
        [row[0], "", ""] if row[0].startswith("../../../bin/") else row
        for row in listed
        if row[0] not in gone
    ]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    record.write_text(text.getvalue())


if __name__ == "__main__":
    names = collect(Path(sys.argv[1]), Path(sys.argv[2]))
    if not names:
        sys.exit(f"collect.py: no relocatable module below {sys.argv[1]}")
    print("\n".join(names))
