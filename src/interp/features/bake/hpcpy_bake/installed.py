"""What lies in site-packages: the image's own distributions and all others."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from importlib.metadata import Distribution, distributions
from pathlib import Path

from _hpcpy_importer import finder

# The image's packages that extension modules of others are compiled against.
_WITH_ABI = ("numpy", "mpi4py", "h5py")


def canonical_name(name: str) -> str:
    """Return a distribution's normalised name (PEP 503), without dashes at its ends."""
    return re.sub("[-_.]+", "-", name).strip("-").lower()


def own_versions() -> dict[str, str]:
    """Return the versions of the image's own distributions, by normalised name."""
    packages = finder().bundle.about["packages"]
    return {canonical_name(name): str(package["version"]) for name, package in packages.items()}


def others(site: Path) -> dict[str, Distribution]:
    """Return the distributions in a folder that are not the image's own, by name."""
    own = own_versions()
    found = {canonical_name(one.name): one for one in distributions(path=[str(site)])}
    return {name: found[name] for name in sorted(found) if name not in own}


def files(found: Distribution) -> list[str]:
    """Return what a distribution has put below the prefix, relative to site-packages."""
    site = Path(str(found.locate_file("")))
    return below(Path(sys.prefix), site, map(str, found.files or ()))


def below(prefix: Path, site: Path, names: Iterable[str]) -> list[str]:
    """Return those of a RECORD's names that are of files below the prefix, without detours.

    It may name any file of the machine: by dots, from the root, through a link to a folder.
    """
    top = os.path.realpath(prefix)
    paths = [Path(os.path.normpath(site / name)) for name in names]
    own = [path for path in paths if Path(os.path.realpath(path.parent)).is_relative_to(top)]
    return [os.path.relpath(path, site) for path in own]


def alone(site: Path, names: Iterable[str], rest: Iterable[Distribution]) -> list[str]:
    """Return those of some files that neither the image nor another distribution has.

    All of the image has the image's own time, which a bake gives to nothing.
    """
    shared = {
        _real(site / name) for one in rest for name in (*files(one), f"{folder_name(one)}/RECORD")
    }
    there = [name for name in names if os.path.lexists(site / name)]
    epoch = finder().bundle.epoch
    return [
        name
        for name in there
        if int((site / name).lstat().st_mtime) != epoch and _real(site / name) not in shared
    ]


def _real(path: Path) -> str:
    return os.path.join(os.path.realpath(path.parent), path.name)


def folder_name(found: Distribution) -> str:
    """Return the name of a distribution's dist-info folder."""
    for folder, name in map(os.path.split, files(found)):
        if name == "METADATA" and folder.endswith(".dist-info"):
            return folder
    return ""


def top_level(found: Distribution) -> Iterable[str]:
    """Return the top-level names that can be imported from a distribution, sorted."""
    tops = {Path(file).parts[0].partition(".")[0] for file in files(found) if file[:2] != ".."}
    return sorted(top for top in tops if top.isidentifier())


def without_owner(site: Path) -> list[str]:
    """Return the names that can be imported from a folder, and that no distribution has."""
    tops = {top for one in distributions(path=[str(site)]) for top in top_level(one)}
    tops.update(finder().bundle.roots[-1].entries)
    names = {
        entry.name.partition(".")[0]
        for entry in os.scandir(site)
        if entry.is_dir() or entry.name.endswith((".py", ".so"))
    }
    return sorted(name for name in names - tops - {"__pycache__"} if name.isidentifier())


def built_on(found: Iterable[Distribution]) -> dict[str, str]:
    """Return the versions of the image's packages on whose ABI other packages rely.

    A wheel does not say what its modules were compiled against, so all requirements of a
    wheel with extension modules count.
    """
    own = own_versions()
    needed = {
        canonical_name(name[0])
        for one in found
        if any(file.endswith(".so") for file in files(one))
        for line in one.requires or ()
        if "extra ==" not in line and (name := re.match(r"[\w.-]+", line))
    }
    return {name: own[name] for name in _WITH_ABI if name in needed and name in own}
