"""``env/packages.lock``: what ``packages.in`` asks for, and the wheels that it was resolved to.

``PYTHONPATH=src python3 tests/locked_packages.py`` resolves it anew, by uv.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.files import whole_file
from hpcpy.core.scratch import build_scratch
from hpcpy.lock.command import render
from hpcpy.lock.python import best_wheels, compile_lock, packages, pinned, platform
from hpcpy.pins.model import Artifact, Source, locked, sources
from hpcpy.pins.tables import file_name
from hpcpy_common.errors import UsageError

_LOCK = paths.ENV / "packages.lock"
_HEADER = "Made from packages.in by tests/locked_packages.py; not to be edited."
# Groups of python.lock that packages.lock is held to: what is in the image, and what other
# tests put on top of it.
_HELD = {"image", "own", "bake"}
# The architecture that the packages are tested on.
TESTED = "x86_64"


def requested() -> list[str]:
    text = (paths.ENV / "packages.in").read_text(encoding="utf-8")
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


def wheels_for(names: Iterable[str]) -> list[Artifact]:
    """Return the wheels that some of ``packages.in`` want, with what they depend on."""
    found = []
    for name, table in tomllib.loads(_LOCK.read_text(encoding="utf-8"))["packages"].items():
        if {*names} & {*table["for"]}:
            source = Source(table["url"], table["size"], table["sha256"])
            file = file_name(source.url)
            found.append(Artifact(name, table["version"], file, "", (source,)))
    if missing := {*names} - {one.name for one in found}:
        raise UsageError(f"packages.lock has no {min(missing)}", hint="run this file")
    return found


def resolve() -> dict[str, object]:
    """Resolve the packages of ``packages.in``, held to the versions of ``python.lock``.

    Each table also says which of ``packages.in`` want the package.
    """
    major, minor, *_ = sources()["python"].version.split(".")
    python = (int(major), int(minor))
    here = platform(python, TESTED)
    with build_scratch("lock") as scratch:
        held = scratch / "constraints.txt"
        versions = {
            name: table.text("version")
            for name, table in locked().items()
            if _HELD & set(table.texts("groups"))
        }
        held.write_text(pinned(versions))
        together = scratch / "pylock.toml"
        compile_lock(together, [paths.ENV / "packages.in"], *here, f"--constraint={held}")
        found = packages(together)
        versions |= {name: str(package["version"]) for name, package in found.items()}
        held.write_text(pinned(versions))
        of_each = {name: _with_dependencies(name, scratch, here, held) for name in requested()}
        wanted_by = {
            package: [name for name in requested() if package in of_each[name]] for package in found
        }
    wheels = best_wheels(found, python, TESTED)
    tables = {
        name: {"version": versions[name], "for": wanted_by[name], **asdict(source)}
        for name, source in wheels.items()
    }
    return {"packages": {name: tables[name] for name in sorted(tables)}}


def _with_dependencies(
    name: str, scratch: Path, here: tuple[str, str], constraints: Path
) -> set[str]:
    """Return a package and all that it needs, of the versions that have been resolved."""
    output, alone = scratch / "pylock.alone.toml", scratch / "alone.in"
    alone.write_text(f"{name}\n")
    # uv's cache has all by now: 1 s for each of the 71 names, else 9 s.
    compile_lock(output, [alone], *here, f"--constraint={constraints}", "--offline")
    return set(packages(output))


if __name__ == "__main__":
    with whole_file(_LOCK) as temporary:
        temporary.write_text(render(resolve(), _HEADER), encoding="utf-8")
