"""Read and check the settings of ``launch`` and ``batch``, and plan the run."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from hpcpy.engine import prefix
from hpcpy.errors import UnavailableError, UsageError
from hpcpy.launch import workload
from hpcpy.launch.controller import Controller, check_nodes, find_controller
from hpcpy.launch.image import check_image, given_image
from hpcpy.launch.machine import job_around, look_around
from hpcpy.launch.own_image import GPU_IMAGE, has_these_workloads, own_name, why_not_ready
from hpcpy.launch.plan import Host, check, engine_of, make_plan
from hpcpy.launch.request import Request, parse
from hpcpy.launch.site import Site, find_site
from hpcpy.launch.words import Launch


@dataclass(frozen=True)
class Prepared:
    """A launch that was checked: what was asked for, how it runs, which Slurm runs it."""

    request: Request
    plan: Launch
    controller: Controller


def prepared(arguments: list[str], *, is_batch: bool = False) -> Prepared:
    """Read the words, check them, and plan what they ask for.

    Errors are raised before an image is built and before a job is asked for.
    What may be right on another machine, or with another image, is only a
    remark on stderr.

    Parameters
    ----------
    arguments
        NAME=value words, `hpcpy.launch.request.SETTINGS`.
    is_batch
        For a script, which needs no Slurm here, and no image.

    Raises
    ------
    UsageError
        For a request that is wrong for sure.
    UnavailableError
        When it is to be run here and there is no srun.
    """
    request = parse(arguments)
    site = find_site(request.site)
    is_run = not (is_batch or request.dry)
    controller = find_controller(request, os.environ)
    check(request, site, None if is_batch else job_around(os.environ))
    if is_run and shutil.which("srun", path=controller.environment.get("PATH")) is None:
        raise UnavailableError(
            "no srun on this machine",
            hint="`make cluster` starts a Slurm of two nodes here; DRY=1 prints the command",
        )
    remarks = _checked(request, site, controller, is_batch=is_batch)
    machine = look_around(request, site, controller, is_provided=is_run)
    if is_batch and not request.dry:
        remarks += _to_do(request, site, machine)
    for remark in remarks:
        print(f"hpcpy {'batch' if is_batch else 'launch'}: {remark}", file=sys.stderr)
    return Prepared(request, make_plan(request, site, machine, is_batch=is_batch), controller)


def _checked(request: Request, site: Site, controller: Controller, *, is_batch: bool) -> list[str]:
    """Refuse what is wrong for sure; return what may be wrong."""
    is_run = not (is_batch or request.dry)
    engine, image = engine_of(request, site), given_image(request, site)
    absent = check_image(image, engine, is_staged=request.stage, is_here=is_run)
    remarks = [f"IMAGE={image}: {absent} on this machine"] if absent else []
    if not image and engine != "none":
        own_name(request)
    if request.workload and (wrong := workload.fault(request.workload)):
        if has_these_workloads(image, engine):
            raise UsageError(f"W: {wrong}")
        remarks.append(f"W: {wrong} (so says this checkout; the image may have others)")
    if wrong := workload.absent(request):
        # A script with an absolute path may lie in the image, or on the nodes alone.
        if not (request.dry or Path(request.program[0]).is_absolute()):
            raise UsageError(wrong, hint=workload.NAME_IT)
        remarks.append(f"{wrong} on this machine")
    try:
        check_nodes(request, site, controller, None if is_batch else job_around(os.environ))
    except UsageError as error:
        if is_run:
            raise
        remarks.append(f"{error} (so says the Slurm that answers here)")
    return remarks


def _to_do(request: Request, site: Site, machine: Host) -> list[str]:
    """Return what a script needs that is not there yet."""
    engine = engine_of(request, site)
    if engine != "apptainer":
        return []
    if not given_image(request, site):
        name = own_name(request)
        if why_not := why_not_ready(name):
            # The target installs the engine, too.
            target = "cuda" if name == GPU_IMAGE else "sif"
            return [f"{machine.image} {why_not}; before you submit: make {target}"]
    # Of a checkout that was copied or moved it is there, and does not start.
    if machine.program == str(prefix.command()) and not prefix.is_ready():
        return [f"{machine.program} is not there yet; before you submit: make setup"]
    return []
