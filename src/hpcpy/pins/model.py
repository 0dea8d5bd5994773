"""What a pin is: a file that is wanted, and the sources it can come from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hpcpy.core.errors import UsageError
from hpcpy.pins.arch import known_arch
from hpcpy.pins.tables import Table, env_folder, name_of, read_table

# A URL of this scheme lies below the mirror that the machine's apt uses.
APT_MIRROR = "apt-mirror:"


@dataclass(frozen=True)
class Source:
    """Where a file can be had, and what it must be when it comes from there.

    Size and hash belong to the source, not to the artifact: a distribution
    may have packed the same source anew.
    """

    url: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Artifact:
    """One pinned file: a source, a wheel or a Debian package."""

    name: str
    version: str
    filename: str
    licence: str
    why: str
    sources: tuple[Source, ...]
    cpe: str = ""


@dataclass(frozen=True)
class DebianSuite:
    """One line of a sources list: ``DebianSuite("debian", "trixie")``."""

    archive: str
    name: str
    check_date: bool = True


_URL = r"(https?://|apt-mirror:)[^\s?#]+/[^\s/?#]+"
_WHEEL_URL = r"https?://[^\s?#]+/[^\s/?#]+\.whl"
# Group of Python packages -> the file that asks for them.
GROUPS = {
    "image": "python.in",
    "core": "python-core.in",
    "mpi": "python-mpi.in",
    "build": "python-build.in",
    "upstream": "python-upstream.in",
    "bake": "python-bake.in",
    "own": "python-own.in",
    "cuda": "python-cuda.in",
    "sci": "python-sci.in",
    "dev": "python-dev.in",
    "spark": "python-spark.in",
}


def sources(folder: Path | None = None) -> dict[str, Artifact]:
    """Read ``sources.toml``, which components are built from."""
    top = read_table(env_folder(folder) / "sources.toml")
    return {name: _built(name, table) for name, table in top.tables()}


def _built(name: str, table: Table) -> Artifact:
    table.only("version", "licence", "why", "cpe", "sources")
    version = table.text("version")
    first, *_ = tables = table.array("sources")
    found = tuple(_source(one, version) for one in tables)
    return Artifact(
        name=name,
        version=version,
        filename=name_of(first, "url", found[0].url),
        licence=table.text("licence"),
        why=table.text("why"),
        sources=found,
        cpe=table.text("cpe", r"[\w.-]+:[\w.-]+", "VENDOR:PRODUCT")
        if "cpe" in table.values
        else "",
    )


def _source(table: Table, version: str, pattern: str = _URL) -> Source:
    table.only("url", "size", "sha256")
    # Not str.format: any other brace in a URL is its own.
    url = table.text("url", pattern, "a URL").replace("{version}", version)
    return Source(url, table.number("size"), table.digest("sha256"))


def wheels(group: str, arch: str, folder: Path | None = None) -> list[Artifact]:
    """Return the locked wheels of a group: of its packages those that an architecture needs."""
    known_arch(arch)
    if group not in GROUPS:
        raise UsageError(f"no group {group!r} of Python packages; there are {', '.join(GROUPS)}")
    its = {name: table for name, table in locked(folder).items() if group in table.texts("groups")}
    found = [
        _installed(name, table, table.table("wheels").table(arch))
        for name, table in its.items()
        if arch in table.table("wheels").values
    ]
    if its and not found:
        raise UsageError(f"python.lock has no wheels for {arch}", hint="run `make lock`")
    return found


def locked(folder: Path | None = None) -> dict[str, Table]:
    """Return the tables of ``python.lock`` by package."""
    top = read_table(env_folder(folder) / "python.lock", hint="make it with `make lock`")
    top.only("packages")
    packages = dict(top.table("packages").tables())
    for table in packages.values():
        table.only("version", "licence", "groups", "wheels")
    return packages


def _installed(name: str, table: Table, wheel: Table) -> Artifact:
    source = _source(wheel, table.text("version"), _WHEEL_URL)
    return Artifact(
        name=name,
        version=table.text("version"),
        filename=name_of(wheel, "url", source.url),
        licence=table.text("licence"),
        why=f"Python package of the group {', '.join(table.texts('groups'))}",
        sources=(source,),
    )
