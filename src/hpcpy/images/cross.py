"""What a part's recipe finds where another architecture than x86-64 is built for."""

# The compilers are those of the image `cross`, by their usual names.  What a recipe calls python3
# is x86-64's, which answers as the target's: that one, emulated, would take ten times as long.

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

from hpcpy.core import paths

# The part that is, and what takes its place for others.
PYTHON = "cpython"
_STAND_IN = "python_of_this_machine"


def files(arch: str) -> list[Path]:
    """Return the files of recipes that builds for an architecture alone read."""
    return [*paths.RECIPES.glob(f"{arch}.sh"), *_patches(arch)]


def _patches(arch: str) -> list[Path]:
    return sorted(paths.RECIPES.glob(f"patches/*.{arch}/*.patch"))


def adapt(context: Path, arch: str, native_python: Path | None) -> None:
    """Change a part's context for `arch`, and put a Python that runs here behind the target's."""
    recipes = context / "recipes"
    for own in paths.RECIPES.glob(f"{arch}.sh"):
        # It reads lib.sh by its other name: a line in lib.sh would change all keys.
        (recipes / "lib.sh").rename(recipes / "lib_of_all.sh")
        (recipes / "lib.sh").write_bytes(own.read_bytes())
    for patch in _patches(arch):
        of_part = recipes / "patches" / patch.parent.stem
        if of_part.is_dir():
            shutil.copy(patch, of_part)
    if native_python is None:
        return
    order = []
    for line in (recipes / "parts.list").read_text().splitlines():
        order.append(line)
        if line.split()[0] == PYTHON:
            order.append(f"{_STAND_IN} needed")
    (recipes / "parts.list").write_text("".join(f"{line}\n" for line in order))
    parts = context / "parts"
    with tarfile.open(parts / f"{_STAND_IN}.tar", "w") as tar:
        _add_program(tar, native_python, "")
        _add_program(tar, parts / f"{PYTHON}.tar", "target-python3")


def _add_program(tar: tarfile.TarFile, part: Path, name: str) -> None:
    """Add the interpreter's program from a part, under another name if there is one."""
    with tarfile.open(part) as source:
        for entry in source:
            path = Path(entry.name)
            if entry.isreg() and path.match("bin/python3.[0-9]*[0-9]"):
                content = source.extractfile(entry)
                entry.name = str(path.with_name(name or path.name))
                tar.addfile(entry, content)


def tool_name(wheel: str, arch: str) -> str:
    """Return the name of this machine's wheel by which the Python that stands in takes it."""
    front, _, platform = wheel.removesuffix(".whl").rpartition("-")
    return wheel if platform == "any" else f"{front}-linux_{arch}.whl"
