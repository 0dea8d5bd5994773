"""Without a checkout: the image that a launch takes is the one that this runs in."""

from __future__ import annotations

import os
import sys
from dataclasses import replace

from hpcpy.core import paths
from hpcpy.core.errors import UsageError
from hpcpy.launch.options import Request
from hpcpy.launch.site import Site

# Where an image has its Python.
_PREFIX = "/opt/hpcpy/"


def running_image() -> tuple[str, str]:
    """Return the engine and the file of what this runs in: a SIF, or the one file; else empty."""
    if sif := os.environ.get("APPTAINER_CONTAINER", ""):
        return "apptainer", sif
    file = os.path.realpath(sys.executable)
    return ("", "") if file.startswith(_PREFIX) else ("standalone", file)


def is_in_container() -> bool:
    """Tell whether this runs in an image: the host's Slurm, engines and files are elsewhere."""
    return not paths.IS_CHECKOUT and running_image()[0] != "standalone"


def with_running(request: Request, site: Site) -> Request:
    """Return a request with what this runs in, where neither it nor the site names an image.

    Raises
    ------
    UsageError
        The engine needs an image's name, and this is none of its images.
    """
    asked = request.engine or site.engine
    if request.image or site.image or asked == "none":
        return request
    engine, file = running_image()
    # A site names its container engine; the one file needs none.
    if file and (engine == asked or (engine == "standalone" and not request.engine)):
        return replace(request, engine=engine, image=file)
    example = "/shared/hpcpy-python" if asked == "standalone" else "registry.example.org/…"
    raise UsageError(f"{asked} needs the image's name", hint=f"IMAGE={example}")
