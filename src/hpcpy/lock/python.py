"""``python.lock`` and ``packages.lock``: one wheel a package."""

from __future__ import annotations

import time
from collections.abc import Mapping
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
from hpcpy.pins.debian import debian_request
from hpcpy.pins.model import Artifact, Source
from hpcpy.pins.packages import TESTED, requested
from hpcpy.pins.sources import sources
from hpcpy.pins.tables import file_name
from hpcpy.pins.wheels import GROUPS, locked

# The newest glibc that uv has a platform for, of those up to the images'.
GLIBC = (2, 40)
# Groups of python.lock that packages.lock is held to: what is in the image, and what other
# tests put on top of it.
_HELD = {"image", "own", "bake"}


@dataclass
class Locked:
    """A package, its groups and its wheel for each architecture."""

    version: str
    wheels: dict[str, Source] = field(default_factory=dict)
    groups: list[str] = field(default_factory=list)
    licence: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether nothing has to be asked for."""
        return bool(self.licence) and all(wheel.size for wheel in self.wheels.values())


def resolve(kept: Mapping[str, Any]) -> dict[str, object]:
    """Resolve the Python packages of all groups, together, for every architecture.

    `kept` are tables of packages that do not move: they get the wheels that they lack, or
    go if nothing needs them any more.
    """
    major, minor, *_ = sources()["python"].version.split(".")
    python = (int(major), int(minor))
    with build_scratch("lock") as scratch:
        found = _resolve(scratch, python, kept)
    for name in kept.keys() & found.keys():
        found[name].licence = kept[name]["licence"]
        found[name].wheels |= {
            arch: Source(**wheel) for arch, wheel in kept[name]["wheels"].items()
        }
    _complete({name: package for name, package in found.items() if not package.is_complete})
    return {"packages": {name: _table(found[name]) for name in sorted(found)}}


def pinned(versions: Mapping[str, str]) -> str:
    """Return the lines of a requirements file that hold packages to versions."""
    return "".join(f"{name}=={version}\n" for name, version in versions.items())


def _resolve(
    scratch: Path, python: tuple[int, int], kept: Mapping[str, Mapping[str, str]]
) -> dict[str, Locked]:
    """Return the packages with their groups, of one version for every architecture."""
    found: dict[str, Locked] = {}
    versions = {name: table["version"] for name, table in kept.items()}
    for arch in debian_request().architectures:
        _resolve_for(arch, scratch, python, versions, found)
        versions |= {name: package.version for name, package in found.items()}
    return found


def _resolve_for(
    arch: str,
    scratch: Path,
    python: tuple[int, int],
    versions: Mapping[str, str],
    found: dict[str, Locked],
) -> None:
    """Add the packages of an architecture, held to `versions`."""
    inputs = {group: paths.ENV / name for group, name in GROUPS.items()}
    here = platform(python, arch)
    together, held = scratch / "pylock.toml", scratch / "constraints.txt"
    held.write_text(pinned(versions))
    compile_lock(together, inputs.values(), *here, f"--constraint={held}")
    resolved = packages(together)
    for name, wheel in best_wheels(resolved, python, arch).items():
        found.setdefault(name, Locked(resolved[name]["version"])).wheels[arch] = wheel
    # Each group alone, held to the versions of all: which package is whose.
    held.write_text(pinned({name: package.version for name, package in found.items()}))
    for group, path in inputs.items():
        alone = scratch / f"pylock.{group}.toml"
        compile_lock(alone, [path], *here, f"--constraint={held}")
        for name in packages(alone):
            if group not in found[name].groups:
                found[name].groups.append(group)


def platform(python: tuple[int, int], arch: str) -> tuple[str, str]:
    """Return uv's options for the images' platform."""
    return (
        f"--python-version={python[0]}.{python[1]}",
        f"--python-platform={arch}-manylinux_{GLIBC[0]}_{GLIBC[1]}",
    )


def best_wheels(
    found: Mapping[str, Mapping[str, Any]], python: tuple[int, int], arch: str
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
    for name, file in uv.best_wheels(names, python, arch, GLIBC).items():
        if file is None:
            raise UnavailableError(f"{name} {found[name]['version']} has no wheel for {arch}")
        best[name] = offered[name][file]
    return best


def _complete(found: dict[str, Locked]) -> None:
    """Find out the sizes, and the licences, for which the wheels are downloaded."""
    web = Web(Patience())
    asked = [
        (package.wheels, arch)
        for package in found.values()
        for arch, wheel in package.wheels.items()
        if not wheel.size
    ]
    with ThreadPoolExecutor(THREADS) as pool:
        sized = pool.map(lambda one: with_size(web, one[0][one[1]]), asked)
        for (wheels, arch), wheel in zip(asked, sized, strict=True):
            wheels[arch] = wheel
    artifacts = {}
    for name, package in found.items():
        if package.licence:
            continue
        wheel = next(iter(package.wheels.values()))
        file = file_name(wheel.url)
        artifacts[name] = Artifact(name, package.version, file, "", "", (wheel,))
    files = fetch(artifacts.values())
    for name, artifact in artifacts.items():
        found[name].licence = licences.of_wheel(files[artifact])


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
        "wheels": {arch: asdict(wheel) for arch, wheel in package.wheels.items()},
    }


def resolve_packages() -> dict[str, object]:
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
