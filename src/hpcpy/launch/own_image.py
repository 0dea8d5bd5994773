"""The checkout's own image as a launch takes it: which one, and whether it is current."""

from __future__ import annotations

import contextlib
from pathlib import Path

from hpcpy.build.current import definition_path, is_current_sif, sif_path
from hpcpy.build.graph import the_graph
from hpcpy.build.plan import make_plan
from hpcpy.build.sif_header import identity_of, recorded_identity
from hpcpy.core.errors import IntegrityError, UsageError
from hpcpy.launch.options import Request

GPU_IMAGE = "hpcpy-cuda"


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
