"""``hpcpy launch`` and ``hpcpy batch``: a program on several nodes, by srun or by sbatch."""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import sys
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.files import places_named, refuse_anothers, write_whole
from hpcpy.launch import checks, step
from hpcpy.launch.controller import Controller, find_controller
from hpcpy.launch.options import Request, add_options, add_program, read_request
from hpcpy.launch.plan import check_request, plan_launch
from hpcpy.launch.running import (
    completed,
    engine_program,
    is_in_container,
    own_image,
    site_of,
)
from hpcpy.launch.shell import PLAIN, HostFacts, batch_script, launch_script, show
from hpcpy.launch.site import Site
from hpcpy_common import site_file
from hpcpy_common.errors import UnavailableError, UsageError
from hpcpy_common.files import destination
from hpcpy_common.site_file import VARIABLE


def inspect_host(
    request: Request, site: Site, controller: Controller, job_nodes: int, *, is_run: bool
) -> HostFacts:
    """Find the engine, the image and what this Slurm can do; for a run the engine is here."""
    return HostFacts(
        folder=checks.working_folder(request.engine),
        program=engine_program(request.engine, site, is_run=is_run),
        image=checks.named_image(request) or own_image(request)[-1],
        job_nodes=job_nodes,
        is_in_step=job_nodes > 0 and controller.is_in_step(),
        is_checked=controller.environment.get("HPCPY_PREFLIGHT") != "off",
        has_site_file=bool(os.environ.get(VARIABLE)) or os.path.lexists(site_file.OF_MACHINE),
        slurm=controller.name,
        surroundings=controller.lines,
    )


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = f"Defaults are in brackets; {paths.CALLED} docs sites has more."
    add_options(parser)
    add_program(parser)


def main(options: argparse.Namespace) -> int:
    """Become a program's srun, or write a script for sbatch; with ``--dry`` print either."""
    # Errors are raised before a job is asked for.  What may be right on another machine is only
    # a remark.
    command = options.words[0]
    is_batch = command == "batch"
    request = read_request(options)
    site = site_of(request)
    request = completed(request, site)
    is_run = not (is_batch or request.dry)
    here = Controller(os.environ)
    controller = here if is_in_container() else find_controller(site.name, os.environ)
    job_nodes = 0 if is_batch else controller.job_nodes()
    check_request(request, site, job_nodes)
    if is_run and controller.command("srun") is None:
        hint = f"{paths.CALLED} batch writes a script for a machine that has it"
        if paths.IS_CHECKOUT:
            hint = "`make cluster` starts a Slurm of two nodes here; DRY=1 prints the command"
        raise UnavailableError("no srun on this machine", hint=hint)
    remarks = _check(request, is_run=is_run)
    if paths.IS_CHECKOUT and not request.dry:
        remarks += unmade(request, is_run=is_run)
    facts = inspect_host(request, site, controller, job_nodes, is_run=is_run)
    program = Path(facts.program)
    # The target that makes an image installs the engine, too.
    if is_batch and not remarks and program.is_relative_to(paths.TOOLS) and not program.exists():
        remarks.append(f"{program} is not there yet; run: make setup")
    for remark in remarks:
        print(f"hpcpy {command}: {remark}", file=sys.stderr)
    plan = plan_launch(request, site, facts, is_batch=is_batch)
    if is_batch:
        deliver(request, batch_script(plan), controller)
        return 0
    if request.dry:
        show(launch_script(plan))
        return 0
    print(plan.title, file=sys.stderr, flush=True)
    return step.run(launch_script(plan), controller.environment)


def _check(request: Request, *, is_run: bool) -> list[str]:
    """Refuse what is wrong for sure; return what may be wrong."""
    engine, image = request.engine, request.image
    absent = checks.check_image(image, engine, is_staged=request.stage, is_here=is_run)
    if request.workload and not image and engine in ("apptainer", "standalone"):
        checks.require_workload(request.workload)
    if is_in_container():
        return checks.check_script(request, "in this container")
    remarks = [f"IMAGE={image}: {absent} on this machine"] if absent else []
    return [*remarks, *checks.check_script(request, "on this machine")]


def unmade(request: Request, *, is_run: bool) -> list[str]:
    """Say that this checkout's image is not there; refuse a run: nothing is built here."""
    target, image = own_image(request)
    if request.image or not target or Path(image).exists():
        return []
    # The target installs the engine, too.
    problem, remedy = f"{image} is not there yet", f"run: make {target}"
    if is_run:
        raise UnavailableError(problem, hint=f"{remedy}; or name one: IMAGE=…")
    return [f"{problem}; {remedy}"]


def deliver(request: Request, script: str, controller: Controller) -> None:
    """Write a script and print how to submit it; with ``--dry`` or ``--script -``, print it."""
    if request.dry or request.script == "-" or not (request.script or paths.IS_CHECKOUT):
        show(script)
        return
    name = f"{request.name}-{request.nodes}x{request.tasks}.sbatch"
    path = Path(request.script) if request.script else paths.BUILD / name
    # A slip of the user's would make folders; only build/ is made.
    if request.script and not os.path.lexists(path.parent):
        raise UsageError(f"SCRIPT={path}: there is no folder {path.parent}", hint="make it first")
    with places_named(path.parent, "name another file: SCRIPT=…"):
        refuse_anothers(path, PLAIN, "script", may_be_device=True)
        write_whole(path, script)
    # A device, such as a terminal, shows the script itself and is nothing to submit.
    if destination(path) is not None:
        print(path)
        # Not taken for an option.
        word = f"./{path}" if str(path).startswith("-") else str(path)
        ours = controller.command("sbatch")
        sbatch = "sbatch" if ours == shutil.which("sbatch") else shlex.quote(str(ours))
        print(f"  to submit it: {sbatch} {shlex.quote(word)}", file=sys.stderr)
