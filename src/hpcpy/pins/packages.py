"""What is installed: ``packages.in`` and ``packages.lock`` in ``env``."""

from __future__ import annotations

from collections.abc import Iterable

from hpcpy.core import paths
from hpcpy.core.errors import UsageError
from hpcpy.pins.model import Artifact, Source
from hpcpy.pins.tables import name_of, read_table

# The architecture that the packages are tested on.
TESTED = "x86_64"


def requested() -> list[str]:
    """Return the names of ``packages.in``."""
    text = (paths.ENV / "packages.in").read_text(encoding="utf-8")
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


def wheels_for(names: Iterable[str]) -> list[Artifact]:
    """Return the wheels that some of ``packages.in`` want, with what they depend on."""
    top = read_table(paths.ENV / "packages.lock", hint="make it with `make lock`")
    top.only("packages")
    wanted, found = set(names), []
    for name, table in top.table("packages").tables():
        table.only("version", "for", "url", "size", "sha256")
        if wanted.isdisjoint(table.texts("for")):
            continue
        url = table.text("url", r"https?://[^\s?#]+/[^\s/?#]+\.whl")
        source = Source(url, table.size("size"), table.digest("sha256"))
        file = name_of(table, "url", url)
        why = f"wanted by {', '.join(table.texts('for'))}"
        found.append(Artifact(name, table.text("version"), file, "", why, (source,)))
    missing = wanted - {artifact.name for artifact in found}
    if missing:
        raise UsageError(
            f"packages.lock has no {', '.join(sorted(missing))}", hint="run `make lock`"
        )
    return found
