"""Map conda's package names to PyPI's (``env/conda.toml``)."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection
from dataclasses import dataclass
from fnmatch import fnmatchcase

from hpcpy.adopt.requirement import Requirement, canonical
from hpcpy.core import paths
from hpcpy.pins import packages as pins
from hpcpy.pins.tables import read_table

# Names of builds: py39h1234567_0, pyhd8ed1ab_0, mpi_mpich_py311h…_0, py_0.
_OF_PYTHON = re.compile(r"(?:^|_|cuda\d+)py(?:hd?[0-9a-f]|\d|_)")
UNCHECKED = "its name was taken as it is: see that PyPI's project is the one you mean"


@dataclass(frozen=True)
class Known:
    """What is known of a name."""

    name: str = ""  # PyPI's; empty where there is none
    extras: str = ""  # The extras to ask for with it, as ``[complete]``
    note: str = ""  # What a person has to know
    is_needed: bool = True  # For what PyPI lacks: whether something is lost without it


@dataclass(frozen=True)
class _Group:
    what: str
    names: tuple[str, ...]
    instead: str
    is_needed: bool


@functools.cache
def _table() -> tuple[dict[str, str], frozenset[str], tuple[_Group, ...]]:
    top = read_table(paths.ENV / "conda.toml")
    top.only("renamed", "same", "absent")
    renamed = top.table("renamed")
    groups = []
    for _, table in top.table("absent").tables():
        table.only("what", "names", "instead", "needed")
        is_needed = table.flag("needed") if "needed" in table.values else True
        names = table.texts("names")
        groups.append(_Group(table.text("what"), names, table.text("instead"), is_needed))
    same = {canonical(name) for name in (*top.table("same").texts("names"), *pins.requested())}
    return (
        {canonical(name): renamed.text(name) for name in renamed.values},
        frozenset(same),
        tuple(groups),
    )


def known(asked: Requirement, in_image: Collection[str]) -> Known:
    """Return what PyPI has for what was asked of conda or pip."""
    if asked.is_pypi:
        return Known(asked.name, asked.extras)
    renamed, same, groups = _table()
    name = canonical(asked.name)
    if name in renamed:
        pypi, bracket, extras = renamed[name].partition("[")
        return Known(pypi, bracket + extras)
    if name in same:
        return Known(asked.name)
    for group in groups:
        if any(fnmatchcase(asked.name, pattern) for pattern in group.names):
            return Known(note=f"{group.what}: {group.instead}", is_needed=group.is_needed)
    return _unknown(asked, is_in_image=name in in_image)


def _unknown(asked: Requirement, *, is_in_image: bool) -> Known:
    if asked.build and not is_in_image and not _OF_PYTHON.search(asked.build):
        what = f"conda's build {asked.build} is not a Python package"
        return Known(note=f"{what}; install it in an image on top, if your program starts it")
    return Known(asked.name, note="" if is_in_image else UNCHECKED)
