"""The Python packages, as wheels."""

from __future__ import annotations

from pathlib import Path

from hpcpy.core.errors import UsageError
from hpcpy.pins.arch import known_arch
from hpcpy.pins.model import Artifact, Source
from hpcpy.pins.tables import Table, env_folder, name_of, read_table

# Group -> the file that asks for its packages.
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
_WHEEL_URL = r"https?://[^\s?#]+/[^\s/?#]+\.whl"


def wheels(group: str, arch: str, folder: Path | None = None) -> list[Artifact]:
    """Return the locked wheels of a group: of its packages those that an architecture needs."""
    known_arch(arch)
    if group not in GROUPS:
        raise UsageError(f"no group {group!r} of Python packages; there are {', '.join(GROUPS)}")
    its = {name: table for name, table in locked(folder).items() if group in table.texts("groups")}
    found = [
        _artifact(name, table, table.table("wheels").table(arch))
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


def _artifact(name: str, table: Table, wheel: Table) -> Artifact:
    wheel.only("url", "size", "sha256")
    url = wheel.text("url", _WHEEL_URL, "the URL of a wheel")
    return Artifact(
        name=name,
        version=table.text("version"),
        filename=name_of(wheel, "url", url),
        licence=table.text("licence"),
        why=f"Python package of the group {', '.join(table.texts('groups'))}",
        sources=(Source(url, wheel.size("size"), wheel.digest("sha256")),),
    )
