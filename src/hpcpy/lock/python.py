"""``python.lock``: one wheel a package."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from hpcpy import paths
from hpcpy.errors import UnavailableError
from hpcpy.fetch.connection import Patience, Web
from hpcpy.fetch.download import LastingError, PassingError, network_errors
from hpcpy.fetch.many import THREADS, fetch
from hpcpy.lock import wheel_licences, wheel_tags
from hpcpy.lock.uv import compile_lock, packages
from hpcpy.pins.model import Artifact, Source
from hpcpy.pins.names import file_name
from hpcpy.pins.sources import sources
from hpcpy.pins.wheels import GROUPS
from hpcpy.scratch import build_scratch

# The newest glibc that uv has a platform for, of those up to the images'.
GLIBC = (2, 40)
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

    Parameters
    ----------
    old
        The present lock's packages; needed for `only`.
    only
        The packages that may move; all by default.  New dependencies are added,
        those that nothing needs any more go, and every other table stays as it is.

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
    found = {
        name: Locked(str(package["version"]), best_wheel(name, package, python))
        for name, package in packages(together).items()
    }
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


def best_wheel(name: str, package: dict[str, object], python: tuple[int, int]) -> Source:
    """Return the wheel of a package that fits the images best, of no size yet.

    Raises
    ------
    UnavailableError
        When none fits.
    """
    # The size follows: the index that uv reads does not always state it.
    there = {
        file_name(wheel["url"]): Source(wheel["url"], 0, wheel["hashes"]["sha256"])
        for wheel in cast("list[dict[str, Any]]", package.get("wheels", []))
    }
    filename = wheel_tags.best(there, python, ARCH, GLIBC)
    if filename is None:
        raise UnavailableError(f"{name} {package['version']} has no wheel for {ARCH}")
    return there[filename]


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


def _table(package: Locked) -> dict[str, object]:
    return {
        "version": package.version,
        "licence": package.licence,
        "groups": package.groups,
        "wheels": {ARCH: asdict(package.wheel)},
    }
