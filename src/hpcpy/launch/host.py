"""The facts of this host that a plan needs: the engine, the image, the Slurm."""

# A launch of an image that is there needs no part of build or engine, which read every pin.
# ruff: noqa: PLC0415

from __future__ import annotations

from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.errors import UnavailableError, UsageError
from hpcpy.launch.checks import absolute, image_of
from hpcpy.launch.controller import Controller
from hpcpy.launch.options import Request
from hpcpy.launch.plan import CurrentJob, HostFacts, engine_of
from hpcpy.launch.site import Site

_GPU_IMAGE = "hpcpy-cuda"


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
        return str(_apptainer(is_provided=is_provided))
    if engine == "podman":
        if is_provided:
            from hpcpy.engine.podman import podman_command

            podman_command()
        return str(paths.TOOLS / "bin/podman")
    return engine


def _apptainer(*, is_provided: bool) -> Path:
    if is_provided:
        from hpcpy.engine.setup import ensure

        return ensure("apptainer").apptainer
    from hpcpy.engine.prefix import find_apptainer

    try:
        return find_apptainer()
    except UnavailableError:
        return paths.TOOLS / "bin/apptainer"


def _image(request: Request, site: Site, engine: str, *, is_provided: bool) -> str:
    """Return the image's file or reference; for ``none`` the interpreter."""
    given = image_of(request, site)
    if engine == "none":
        return given or "python3"
    if given:
        return absolute(given, engine)
    kind, name = own_image(request, engine)
    if kind == "oci":
        return f"{name}:latest"
    if not is_provided:
        return str(paths.BUILD / ("hpcpy-python" if kind == "standalone" else f"{name}.sif"))
    from hpcpy.build.command import ensure_image

    return str(ensure_image(kind, name)[0])


def own_image(request: Request, engine: str) -> tuple[str, str]:
    """Return the kind and the name of the checkout's own image for a request."""
    if engine == "standalone":
        return "standalone", "hpcpy-core"
    return "sif" if engine == "apptainer" else "oci", _GPU_IMAGE if request.gpus else "hpcpy"


def what_to_make(kind: str, name: str) -> str:
    """Return why the checkout's file cannot be taken as it is, and the remedy; empty if it can."""
    from hpcpy.build.command import IS_CURRENT, PLACES
    from hpcpy.build.plan import make_plan

    plan = make_plan()
    image = plan.graph.image(name)
    if not PLACES[kind](image).exists():
        why_not = "is not there yet"
    elif not IS_CURRENT[kind](plan, image):
        why_not = "is not made of the present sources"
    else:
        return ""
    # The target installs the engine, too.
    return f"{why_not}; before you submit: make {'cuda' if name == _GPU_IMAGE else kind}"
