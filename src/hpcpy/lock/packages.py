"""``packages.lock``: one wheel a package, for what `hpcpy test-packages` installs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from hpcpy import paths
from hpcpy.errors import UnavailableError
from hpcpy.fetch.connection import Patience, Web
from hpcpy.fetch.many import THREADS
from hpcpy.files import scratch_dir
from hpcpy.lock import wheel_tags
from hpcpy.lock.python import GLIBC, LEADING_ARCH, wheel_sources, with_size
from hpcpy.lock.uv import compile_lock, packages
from hpcpy.packages.pins import asked
from hpcpy.pins.model import Source
from hpcpy.pins.sources import sources
from hpcpy.pins.wheels import locked

# What is in the image, and what other tests put on top of it.
_HELD = {"image", "own", "bake"}


def resolve() -> dict[str, object]:
    """Resolve them together, held to the versions that ``python.lock`` has.

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
    with scratch_dir(paths.BUILD, "lock") as scratch:
        here = (
            f"--python-version={major}.{minor}",
            f"--python-platform={LEADING_ARCH}-manylinux_{GLIBC[0]}_{GLIBC[1]}",
        )
        held = scratch / "constraints.txt"
        versions = {
            name: table.text("version")
            for name, table in locked().items()
            if _HELD & set(table.texts("groups"))
        }
        held.write_text(_pinned(versions))
        together = scratch / "pylock.toml"
        compile_lock(together, [paths.ENV / "packages.in"], *here, f"--constraint={held}")
        found = packages(together)
        versions |= {name: str(package["version"]) for name, package in found.items()}
        held.write_text(_pinned(versions))
        wanted_by: dict[str, list[str]] = {name: [] for name in found}
        for name in asked():
            alone, of_it = scratch / "pylock.alone.toml", scratch / "alone.in"
            of_it.write_text(f"{name}\n")
            # All is known by now: 71 times 1 s in place of 9.
            compile_lock(alone, [of_it], *here, f"--constraint={held}", "--offline")
            for package in packages(alone):
                wanted_by[package].append(name)
    python = (int(major), int(minor))
    wheels = {name: _source(name, package, python) for name, package in found.items()}
    web = Web(Patience())
    with ThreadPoolExecutor(THREADS) as pool:
        sized = pool.map(lambda wheel: with_size(web, wheel), wheels.values())
    return {
        "packages": {
            name: {
                "version": versions[name],
                "for": wanted_by[name],
                "url": source.url,
                "size": source.size,
                "sha256": source.sha256,
            }
            for name, source in sorted(zip(wheels, sized, strict=True))
        }
    }


def _pinned(versions: dict[str, str]) -> str:
    return "".join(f"{name}=={version}\n" for name, version in versions.items())


def _source(name: str, package: dict[str, object], python: tuple[int, int]) -> Source:
    there = wheel_sources(package)
    filename = wheel_tags.best(there, python, LEADING_ARCH, GLIBC)
    if filename is None:
        raise UnavailableError(f"{name} {package['version']} has no wheel for {LEADING_ARCH}")
    return there[filename]
