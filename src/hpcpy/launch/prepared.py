"""What ``launch`` and ``batch`` begin with: NAME=value words, and a plan for here."""

from __future__ import annotations

import argparse
import os
import shutil

from hpcpy.errors import UnavailableError
from hpcpy.launch.machine import look_around
from hpcpy.launch.plan import make_plan
from hpcpy.launch.request import SETTINGS, Request, parse
from hpcpy.launch.site import find_site
from hpcpy.launch.words import Plan


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add the settings of a launch as arguments."""
    help_ = f"with NAME one of {', '.join(SETTINGS)} (docs/sites.md)"
    parser.add_argument("settings", nargs="*", metavar="NAME=value", help=help_)


def prepared(arguments: list[str], *, is_batch: bool = False) -> tuple[Request, Plan]:
    """Read the words and plan what they ask for.

    Parameters
    ----------
    arguments
        NAME=value words, `hpcpy.launch.request.SETTINGS`.
    is_batch
        For a script, which needs no Slurm here.

    Raises
    ------
    UnavailableError
        When it is to be run here and there is no Slurm.
    """
    request = parse(arguments)
    site = find_site(request.site)
    # Before an image is built for it.
    if not (is_batch or request.dry) and shutil.which("srun") is None:
        raise UnavailableError(
            "no srun on this machine",
            hint="`make cluster` starts a Slurm of two nodes here; DRY=1 prints the command",
        )
    machine = look_around(request, site, os.environ)
    return request, make_plan(request, site, machine, is_batch=is_batch)
