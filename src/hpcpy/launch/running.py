"""What a launch takes: the site, and where a request names none the engine and the image."""

# A launch of a named image needs no part of engine, which reads every pin.
# ruff: noqa: PLC0415

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

from hpcpy.core import paths
from hpcpy.launch.checks import absolute, check_image, is_program
from hpcpy.launch.layers import find_site
from hpcpy.launch.options import Request
from hpcpy.launch.site import Site
from hpcpy_common.errors import UnavailableError, UsageError

# Where an image has its Python.
_PREFIX = "/opt/hpcpy/"


def running_image() -> tuple[str, str]:
    """Return the engine and the file of what this runs in: a SIF, or the one file; else empty."""
    if paths.IS_CHECKOUT or paths.IS_WHEEL:
        return "", ""
    file = os.path.realpath(sys.executable)
    if file.startswith(_PREFIX):
        # The one file may run in somebody's container, too.
        sif = os.environ.get("APPTAINER_CONTAINER", "")
        return ("apptainer", sif) if sif else ("", "")
    if not file.isprintable():
        raise UsageError(f"{file!r}: has characters that cannot be printed", hint="move it")
    return "standalone", file


def is_in_container() -> bool:
    """Tell whether this runs in an image: the host's Slurm, engines and files are elsewhere."""
    of_image = not (paths.IS_CHECKOUT or paths.IS_WHEEL)
    return of_image and running_image()[0] != "standalone"


def site_of(request: Request) -> Site:
    """Return the site that a request names, or that of this machine and of the image."""
    return find_site(request.site, request.image or running_image()[1])


def completed(request: Request, site: Site) -> Request:
    """Return a request with the site's engine and image, or what this runs in, where it has none.

    A checkout's own image stays unnamed, as does the Python of the engine ``none``.
    """
    engine, image = request.engine or site.engine, request.image or site.image
    if not (image or engine == "none" or paths.IS_CHECKOUT):
        running, image = running_image()
        # A site names its container engine; the one file needs none, unless the user gives one.
        if running != engine and (running != "standalone" or request.engine):
            files = {"apptainer": "/shared/hpcpy.sif", "standalone": "/shared/hpcpy-python"}
            hint = f"IMAGE={files.get(engine, 'registry.example.org/…')}, or `image` in a site file"
            raise UsageError(f"{engine} needs the image's name", hint=hint)
        engine = running
    elif engine == "apptainer" and not request.engine and is_program(image):
        engine = "standalone"
    return replace(request, engine=engine, image=image)


def own_image(request: Request) -> tuple[str, str]:
    """Return the target that makes this checkout's image for a request, and the image."""
    name = "hpcpy-cuda" if request.gpus else "hpcpy"
    if request.engine == "standalone":
        return "standalone", str(paths.BUILD / "hpcpy-python")
    if request.engine == "apptainer":
        return "cuda" if request.gpus else "sif", str(paths.BUILD / f"{name}.sif")
    return "", f"{name}:latest"


def engine_program(engine: str, site: Site, *, is_run: bool) -> str:
    """Return the engine's program: its name, or the path of the one that setup installs."""
    if site.modules or not paths.IS_CHECKOUT:
        return engine
    if engine == "apptainer":
        from hpcpy.engine.prefix import command, find_apptainer

        try:
            return str(find_apptainer())
        except UnavailableError:
            if is_run:
                raise
            return str(command())
    if engine == "podman":
        if is_run:
            from hpcpy.engine.podman import podman_command
            from hpcpy.engine.setup import require

            require("podman")
            podman_command()
        return str(paths.TOOLS / "bin/podman")
    return engine


def checked_image(asked: Request, site: Site, engine: str, running: str) -> str:
    """Return the image as the engine takes it, a file by its absolute path; or the checkout's."""
    image = asked.image or site.image or running
    if not image:
        if engine != "apptainer":
            hint = "IMAGE=registry.example.org/me/hpcpy:1"
            raise UsageError(f"{engine} takes a reference", hint=hint)
        if not paths.IS_CHECKOUT:
            raise UsageError("no image is named", hint="IMAGE=/shared/hpcpy.sif")
        image = str(paths.BUILD / "hpcpy.sif")
        if not Path(image).exists():
            raise UsageError(f"{image} is not there yet", hint="make sif, or name one: IMAGE=…")
    try:
        check_image(image, engine, is_staged=False, is_here=True)
    except UsageError as error:
        is_sites = not asked.image and site.image
        error.hint = f"{paths.CALLED} site prints which file names it" if is_sites else ""
        raise
    return absolute(image, engine)


def warn_of_engine(program: str, site: Site) -> None:
    """Say that Apptainer may be missing where users are, or goes with this checkout."""
    is_sites = bool(site.modules or site.setup) or is_in_container()
    # Only a remark: the nodes may have it, where this machine does not.
    if program == "apptainer" and not is_sites and not shutil.which(program):
        what = "no apptainer is on PATH here, and no site file names a module of it"
        print(f"  {what}: users may get 127 ({paths.CALLED} docs sites)", file=sys.stderr)
    if Path(program).is_relative_to(paths.TOOLS):
        print(
            f"  it needs {program}, and breaks when this checkout goes or moves: install Apptainer,"
            f" or name the site's module of it in a site file ({paths.CALLED} docs sites)",
            file=sys.stderr,
        )
