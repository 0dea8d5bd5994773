"""The checkout's own images: which one a launch takes, and whether it is ready."""

from __future__ import annotations

import contextlib
from pathlib import Path

from hpcpy.build.graph import the_graph
from hpcpy.build.plan import make_plan
from hpcpy.build.sif import definition_path, is_current_sif, sif_path
from hpcpy.build.sif_header import identity_of, recorded_identity
from hpcpy.errors import IntegrityError, UsageError
from hpcpy.launch.request import Request

GPU_IMAGE = "hpcpy-cuda"


def own_name(request: Request) -> str:
    """Return the name of this checkout's image for a request.

    Raises
    ------
    UsageError
        When it asks for GPUs, and there is no image with CUDA.
    """
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
    if engine != "apptainer":
        return False
    if not given:
        return True
    path = Path(given)
    with contextlib.suppress(OSError, IntegrityError):
        if not path.is_file():
            return False
        recorded = recorded_identity(path)
        plan = make_plan()
        images = [one for one in plan.graph.images.values() if definition_path(one).exists()]
        return recorded in [identity_of(plan.image_key(one)) for one in images]
    return False


def why_not_ready(name: str) -> str:
    """Return why this checkout's SIF cannot be taken as it is; empty if it can."""
    plan = make_plan()
    image = plan.graph.image(name)
    if not sif_path(image).exists():
        return "is not there yet"
    return "" if is_current_sif(plan, image) else "is not made of the present sources"
