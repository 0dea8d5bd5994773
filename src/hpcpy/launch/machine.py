"""What a plan needs of this machine: the engine, the image, the job around it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hpcpy import paths
from hpcpy.build.command import have
from hpcpy.engine import apptainer
from hpcpy.engine.podman import podman_command
from hpcpy.engine.setup import ensure
from hpcpy.errors import UnavailableError, UsageError
from hpcpy.launch.controller import Controller, can_bind
from hpcpy.launch.image import absolute, given_image
from hpcpy.launch.own_image import own_name
from hpcpy.launch.plan import CurrentJob, Host, engine_of
from hpcpy.launch.request import Request
from hpcpy.launch.site import Site

# Step IDs from here on are of Slurm's own steps (batch, interactive), which hold no processors.
_FIRST_OF_SLURM = 0xFFFF_FFF0


def look_around(request: Request, site: Site, controller: Controller, *, is_provided: bool) -> Host:
    """Find the engine, the image and the job around this, as a plan needs them.

    Parameters
    ----------
    request, site
        What is asked for, and where.
    controller
        The Slurm to ask.
    is_provided
        Whether to install the engine and build the image if they are missing and this
        checkout's; otherwise they are only named.

    Raises
    ------
    UsageError
        When GPUs are asked of an image without CUDA, or the working directory
        is gone.
    """
    engine = engine_of(request, site)
    try:
        folder = Path.cwd()
    except OSError as error:
        raise UsageError("the working directory is gone", hint="cd to one that is there") from error
    return Host(
        folder=str(folder),
        program=engine_program(engine, site, is_provided=is_provided),
        image=_image(request, site, engine, is_provided=is_provided),
        job=job_around(controller.environment),
        can_bind=can_bind(controller),
        is_checked=controller.environment.get("HPCPY_PREFLIGHT") != "off",
        slurm=controller.said,
        surroundings=controller.lines,
    )


def job_around(environment: Mapping[str, str]) -> CurrentJob | None:
    """Return the job that these variables describe."""
    if "SLURM_JOB_ID" not in environment:
        return None
    nodes = environment.get("SLURM_JOB_NUM_NODES", "")
    step = environment.get("SLURM_STEP_ID", "")
    return CurrentJob(
        nodes=int(nodes) if nodes.isdigit() else 1,
        is_in_step=step.isdigit() and int(step) < _FIRST_OF_SLURM,
    )


def engine_program(engine: str, site: Site, *, is_provided: bool) -> str:
    """Return the engine's program: its name, or the path of the one that setup installs."""
    if site.modules:
        return engine
    if engine == "apptainer":
        return str(ensure("apptainer").apptainer if is_provided else _apptainer())
    if engine == "podman":
        if is_provided:
            podman_command()
        return str(paths.TOOLS / "bin/podman")
    return engine


def _apptainer() -> Path:
    try:
        return apptainer.find()
    except UnavailableError:
        return paths.TOOLS / "bin/apptainer"


def _image(request: Request, site: Site, engine: str, *, is_provided: bool) -> str:
    """Return the image's file or reference; for ``none`` the interpreter."""
    given = given_image(request, site)
    if engine == "none":
        return given or "python3"
    if given:
        return absolute(given, engine)
    name = own_name(request)
    if engine != "apptainer":
        return f"{name}:latest"
    return str(have("sif", name)[0] if is_provided else paths.BUILD / f"{name}.sif")
