"""``make setup``: find the engines and tools, or provide them."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.checkout_lock import checkout_lock
from hpcpy.core.errors import UnavailableError
from hpcpy.engine import machine, packages, prefix
from hpcpy.engine.tools import Found, Tool, all_groups, all_on_path, needed, program_version

DEFAULT_GROUPS = ("build", "apptainer")


@dataclass(frozen=True)
class Engine:
    """The programs of the groups that were asked for, by name."""

    found: Mapping[str, Found]

    def path(self, program: str) -> Path:
        """Return the path of a program."""
        return self.found[program].path

    @property
    def apptainer(self) -> Path:
        """Apptainer, of the group ``apptainer``."""
        return self.path("apptainer")

    @property
    def mmdebstrap(self) -> Path:
        """mmdebstrap, of the group ``build``."""
        return self.path("mmdebstrap")


def ensure(*groups: str) -> Engine:
    """Find the tools of some groups, and provide those that are missing."""
    tools = needed(groups)
    found = look_up(tools)
    _refuse_blanks(tools, found)
    missing = [tool for tool in tools if tool.program not in found]
    if not missing:
        return Engine(found)
    _refuse_readers(missing)
    with checkout_lock():
        if to_install := [tool for tool in missing if tool.provided == "apt"]:
            packages.install(to_install)
        for tool in missing:
            if tool.provided == "prefix":
                prefix.provide()
    found = look_up(tools)
    if short := [tool for tool in tools if tool.program not in found]:
        raise packages.missing_message(short, "this system's packages of them are older")
    return Engine(found)


def _refuse_readers(missing: Sequence[Tool]) -> None:
    # What is missing is made below build/: others would be told of its lock.
    there = next(path for path in (paths.BUILD, *paths.BUILD.parents) if path.exists())
    if os.access(there, os.W_OK):
        return
    names = ", ".join(tool.program for tool in missing)
    place = prefix.made_for() if any(tool.provided == "prefix" for tool in missing) else ""
    of_another = f"; that of build/tools was made for {place}" if place else ""
    raise UnavailableError(
        f"{names}: not here{of_another}, and you cannot write to {there}",
        hint="its owner types make setup, or put one on PATH",
    )


def _refuse_blanks(tools: Sequence[Tool], found: Mapping[str, Found]) -> None:
    # Without root, Apptainer mounts by FUSE below its own folder, and waits until the path
    # is listed as mounted.  The kernel escapes blanks there, so it fails or waits for ever.
    if os.geteuid() == 0 or not any(tool.program == "apptainer" for tool in tools):
        return
    present = found.get("apptainer")
    if present is None or present.path.is_relative_to(paths.TOOLS):
        what = "Apptainer below the checkout, started by an ordinary user,"
        paths.refuse_blanks(what, paths.TOOLS)


def look_up(tools: Sequence[Tool]) -> dict[str, Found]:
    """Return the usable tools: PATH first, then ``build/tools/bin``."""
    found = {name: one for name, one in all_on_path(tools).items() if one.usable}
    for tool in tools:
        path = paths.TOOLS / "bin" / tool.program
        if tool.program in found or tool.provided == "apt" or not path.exists():
            continue
        if not prefix.is_ready():
            continue
        version = program_version(path, tool.version_argument)
        one = Found(tool, path, version, "build/tools")
        if one.usable:
            found[tool.program] = one
    return found


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    default = f"(default: {' '.join(DEFAULT_GROUPS)})"
    help_ = f"of: {', '.join(all_groups())} {default}"
    parser.add_argument("groups", nargs="*", metavar="TOOLS", help=help_)


def main(options: argparse.Namespace) -> int:
    """Provide the tools of some groups and print what there is."""
    groups = tuple(options.groups) or DEFAULT_GROUPS
    problem: UnavailableError | None = None
    try:
        ensure(*groups)
    except UnavailableError as error:
        problem = error
    found = look_up(needed(all_groups()))
    print(machine.as_table(found, groups))
    if problem:
        raise problem
    return 0
