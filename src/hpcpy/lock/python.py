"""``python.lock``: one wheel a package and architecture."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote

from hpcpy import paths
from hpcpy.errors import UnavailableError
from hpcpy.fetch.connection import Patience, Web
from hpcpy.fetch.download import LastingError, PassingError, network_errors
from hpcpy.fetch.many import THREADS, fetch
from hpcpy.files import scratch_dir
from hpcpy.lock import wheel_licences, wheel_tags
from hpcpy.lock.uv import compile_lock, packages
from hpcpy.pins.model import DEBIAN_ARCH, Artifact, Place
from hpcpy.pins.sources import sources
from hpcpy.pins.wheels import GROUPS

# Of the images' glibc, the newest that uv has a platform for.
GLIBC = (2, 40)
# What is resolved; for the others the wheels of the same versions are taken.
LEADING_ARCH = "x86_64"


@dataclass
class Package:
    """A package, and its wheel by architecture."""

    version: str
    groups: list[str]
    wheels: dict[str, Place] = field(default_factory=dict)
    licence: str = ""


def resolve(old: Mapping[str, Any] | None = None, only: Collection[str] = ()) -> dict[str, object]:
    """Resolve the Python packages of all groups, together.

    Parameters
    ----------
    old
        The present lock's packages; needed for `only`.
    only
        The packages that may move; all by default.  What they need anew comes, what
        nothing needs any more goes, and every other table stays as it is.

    Returns
    -------
    dict
        The contents of ``python.lock``.

    Raises
    ------
    UnavailableError
        When there is no solution, or an index or a wheel cannot be reached.
    """
    major, minor, *_ = sources()["python"].version.split(".")
    python = (int(major), int(minor))
    kept = {name: table for name, table in (old or {}).items() if only and name not in only}
    with scratch_dir(paths.BUILD, "lock") as scratch:
        found, offered = _resolve(scratch, f"{major}.{minor}", kept)
    tables = {
        name: dict(kept[name]) | {"groups": package.groups}
        for name, package in found.items()
        if name in kept
    }
    fresh = {name: package for name, package in found.items() if name not in tables}
    for name, package in fresh.items():
        for arch in DEBIAN_ARCH:
            filename = wheel_tags.best(offered[name], python, arch, GLIBC)
            if filename:
                package.wheels[arch] = offered[name][filename]
        if LEADING_ARCH not in package.wheels:
            raise UnavailableError(f"{name} {package.version} has no wheel for {LEADING_ARCH}")
    _complete(fresh)
    tables |= {name: _table(package) for name, package in fresh.items()}
    return {"packages": {name: tables[name] for name in sorted(tables)}}


def pinned(versions: Mapping[str, str]) -> str:
    """Return the lines of a requirements file that hold packages to versions."""
    return "".join(f"{name}=={version}\n" for name, version in versions.items())


def _resolve(
    scratch: Path, python: str, kept: Mapping[str, Mapping[str, str]]
) -> tuple[dict[str, Package], dict[str, dict[str, Place]]]:
    """Return the packages with their groups, and every wheel there is of each."""
    inputs = {group: paths.ENV / name for group, name in GROUPS.items()}
    here = (
        f"--python-version={python}",
        f"--python-platform={LEADING_ARCH}-manylinux_{GLIBC[0]}_{GLIBC[1]}",
    )
    together, held = scratch / "pylock.toml", scratch / "constraints.txt"
    held.write_text(pinned({name: table["version"] for name, table in kept.items()}))
    compile_lock(together, inputs.values(), *here, f"--constraint={held}")
    found = {
        name: Package(str(package["version"]), []) for name, package in packages(together).items()
    }
    # Each group alone, held to the versions of all: which package is whose.
    held.write_text(pinned({name: package.version for name, package in found.items()}))
    for group, path in inputs.items():
        alone = scratch / f"pylock.{group}.toml"
        compile_lock(alone, [path], *here, f"--constraint={held}")
        for name in packages(alone):
            found[name].groups.append(group)
    # For another platform uv fails as a whole where one wheel is missing;
    # without a platform it lists the wheels for all of them.
    everywhere = scratch / "pylock.all.toml"
    compile_lock(
        everywhere,
        inputs.values(),
        "--universal",
        f"--python-version={python}",
        f"--constraint={held}",
    )
    offered = {name: wheel_places(package) for name, package in packages(everywhere).items()}
    return found, offered


def wheel_places(package: dict[str, object]) -> dict[str, Place]:
    """Return a package's wheels by their file names, of no size yet."""
    wheels = cast("list[dict[str, Any]]", package.get("wheels", []))
    # The size follows: the index that uv reads does not always state it.
    return {
        unquote(wheel["url"].rsplit("/", 1)[-1]): Place(wheel["url"], 0, wheel["hashes"]["sha256"])
        for wheel in wheels
    }


def _complete(found: dict[str, Package]) -> None:
    """Find out the sizes, and the licences, for which the wheels are downloaded."""
    web = Web(Patience())
    places = {place for package in found.values() for place in package.wheels.values()}
    with ThreadPoolExecutor(THREADS) as pool:
        sized = dict(
            zip(places, pool.map(lambda place: with_size(web, place), places), strict=True)
        )
    artifacts = {}
    for name, package in found.items():
        package.wheels = {arch: sized[place] for arch, place in package.wheels.items()}
        place = package.wheels[LEADING_ARCH]
        filename = unquote(place.url.rsplit("/", 1)[-1])
        artifacts[name] = Artifact(name, package.version, filename, "", "", (place,))
    files = fetch(artifacts.values())
    for name, package in found.items():
        package.licence = wheel_licences.licence(files[artifacts[name]])


def with_size(web: Web, place: Place) -> Place:
    """Return a place with the size that its server states.

    Raises
    ------
    UnavailableError
        When it cannot be asked, or states none.
    """
    for pause in (0.0, *Patience().pauses):
        time.sleep(pause)
        try:
            with network_errors():
                size = web.length(place.url)
        except PassingError as error:
            failure: Exception = error
        except LastingError as error:
            failure = error
            break
        else:
            if size:
                return replace(place, size=size)
            raise UnavailableError(f"{place.url}: the server does not say how long it is")
    raise UnavailableError(f"{place.url}: {failure}")


def _table(package: Package) -> dict[str, object]:
    return {
        "version": package.version,
        "licence": package.licence,
        "groups": package.groups,
        "no_wheel_for": [arch for arch in DEBIAN_ARCH if arch not in package.wheels],
        "wheels": {
            arch: {"url": place.url, "size": place.size, "sha256": place.sha256}
            for arch, place in package.wheels.items()
        },
    }
