"""The facts of this host that a plan needs: the engine, the image, the Slurm."""

from __future__ import annotations

import contextlib
from pathlib import Path

from hpcpy.build.command import ensure_image
from hpcpy.build.current import definition_path, is_current_sif, sif_path
from hpcpy.build.graph import the_graph
from hpcpy.build.plan import make_plan
from hpcpy.build.sif_header import identity_of, recorded_identity
from hpcpy.core import paths
from hpcpy.core.errors import IntegrityError, UnavailableError, UsageError
from hpcpy.engine import prefix
from hpcpy.engine.podman import podman_command
from hpcpy.engine.setup import ensure
from hpcpy.launch.checks import absolute, image_of
from hpcpy.launch.controller import Controller
from hpcpy.launch.options import Request
from hpcpy.launch.plan import CurrentJob, HostFacts, engine_of
from hpcpy.launch.site import Site

GPU_IMAGE = "hpcpy-cuda"


def inspect_host(
    request: Request,
    site: Site,
    controller: Controller,
    job: CurrentJob | None,
    *,
    is_provided: bool,
) -> HostFacts:
    """Find the engine, the image and what this Slurm can do."""
    engine = engine_of(request, site)
    try:
        folder = Path.cwd()
    except OSError as error:
        raise UsageError("the working directory is gone", hint="cd to one that is there") from error
    return HostFacts(
        folder=str(folder),
        program=engine_program(engine, site, is_provided=is_provided),
        image=_image(request, site, engine, is_provided=is_provided),
        job=job,
        is_checked=controller.environment.get("HPCPY_PREFLIGHT") != "off",
        can_bind=controller.can_bind(),
        slurm=controller.name,
        surroundings=controller.lines,
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
        return prefix.find_apptainer()
    except UnavailableError:
        return paths.TOOLS / "bin/apptainer"


def _image(request: Request, site: Site, engine: str, *, is_provided: bool) -> str:
    """Return the image's file or reference; for ``none`` the interpreter."""
    given = image_of(request, site)
    if engine == "none":
        return given or "python3"
    if given:
        return absolute(given, engine)
    name = own_image(request)
    if engine != "apptainer":
        return f"{name}:latest"
    return str(ensure_image("sif", name)[0] if is_provided else paths.BUILD / f"{name}.sif")


def own_image(request: Request) -> str:
    """Return the name of this checkout's image for a request."""
    name = GPU_IMAGE if request.gpus else "hpcpy"
    if name not in the_graph().images:
        raise UsageError(
            f"GPUS={request.gpus}: the image hpcpy has no CUDA",
            hint="name one that has: IMAGE=…",
        )
    return name


def has_these_workloads(given: str, engine: str) -> bool:
    """Return whether it is certain that the image has this checkout's workloads.

    A SIF's header records what the SIF was made of, so a copy of it is known, too.
    """
    if engine != "apptainer" or not given:
        return engine == "apptainer"
    path = Path(given)
    with contextlib.suppress(OSError, IntegrityError):
        if not path.is_file():
            return False
        recorded = recorded_identity(path)
        plan = make_plan()
        images = [image for image in plan.graph.images.values() if definition_path(image).exists()]
        return recorded in [identity_of(plan.image_key(image)) for image in images]
    return False


def why_not_ready(name: str) -> str:
    """Return why this checkout's SIF cannot be taken as it is; empty if it can."""
    plan = make_plan()
    image = plan.graph.image(name)
    if not sif_path(image).exists():
        return "is not there yet"
    return "" if is_current_sif(plan, image) else "is not made of the present sources"
