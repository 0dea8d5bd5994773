"""What lies in site-packages: the image's own distributions and all others."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from importlib.metadata import Distribution, distributions
from pathlib import Path

from _hpcpy_importer import finder

# The image's packages that extension modules of others are compiled against.
_WITH_ABI = ("numpy", "mpi4py", "h5py")


def canonical(name: str) -> str:
    """Return a distribution's normalised name (PEP 503), without dashes at its ends."""
    return re.sub("[-_.]+", "-", name).strip("-").lower()


def own_versions() -> dict[str, str]:
    """Return the versions of the image's own distributions, by normalised name."""
    packages = finder().bundle.about["packages"]
    return {canonical(name): str(package["version"]) for name, package in packages.items()}


def others(site: Path) -> dict[str, Distribution]:
    """Return the distributions in a folder that are not the image's own, by name."""
    own = own_versions()
    by_name: dict[str, Distribution] = {}
    for distribution in distributions(path=[str(site)]):
        if distribution.name:  # An installation that was cut short may have none.
            by_name.setdefault(canonical(distribution.name), distribution)
    return {name: by_name[name] for name in sorted(by_name) if name not in own}


def files(distribution: Distribution) -> list[str]:
    """Return what a distribution has in site-packages.

    A RECORD may leave itself out: pyspark's did, and was found by no name.
    """
    names = [os.path.normpath(file) for file in distribution.files or ()]
    inside = [name for name in names if not name.startswith(("/", ".."))]
    return sorted({*inside, *(f"{home}/RECORD" for home in folders(inside))})


def folders(names: Iterable[str]) -> list[str]:
    """Return the dist-info folder among a distribution's files, at most one."""
    ends = (os.path.split(name) for name in names)
    return [home for home, name in ends if name == "METADATA" and home.endswith(".dist-info")]


def in_the_image(site: Path) -> list[str]:
    """Return the modules of other distributions that lie in packages of the image's.

    Such a package is complete in memory: they are never found.
    """
    bundle = finder().bundle

    def is_there(name: str) -> bool:
        path = f"{site}/{name}"
        try:
            folder = bundle.folder(os.path.dirname(path))
        except ImportError:
            return False
        return bool(folder.entries) and (not folder.is_open or bundle.has_source(path))

    names = (name for distribution in others(site).values() for name in files(distribution))
    return [name for name in names if name.endswith((".py", ".so")) and is_there(name)]


def untouched(prefix: str) -> set[str]:
    """Return the image's own files below a prefix: all have one time, unless they were changed."""
    paths = (os.path.join(home, name) for home, _, names in os.walk(prefix) for name in names)
    epoch = finder().bundle.epoch
    return {path for path in paths if int(os.lstat(path).st_mtime) == epoch}


def top_level(distribution: Distribution) -> list[str]:
    """Return the top-level names that can be imported from a distribution, sorted."""
    return _importable(files(distribution))


def modules(site: Path) -> list[str]:
    """Return the top-level names of all modules in a folder that are not the image's own."""
    names = (name for distribution in others(site).values() for name in files(distribution))
    return _importable(name for name in names if name.endswith((".py", ".so")))


def _importable(names: Iterable[str]) -> list[str]:
    ends = (name.partition("/") for name in names)
    # A folder's whole name counts: the libraries of a wheel lie in NAME.libs.
    tops = {top if slash else top.partition(".")[0] for top, slash, _ in ends}
    return sorted(top for top in tops if top.isidentifier())


def unimportable(site: Path) -> list[str]:
    """Return the distributions that name modules, or add to the path, and have no such module."""

    def is_absent(distribution: Distribution) -> bool:
        names, has = files(distribution), top_level(distribution)
        if names and (named := (distribution.read_text("top_level.txt") or "").split()):
            return not {name.partition("/")[0] for name in named}.intersection(has)
        modules = [name for name in names if name.endswith((".py", ".so"))]
        return not modules and any(name.endswith(".pth") for name in names)

    return [name for name, distribution in others(site).items() if is_absent(distribution)]


def without_owner(site: Path) -> list[str]:
    """Return the names that can be imported from a folder, and that no distribution has."""
    present = distributions(path=[str(site)])
    tops = {top for distribution in present for top in top_level(distribution)}
    tops.update(finder().bundle.roots[-1].entries)
    entries = [f"{entry.name}/" if entry.is_dir() else entry.name for entry in os.scandir(site)]
    names = _importable(name for name in entries if name.endswith(("/", ".py", ".so")))
    return [name for name in names if name not in tops and name != "__pycache__"]


def built_on(packages: Iterable[Distribution]) -> dict[str, str]:
    """Return the versions of the image's packages on whose ABI other packages rely.

    A wheel does not say what its modules were compiled against, so all requirements of a
    wheel with extension modules count.
    """
    own = own_versions()
    needed = {
        canonical(name[0])
        for distribution in packages
        if any(file.endswith(".so") for file in files(distribution))
        for line in distribution.requires or ()
        if "extra ==" not in line and (name := re.match(r"[\w.-]+", line))
    }
    return {name: own[name] for name in _WITH_ABI if name in needed and name in own}
