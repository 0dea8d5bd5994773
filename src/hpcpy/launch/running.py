"""Without a checkout: the image that a launch takes is the one that this runs in."""

from __future__ import annotations

import os
import sys
from dataclasses import replace

from hpcpy.core import paths
from hpcpy.core.errors import UsageError
from hpcpy.launch.checks import is_program
from hpcpy.launch.options import Request
from hpcpy.launch.plan import at_site
from hpcpy.launch.site import Site

# Where an image has its Python.
_PREFIX = "/opt/hpcpy/"


def running_image() -> tuple[str, str]:
    """Return the engine and the file of what this runs in: a SIF, or the one file; else empty."""
    file = os.path.realpath(sys.executable)
    if file.startswith(_PREFIX):
        # The one file may run in somebody's container, too.
        sif = os.environ.get("APPTAINER_CONTAINER", "")
        return ("apptainer", sif) if sif else ("", "")
    if not file.isprintable():
        raise UsageError(f"{file!r}: has characters that cannot be printed", hint="move it")
    return "standalone", file


def named_or_running(image: str) -> str:
    """Return an image's name, or without one the file that this runs in."""
    return image or ("" if paths.IS_CHECKOUT else running_image()[1])


def is_in_container() -> bool:
    """Tell whether this runs in an image: the host's Slurm, engines and files are elsewhere."""
    return not paths.IS_CHECKOUT and running_image()[0] != "standalone"


def completed(request: Request, site: Site) -> Request:
    """Return a request with the engine and image that a launch takes where it names none."""
    made = request if paths.IS_CHECKOUT else with_running(request, site)
    made = at_site(made, site)
    if made.engine == "apptainer" and is_program(made.image) and not request.engine:
        return replace(made, engine="standalone")
    return made


def with_running(request: Request, site: Site) -> Request:
    """Return a request with what this runs in, where neither it nor the site names an image."""
    asked = request.engine or site.engine
    if request.image or site.image or asked == "none":
        return request
    engine, file = running_image()
    # A site names its container engine; the one file needs none, unless the user gives one.
    if engine == asked or (engine == "standalone" and not request.engine):
        return replace(request, engine=engine, image=file)
    example = "/shared/hpcpy-python" if asked == "standalone" else "registry.example.org/…"
    raise UsageError(f"{asked} needs the image's name", hint=f"IMAGE={example}")
