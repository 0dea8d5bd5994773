"""What a plan has to know of here: the engine, the image, the job around it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from hpcpy import paths
from hpcpy.build.command import have
from hpcpy.build.graph import the_graph
from hpcpy.engine.podman import podman_command
from hpcpy.engine.setup import ensure
from hpcpy.errors import UsageError
from hpcpy.launch.plan import Job, Machine, engine_of
from hpcpy.launch.request import Request
from hpcpy.launch.site import Site

_OF_GPUS = "hpcpy-cuda"
# From here on the steps are Slurm's own (batch, interactive): they hold no processors.
_FIRST_OF_SLURM = 0xFFFF_FFF0
_ANSWER_SECONDS = 10.0


def look_around(request: Request, site: Site, environment: Mapping[str, str]) -> Machine:
    """Find engine and image, provided first where they are ours to provide.

    With ``DRY=1`` nothing is provided, only named.

    Raises
    ------
    UsageError
        When a file is not there, or GPUs are asked of an image without CUDA.
    """
    engine = engine_of(request, site)
    return Machine(
        folder=str(Path.cwd()),
        program=_program(engine, site, is_dry=request.dry),
        image=_image(request, site, engine),
        job=job_around(environment),
        can_bind=can_bind(environment),
        is_checked=environment.get("HPCPY_PREFLIGHT") != "off",
    )


def job_around(environment: Mapping[str, str]) -> Job | None:
    """Return the job that these variables tell of."""
    if "SLURM_JOB_ID" not in environment:
        return None
    nodes = environment.get("SLURM_JOB_NUM_NODES", "")
    step = environment.get("SLURM_STEP_ID", "")
    return Job(
        nodes=int(nodes) if nodes.isdigit() else 1,
        is_in_step=step.isdigit() and int(step) < _FIRST_OF_SLURM,
    )


def can_bind(environment: Mapping[str, str]) -> bool:
    """Return whether this Slurm binds; where it does not, srun says so on stderr.

    Without an answer it is taken to be as most are.
    """
    try:
        told = subprocess.run(
            ["scontrol", "show", "config"],
            env=dict(environment),
            capture_output=True,
            text=True,
            timeout=_ANSWER_SECONDS,
            check=False,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return True
    return not re.search(r"^TaskPlugin\s*=\s*(\(null\)|task/none)?\s*$", told, re.M)


def _program(engine: str, site: Site, *, is_dry: bool) -> str:
    """Return the engine's program: the one of the site's modules, or setup's."""
    if site.modules:
        return engine
    if engine == "apptainer":
        return str(paths.TOOLS / "bin/apptainer" if is_dry else ensure("apptainer").apptainer)
    if engine == "podman":
        if not is_dry:
            podman_command()
        return str(paths.TOOLS / "bin/podman")
    return engine


def _image(request: Request, site: Site, engine: str) -> str:
    """Return the image's file or reference; for ``none`` the interpreter."""
    given = request.image or site.image
    if engine == "none":
        return given or "python3"
    if given:
        if engine == "apptainer" and "://" not in given and not Path(given).is_file():
            raise UsageError(f"IMAGE={given}: no such file")
        return (
            str(Path(given).absolute()) if engine == "apptainer" and "://" not in given else given
        )
    name = _OF_GPUS if request.gpus else "hpcpy"
    if name not in the_graph().images:
        raise UsageError(
            f"GPUS={request.gpus}: the image hpcpy has no CUDA",
            hint="name one that has: IMAGE=…",
        )
    if engine != "apptainer":
        return f"{name}:latest"
    return str(paths.BUILD / f"{name}.sif" if request.dry else have("sif", name)[0])
