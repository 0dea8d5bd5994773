"""Every pin of ``env/``, each with the registries that know of newer ones."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator

from hpcpy import paths
from hpcpy.engine.venv import TITLES, read_lock
from hpcpy.fetch.download import LastingError
from hpcpy.lock import host, wheel_tags
from hpcpy.lock.archive import Packages, after
from hpcpy.lock.index import File, by_version
from hpcpy.lock.newer import Pin, bounds
from hpcpy.lock.python import ARCH, GLIBC
from hpcpy.lock.upstream import Upstream
from hpcpy.pins.debian import debs, wanted
from hpcpy.pins.sources import patterns, sources
from hpcpy.pins.tables import read_table
from hpcpy.pins.versions import newer
from hpcpy.pins.wheels import GROUPS, locked

Indexed = Callable[[str], list[File]]


def of_sources(upstream: Upstream) -> Iterator[Pin]:
    """Give the pins of ``sources.toml``."""
    places = patterns()
    for name, source in sources().items():
        offers = functools.partial(upstream.offers, places[name])
        yield Pin("sources", name, source.version, offers)


def of_wheels(indexed: Indexed) -> Iterator[Pin]:
    """Give the pins of the locks of Python packages."""
    asked = bounds(
        line for name in GROUPS.values() for line in (paths.ENV / name).read_text().splitlines()
    )
    for name, table in locked().items():
        offers = functools.partial(_offers, indexed, name, best)
        yield Pin("python", name, table.text("version"), offers, asked=asked.get(name, ""))
    top = read_table(paths.ENV / "packages.lock", hint="make it with `make lock`")
    for name, table in top.table("packages").tables():
        offers = functools.partial(_offers, indexed, name, best)
        yield Pin("packages", name, table.text("version"), offers)
    for lock in TITLES:
        text = read_lock(lock)
        asked = bounds((paths.ENV / f"{lock}.in").read_text(encoding="utf-8").splitlines())
        for name, version in host.versions(text).items():
            # Where an older Python has one of its own, the other is the newer.
            several = version.split(", ")
            newest = (newer(several[0], several) or several)[0]
            offers = functools.partial(_offers, indexed, name, _for_this_python)
            yield Pin(lock, name, newest, offers, asked=asked.get(name, ""))


def _offers(
    indexed: Indexed, name: str, choose: Callable[[list[File]], File | None]
) -> dict[str, str]:
    chosen = by_version(indexed(name), choose)
    return {version: file.url if file else "" for version, file in chosen.items()}


def best(files: list[File]) -> File | None:
    """Return the wheel that the images' Python takes of a version's files."""
    major, minor, *_ = (int(part) for part in sources()["python"].version.split("."))
    return _best(files, (major, minor))


def _for_this_python(files: list[File]) -> File | None:
    return _best(files, sys.version_info[:2])


def _best(files: list[File], python: tuple[int, int]) -> File | None:
    fitting = {file.name: file for file in files if file.python <= python}
    name = wheel_tags.best(fitting, python, ARCH, GLIBC)
    return fitting[name] if name else None


def of_debian() -> Iterator[Pin]:
    """Give the pins of ``debian.lock``."""
    asked = wanted()
    for arch in asked.architectures:
        locked_ = {deb.name: deb.version for group in asked.sets for deb in debs(group, arch)}
        packages = Packages(asked, arch, sorted(locked_))
        for name, version in sorted(locked_.items()):
            yield Pin("debian", name, version, functools.partial(packages.offers, name), after)


def of_shifter() -> Pin:
    """Give the pin of ``shifter.toml``, which nothing fetches."""

    def offers() -> dict[str, str]:
        raise LastingError("a commit, which no registry lists")

    table = read_table(paths.ENV / "shifter.toml")
    return Pin("shifter", "shifter", table.text("commit"), offers)
