"""``packages.lock``: one wheel a package, for what `hpcpy test-packages` installs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from hpcpy import paths
from hpcpy.fetch.connection import Patience, Web
from hpcpy.fetch.many import THREADS
from hpcpy.files import scratch_dir
from hpcpy.lock.python import best_wheel, platform, with_size
from hpcpy.lock.uv import compile_lock, packages
from hpcpy.packages.pins import asked
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
    python = (int(major), int(minor))
    here = platform(python)
    with scratch_dir(paths.BUILD, "lock") as scratch:
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
    wheels = {name: best_wheel(name, package, python) for name, package in found.items()}
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
