"""``python.lock`` and ``packages.lock``: one wheel a package."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from hpcpy.core import paths
from hpcpy.core.errors import UnavailableError
from hpcpy.core.scratch import build_scratch
from hpcpy.fetch.connection import Patience, Web
from hpcpy.fetch.download import PermanentError, TransientError, network_errors
from hpcpy.fetch.many import THREADS, fetch
from hpcpy.lock import licences, uv
from hpcpy.lock.uv import compile_lock, packages
from hpcpy.pins.model import Artifact, Source
from hpcpy.pins.packages import requested
from hpcpy.pins.sources import sources
from hpcpy.pins.tables import file_name
from hpcpy.pins.wheels import GROUPS, locked

# The newest glibc that uv has a platform for, of those up to the images'.
GLIBC = (2, 40)
# Groups of python.lock that packages.lock is held to: what is in the image, and what other
# tests put on top of it.
_HELD = {"image", "own", "bake"}
# What is resolved, and the images are built for.
ARCH = "x86_64"


@dataclass
class Locked:
    """A package, its groups and its wheel."""

    version: str
    wheel: Source
    groups: list[str] = field(default_factory=list)
    licence: str = ""


def resolve(old: Mapping[str, Any] | None = None, only: Collection[str] = ()) -> dict[str, object]:
    """Resolve the Python packages of all groups, together.

    With `only`, new dependencies are added, those that nothing needs any more go, and every
    other table of `old` stays as it is.
    """
    major, minor, *_ = sources()["python"].version.split(".")
    python = (int(major), int(minor))
    kept = {name: table for name, table in (old or {}).items() if only and name not in only}
    with build_scratch("lock") as scratch:
        found = _resolve(scratch, python, kept)
    tables = {
        name: dict(kept[name]) | {"groups": package.groups}
        for name, package in found.items()
        if name in kept
    }
    fresh = {name: package for name, package in found.items() if name not in tables}
    _complete(fresh)
    tables |= {name: _table(package) for name, package in fresh.items()}
    return {"packages": {name: tables[name] for name in sorted(tables)}}


def pinned(versions: Mapping[str, str]) -> str:
    """Return the lines of a requirements file that hold packages to versions."""
    return "".join(f"{name}=={version}\n" for name, version in versions.items())


def _resolve(
    scratch: Path, python: tuple[int, int], kept: Mapping[str, Mapping[str, str]]
) -> dict[str, Locked]:
    """Return the packages with their groups."""
    inputs = {group: paths.ENV / name for group, name in GROUPS.items()}
    here = platform(python)
    together, held = scratch / "pylock.toml", scratch / "constraints.txt"
    held.write_text(pinned({name: table["version"] for name, table in kept.items()}))
    compile_lock(together, inputs.values(), *here, f"--constraint={held}")
    resolved = packages(together)
    wheels = best_wheels(resolved, python)
    found = {name: Locked(package["version"], wheels[name]) for name, package in resolved.items()}
    # Each group alone, held to the versions of all: which package is whose.
    held.write_text(pinned({name: package.version for name, package in found.items()}))
    for group, path in inputs.items():
        alone = scratch / f"pylock.{group}.toml"
        compile_lock(alone, [path], *here, f"--constraint={held}")
        for name in packages(alone):
            found[name].groups.append(group)
    return found


def platform(python: tuple[int, int]) -> tuple[str, str]:
    """Return uv's options for the images' platform."""
    return (
        f"--python-version={python[0]}.{python[1]}",
        f"--python-platform={ARCH}-manylinux_{GLIBC[0]}_{GLIBC[1]}",
    )


def best_wheels(
    found: Mapping[str, Mapping[str, Any]], python: tuple[int, int]
) -> dict[str, Source]:
    """Return the wheel of each package that fits the images best, of no size yet."""
    # The size follows: the index that uv reads does not always state it.
    offered = {
        name: {
            file_name(wheel["url"]): Source(wheel["url"], 0, wheel["hashes"]["sha256"])
            for wheel in package.get("wheels", ())
        }
        for name, package in found.items()
    }
    names = {name: list(wheels) for name, wheels in offered.items()}
    best = {}
    for name, file in uv.best_wheels(names, python, ARCH, GLIBC).items():
        if file is None:
            raise UnavailableError(f"{name} {found[name]['version']} has no wheel for {ARCH}")
        best[name] = offered[name][file]
    return best


def _complete(found: dict[str, Locked]) -> None:
    """Find out the sizes, and the licences, for which the wheels are downloaded."""
    web = Web(Patience())
    with ThreadPoolExecutor(THREADS) as pool:
        sized = pool.map(lambda package: with_size(web, package.wheel), found.values())
        for package, wheel in zip(found.values(), sized, strict=True):
            package.wheel = wheel
    artifacts = {}
    for name, package in found.items():
        wheel = package.wheel
        file = file_name(wheel.url)
        artifacts[name] = Artifact(name, package.version, file, "", "", (wheel,))
    files = fetch(artifacts.values())
    for name, package in found.items():
        package.licence = licences.of_wheel(files[artifacts[name]])


def with_size(web: Web, source: Source) -> Source:
    """Return a source with the size that its server states."""
    for pause in (0.0, *Patience().pauses):
        time.sleep(pause)
        try:
            with network_errors():
                size = web.length(source.url)
        except TransientError as error:
            failure: Exception = error
        except PermanentError as error:
            failure = error
            break
        else:
            if size:
                return replace(source, size=size)
            raise UnavailableError(f"{source.url}: the server does not say how long it is")
    raise UnavailableError(f"{source.url}: {failure}")


def _table(package: Locked) -> dict[str, object]:
    return {
        "version": package.version,
        "licence": package.licence,
        "groups": package.groups,
        "wheels": {ARCH: asdict(package.wheel)},
    }


def resolve_packages() -> dict[str, object]:
    """Resolve the packages of ``packages.in``, held to the versions of ``python.lock``.

    Each table also says which of ``packages.in`` want the package.
    """
    major, minor, *_ = sources()["python"].version.split(".")
    python = (int(major), int(minor))
    here = platform(python)
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
    wheels = best_wheels(found, python)
    web = Web(Patience())
    with ThreadPoolExecutor(THREADS) as pool:
        sized = pool.map(lambda wheel: with_size(web, wheel), wheels.values())
    tables = {
        name: {"version": versions[name], "for": wanted_by[name], **asdict(source)}
        for name, source in zip(wheels, sized, strict=True)
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
