"""``packages.lock``: one wheel a package, for what `make test-packages` installs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from hpcpy import paths
from hpcpy.fetch.connection import Patience, Web
from hpcpy.fetch.many import THREADS
from hpcpy.lock.python import best_wheel, pinned, platform, with_size
from hpcpy.lock.uv import compile_lock, packages
from hpcpy.pins.packages import asked
from hpcpy.pins.sources import sources
from hpcpy.pins.wheels import locked
from hpcpy.scratch import build_scratch

# What is in the image, and what other tests put on top of it.
_HELD = {"image", "own", "bake"}


def resolve(old: Mapping[str, Any] | None = None, only: Collection[str] = ()) -> dict[str, object]:
    """Resolve the packages of ``packages.in``, held to the versions of ``python.lock``.

    Parameters
    ----------
    old, only
        As for `hpcpy.lock.python.resolve`.

    Returns
    -------
    dict
        The contents of ``packages.lock``: of each package also which of
        ``packages.in`` want it.

    Raises
    ------
    UnavailableError
        When there is no solution, or an index cannot be reached.
    """
    major, minor, *_ = sources()["python"].version.split(".")
    python = (int(major), int(minor))
    here = platform(python)
    kept = {name: table for name, table in (old or {}).items() if only and name not in only}
    with build_scratch("lock") as scratch:
        held = scratch / "constraints.txt"
        versions = {
            name: table.text("version")
            for name, table in locked().items()
            if _HELD & set(table.texts("groups"))
        }
        versions |= {name: table["version"] for name, table in kept.items()}
        held.write_text(pinned(versions))
        together = scratch / "pylock.toml"
        compile_lock(together, [paths.ENV / "packages.in"], *here, f"--constraint={held}")
        found = packages(together)
        versions |= {name: str(package["version"]) for name, package in found.items()}
        held.write_text(pinned(versions))
        # Names that nothing moves for keep what they have wanted.
        moving = {name for one in only for name in (old or {}).get(one, {}).get("for", ())}
        of_each = {
            name: {package for package, table in kept.items() if name in table["for"]}
            for name in asked()
            if name not in moving
        }
        for name in asked():
            if not of_each.get(name):
                alone, of_it = scratch / "pylock.alone.toml", scratch / "alone.in"
                of_it.write_text(f"{name}\n")
                # uv's cache has all by now: 1 s for each of the 71 names, else 9 s.
                compile_lock(alone, [of_it], *here, f"--constraint={held}", "--offline")
                of_each[name] = set(packages(alone))
        wanted_by = {
            package: [name for name in asked() if package in of_each[name]] for package in found
        }
    tables: dict[str, Any] = {
        name: dict(kept[name]) | {"for": wanted_by[name]} for name in found if name in kept
    }
    wheels = {
        name: best_wheel(name, package, python)
        for name, package in found.items()
        if name not in tables
    }
    web = Web(Patience())
    with ThreadPoolExecutor(THREADS) as pool:
        sized = pool.map(lambda wheel: with_size(web, wheel), wheels.values())
    for name, source in zip(wheels, sized, strict=True):
        tables[name] = {
            "version": versions[name],
            "for": wanted_by[name],
            "url": source.url,
            "size": source.size,
            "sha256": source.sha256,
        }
    return {"packages": {name: tables[name] for name in sorted(tables)}}
