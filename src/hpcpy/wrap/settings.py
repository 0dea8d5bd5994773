"""NAME=value words of ``modulefile`` and ``kernelspec``, checked."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from hpcpy import paths
from hpcpy.engine import apptainer
from hpcpy.errors import UnavailableError, UsageError
from hpcpy.launch.image import absolute, check_image
from hpcpy.launch.request import meant
from hpcpy.launch.site import Site

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*", re.ASCII)


def target(given: Mapping[str, str], default: Path) -> Path:
    """Return the folder that ``TO`` names.

    Raises
    ------
    UsageError
        When it is none, or standard output.
    """
    try:
        return paths.folder(given.get("TO", str(default))).absolute()
    except argparse.ArgumentTypeError as error:
        raise UsageError(f"TO={error}") from error


def parse(words: Sequence[str], known: Collection[str]) -> dict[str, str]:
    """Return the values by name; an empty value is as good as none.

    Raises
    ------
    UsageError
        For an unknown name, or a value of more than one line.

    Examples
    --------
    >>> parse(["SITE=biowulf", "TO="], ("SITE", "TO"))
    {'SITE': 'biowulf'}
    """
    given = {}
    for word in words:
        name, equals, value = word.partition("=")
        if name not in known:
            raise UsageError(f"unknown setting {name!r}", hint=meant(name, known))
        if not equals:
            raise UsageError(f"the setting {name} has no value", hint=f"give one: {name}=…")
        if not value.isprintable():
            raise UsageError(f"{name}={value!r} holds a character that cannot be printed")
        if value.strip():
            given[name] = value.strip()
    return given


def file_name(given: Mapping[str, str], setting: str, default: str) -> str:
    """Return a setting that becomes the name of a file.

    Raises
    ------
    UsageError
        When it has other characters than letters, digits and ``_ . + -``.
    """
    value = given.get(setting, default)
    if not _NAME.fullmatch(value):
        raise UsageError(
            f"{setting}={value} cannot name a file", hint="use letters, digits and _ . + -"
        )
    return value


def checked_image(given: Mapping[str, str], site: Site, engine: str) -> str:
    """Return the image as the engine takes it: a file by its absolute path.

    Raises
    ------
    UsageError
        When the engine cannot take it, or nothing names one.
    """
    image = given.get("IMAGE", site.image)
    if not image:
        if engine != "apptainer":
            raise UsageError(
                f"{engine} takes a reference", hint="IMAGE=registry.example.org/me/hpcpy:1"
            )
        image = str(paths.BUILD / "hpcpy.sif")
        if not Path(image).exists():
            raise UsageError(f"{image} is not there yet", hint="make sif, or name one: IMAGE=…")
    check_image(image, engine, is_staged=False, is_here=True)
    return absolute(image, engine)


def apptainer_program(site: Site) -> str:
    """Return the command of Apptainer: by name where a module of the site brings it.

    Raises
    ------
    UnavailableError
        When there is none here, and the site names no module.
    """
    if site.modules:
        return "apptainer"
    try:
        return str(apptainer.find())
    except UnavailableError as error:
        error.hint = "make setup, or name the site's module of it in a site file (docs/sites.md)"
        raise


def warn_of_checkout(program: str) -> None:
    """Say that what was written works as long as the checkout, if its Apptainer is named."""
    if Path(program).is_relative_to(paths.TOOLS):
        print(
            f"  it needs {program}, and breaks when this checkout goes or moves: install"
            " Apptainer, or name the site's module of it in a site file (docs/sites.md)",
            file=sys.stderr,
        )
