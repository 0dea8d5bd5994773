"""``python.lock``: one wheel a package and architecture."""

from __future__ import annotations

import time
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
from hpcpy.pins.model import DEBIAN_ARCH, Artifact, Source
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
    wheels: dict[str, Source] = field(default_factory=dict)
    licence: str = ""


def resolve() -> dict[str, object]:
    """Resolve the Python packages of all groups, together.

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
    with scratch_dir(paths.BUILD, "lock") as scratch:
        found, offered = _resolve(scratch, f"{major}.{minor}")
    for name, package in found.items():
        for arch in DEBIAN_ARCH:
            filename = wheel_tags.best(offered[name], python, arch, GLIBC)
            if filename:
                package.wheels[arch] = offered[name][filename]
        if LEADING_ARCH not in package.wheels:
            raise UnavailableError(f"{name} {package.version} has no wheel for {LEADING_ARCH}")
    _complete(found)
    return {"packages": {name: _table(found[name]) for name in sorted(found)}}


def _resolve(scratch: Path, python: str) -> tuple[dict[str, Package], dict[str, dict[str, Source]]]:
    """Return the packages with their groups, and every wheel there is of each."""
    inputs = {group: paths.ENV / name for group, name in GROUPS.items()}
    here = (
        f"--python-version={python}",
        f"--python-platform={LEADING_ARCH}-manylinux_{GLIBC[0]}_{GLIBC[1]}",
    )
    together = scratch / "pylock.toml"
    compile_lock(together, inputs.values(), *here)
    found = {
        name: Package(str(package["version"]), []) for name, package in packages(together).items()
    }
    # Each group alone, held to the versions of all: which package is whose.
    held = scratch / "constraints.txt"
    held.write_text("".join(f"{name}=={found[name].version}\n" for name in found))
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
    offered = {name: wheel_sources(package) for name, package in packages(everywhere).items()}
    return found, offered


def wheel_sources(package: dict[str, object]) -> dict[str, Source]:
    """Return a package's wheels by their file names, of no size yet."""
    wheels = cast("list[dict[str, Any]]", package.get("wheels", []))
    # The size follows: the index that uv reads does not always state it.
    return {
        unquote(wheel["url"].rsplit("/", 1)[-1]): Source(wheel["url"], 0, wheel["hashes"]["sha256"])
        for wheel in wheels
    }


def _complete(found: dict[str, Package]) -> None:
    """Find out the sizes, and the licences, for which the wheels are downloaded."""
    web = Web(Patience())
    wheels = {wheel for package in found.values() for wheel in package.wheels.values()}
    with ThreadPoolExecutor(THREADS) as pool:
        sized = dict(
            zip(wheels, pool.map(lambda wheel: with_size(web, wheel), wheels), strict=True)
        )
    artifacts = {}
    for name, package in found.items():
        package.wheels = {arch: sized[source] for arch, source in package.wheels.items()}
        source = package.wheels[LEADING_ARCH]
        filename = unquote(source.url.rsplit("/", 1)[-1])
        artifacts[name] = Artifact(name, package.version, filename, "", "", (source,))
    files = fetch(artifacts.values())
    for name, package in found.items():
        package.licence = wheel_licences.licence(files[artifacts[name]])


def with_size(web: Web, source: Source) -> Source:
    """Return a source with the size that its server states.

    Raises
    ------
    UnavailableError
        When it cannot be asked, or states none.
    """
    for pause in (0.0, *Patience().pauses):
        time.sleep(pause)
        try:
            with network_errors():
                size = web.length(source.url)
        except PassingError as error:
            failure: Exception = error
        except LastingError as error:
            failure = error
            break
        else:
            if size:
                return replace(source, size=size)
            raise UnavailableError(f"{source.url}: the server does not say how long it is")
    raise UnavailableError(f"{source.url}: {failure}")


def _table(package: Package) -> dict[str, object]:
    return {
        "version": package.version,
        "licence": package.licence,
        "groups": package.groups,
        "no_wheel_for": [arch for arch in DEBIAN_ARCH if arch not in package.wheels],
        "wheels": {
            arch: {"url": source.url, "size": source.size, "sha256": source.sha256}
            for arch, source in package.wheels.items()
        },
    }
