"""Architectures; and what a pin is: a file that is wanted, and where it can come from."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path

from hpcpy.core import paths
from hpcpy.pins.tables import Table, file_name, read_table
from hpcpy_common.errors import UsageError


@dataclass(frozen=True)
class Architecture:
    """What others call an architecture, and where Debian's packages have its files."""

    debian: str
    # Below the root: its library folder, and the loader.
    libraries: str
    loader: str
    # The number of SIF's headers.
    sif: str

    @property
    def gnu(self) -> str:
        """The GNU name in Debian's names of packages, which have no underscore."""
        return self.libraries.rsplit("/", 1)[-1].replace("_", "-")


# By the kernel's name, which pins and keys have too.
ARCHITECTURES = {
    "x86_64": Architecture(
        debian="amd64",
        libraries="usr/lib/x86_64-linux-gnu",
        loader="usr/lib64/ld-linux-x86-64.so.2",
        sif="2",
    ),
    "aarch64": Architecture(
        debian="arm64",
        libraries="usr/lib/aarch64-linux-gnu",
        loader="usr/lib/ld-linux-aarch64.so.1",
        sif="4",
    ),
}


def host_arch() -> str:
    """Return this machine's architecture as the pins name it."""
    return known_arch(platform.machine())


def known_arch(arch: str) -> str:
    """Return `arch` if something can be pinned for it."""
    if arch not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise UsageError(f"architecture {arch!r} is not one that pins exist for: {known}")
    return arch


# A URL of this scheme lies below the mirror that the machine's apt uses.
APT_MIRROR = "apt-mirror:"


@dataclass(frozen=True)
class Source:
    """Where a file can be had, and what it must be there: some have packed it anew."""

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
    sources: tuple[Source, ...]
    cpe: str = ""
    brings: tuple[tuple[str, ...], ...] = ()  # Other projects in it: name, version, licence
    fixes: tuple[str, ...] = ()  # Vulnerabilities of what it is a patch of


@dataclass(frozen=True)
class DebianSuite:
    """One line of a sources list: ``DebianSuite("debian", "trixie")``."""

    archive: str
    name: str
    check_date: bool = True


_URL = r"(https?://|apt-mirror:)[^\s?#]+/[^\s/?#]+"
_WHEEL_URL = r"https?://[^\s?#]+/[^\s/?#]+\.whl"
# Group of Python packages -> the file that asks for them.
GROUPS = {"image": "python.in"} | {
    name: f"python-{name}.in"
    for name in ("core", "mpi", "build", "upstream", "bake", "own", "cuda", "sci", "dev", "spark")
}


def sources(folder: Path | None = None) -> dict[str, Artifact]:
    """Read ``sources.toml``, which components are built from."""
    top = read_table((folder or paths.ENV) / "sources.toml")
    tables = dict(top.tables())
    for table in tables.values():
        table.only("version", "licence", "why", "cpe", "brings", "fixes", "sources")
    return {name: _artifact(name, table, table.array("sources")) for name, table in tables.items()}


def _artifact(name: str, table: Table, places: list[Table], pattern: str = _URL) -> Artifact:
    version = table.text("version")
    origins = tuple(_source(place, version, pattern) for place in places)
    licence, cpe = table.text("licence"), ""
    if "cpe" in table.values:
        cpe = table.text("cpe", r"[\w.-]+:[\w.-]+", "VENDOR:PRODUCT")
    brings = table.table("brings") if "brings" in table.values else None
    brought = tuple((key, *brings.texts(key)) for key in brings.values) if brings else ()
    fixes = tuple(table.texts("fixes")) if "fixes" in table.values else ()
    return Artifact(name, version, file_name(origins[0].url), licence, origins, cpe, brought, fixes)


def _source(table: Table, version: str, pattern: str) -> Source:
    table.only("url", "size", "sha256")
    # Not str.format: any other brace in a URL is its own.
    url = table.text("url", pattern, "a URL").replace("{version}", version)
    try:
        file_name(url)
    except UsageError as error:
        raise table.wrong("url", str(error)) from error
    return Source(url, table.number("size"), table.digest("sha256"))


def wheels(group: str, arch: str, folder: Path | None = None) -> list[Artifact]:
    """Return the locked wheels of a group: of its packages those that an architecture needs."""
    known_arch(arch)
    if group not in GROUPS:
        raise UsageError(f"no group {group!r} of Python packages; there are {', '.join(GROUPS)}")
    tables = locked(folder).items()
    of_group = {name: table for name, table in tables if group in table.texts("groups")}
    artifacts = [
        _artifact(name, table, [table.table("wheels").table(arch)], _WHEEL_URL)
        for name, table in of_group.items()
        if arch in table.table("wheels").values
    ]
    if of_group and not artifacts:
        raise UsageError(f"python.lock has no wheels for {arch}", hint="run `make lock`")
    return artifacts


def locked(folder: Path | None = None) -> dict[str, Table]:
    """Return the tables of ``python.lock`` by package."""
    top = read_table((folder or paths.ENV) / "python.lock", hint="make it with `make lock`")
    top.only("packages")
    packages = dict(top.table("packages").tables())
    for table in packages.values():
        table.only("version", "licence", "groups", "wheels")
    return packages
