"""The checkout's own image as a launch takes it: which one, and whether it is current."""

from __future__ import annotations

from hpcpy.build.current import is_current_sif, sif_path
from hpcpy.build.graph import the_graph
from hpcpy.build.plan import make_plan
from hpcpy.core.errors import UsageError
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


def why_not_ready(name: str) -> str:
    """Return why this checkout's SIF cannot be taken as it is; empty if it can."""
    plan = make_plan()
    image = plan.graph.image(name)
    if not sif_path(image).exists():
        return "is not there yet"
    return "" if is_current_sif(plan, image) else "is not made of the present sources"
