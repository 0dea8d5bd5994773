"""The Debian packages: what is asked for, and what it was resolved to."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from hpcpy.core import paths
from hpcpy.pins.model import APT_MIRROR, ARCHITECTURES, Artifact, DebianSuite, Source, known_arch
from hpcpy.pins.tables import Table, read_table
from hpcpy_common.errors import UsageError

# Below pool/ and without "..": it becomes a part of URLs.
_POOL_PATH = r"pool(/(?!\.\.?/)[^/]+)+\.deb"


@dataclass(frozen=True)
class DebianSet:
    """A table of packages, apt's patterns too."""

    packages: tuple[str, ...]
    alone: bool = False  # Whether they are taken without what they declare
    architectures: tuple[str, ...] = ()  # Those that have the set; all where there is none


@dataclass(frozen=True)
class DebianRequest:
    """What ``debian.toml`` asks for."""

    architectures: tuple[str, ...]
    snapshot: str
    suites: tuple[DebianSuite, ...]
    sets: dict[str, DebianSet]  # All but the first list what they have over the first
    mirror: str = ""

    def sets_of(self, arch: str) -> dict[str, tuple[str, ...]]:
        """Return the sets that an architecture has, with its names in those of packages."""
        gnu = ARCHITECTURES[arch].gnu
        return {
            name: tuple(package.replace("{gnu}", gnu) for package in group.packages)
            for name, group in self.sets.items()
            if arch in (group.architectures or (arch,))
        }


def debian_request(folder: Path | None = None) -> DebianRequest:
    """Read ``debian.toml``: suites, snapshot archive, sets of packages."""
    top = read_table((folder or paths.ENV) / "debian.toml")
    tables = dict(top.table("sets").tables())
    for table in (top, *tables.values()):
        for arch in table.texts("architectures") if "architectures" in table.values else ():
            if arch not in ARCHITECTURES:
                known = ", ".join(ARCHITECTURES)
                raise table.wrong("architectures", f"{arch!r} is not one of {known}")
    given = {"snapshot": top.text("snapshot", r"https?://.+", "a URL")}
    if "mirror" in top.values:
        given["mirror"] = top.text("mirror", r"https?://.+/debian", "a mirror's address")
    return top.fill(
        DebianRequest,
        suites=tuple(table.fill(DebianSuite) for table in top.array("suites")),
        sets={name: table.fill(DebianSet) for name, table in tables.items()},
        **given,
    )


def _lock(folder: Path | None) -> Table:
    lock = read_table((folder or paths.ENV) / "debian.lock", hint="make it with `make lock`")
    lock.only("timestamp", "packages")
    return lock


def snapshot_epoch(folder: Path | None = None) -> int:
    """Return the time of the lock, the SOURCE_DATE_EPOCH of every build."""
    return int(_lock(folder).moment("timestamp").timestamp())


def debs(name: str, arch: str, folder: Path | None = None) -> list[Artifact]:
    """Return the locked packages of one set, without those of the first; the mirror comes first."""
    sets = debian_request(folder).sets_of(known_arch(arch))
    if name not in sets:
        known = ", ".join(sets)
        raise UsageError(f"no set {name!r} for {arch} in debian.toml; there are {known}")
    locked = locked_debs(arch, folder)
    sets_of = {deb.name: of for deb, of in locked.items()}
    first, *_ = sets
    for package in sets[name]:
        # A pattern has no name; what the first set has is locked there.
        if not package.startswith("?") and not {name, first} & set(sets_of.get(package, ())):
            raise UsageError(f"debian.lock has no {package} for {name}", hint="run `make lock`")
    return [deb for deb, of in locked.items() if name in of]


def locked_debs(arch: str, folder: Path | None = None) -> dict[Artifact, tuple[str, ...]]:
    """Return all locked packages by name, each with its sets."""
    lock = _lock(folder)
    locked = lock.table("packages")
    if arch not in locked.values:
        hint = "add it to `architectures` in env/debian.toml and run `make lock`"
        raise UsageError(f"debian.lock has no packages for {arch}", hint=hint)
    when, snapshot = lock.moment("timestamp"), debian_request(folder).snapshot
    return {
        _artifact(name, table, snapshot, when): table.texts("sets")
        for name, table in locked.table(arch).tables()
    }


def source_package(deb: Artifact) -> str:
    """Return the source that a package is built from, after which its folder in pool/ is named."""
    return deb.sources[0].url.split("/")[-2]


def _artifact(name: str, table: Table, snapshot: str, when: datetime.datetime) -> Artifact:
    table.only("version", "sets", "size", "sha256", "licence", "archive", "path", "timestamp")
    if "timestamp" in table.values:
        # Locked by itself, later than the others: the archive had it then.
        when = table.moment("timestamp")
    size, digest = table.number("size"), table.digest("sha256")
    archive = table.text("archive", r"[a-z-]+", "an archive's name")
    path = table.text("path", _POOL_PATH, "a path in pool/")
    # The archive takes a snapshot some times a day and answers a time with
    # the one before it: a day later has what was new when the lock was made.
    moments = (when, when + datetime.timedelta(days=1))
    urls = [f"{APT_MIRROR}{archive}/{quote(path)}"] + [
        snapshot.format(archive=archive, timestamp=f"{moment:%Y%m%dT%H%M%SZ}", path=quote(path))
        for moment in moments
    ]
    return Artifact(
        name=name,
        version=table.text("version"),
        filename=path.rsplit("/", 1)[-1],
        licence=table.text("licence"),
        sources=tuple(Source(url, size, digest) for url in urls),
    )
