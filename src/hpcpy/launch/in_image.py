"""``hpcpy batch NAME=value …`` within the image: a script for sbatch, without a checkout."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hpcpy.errors import HpcpyError, UsageError
from hpcpy.launch import workload
from hpcpy.launch.image import absolute, check_image, given_image
from hpcpy.launch.meanings import LAUNCH, table
from hpcpy.launch.plan import Host, engine_of, make_plan
from hpcpy.launch.request import Request, parse
from hpcpy.launch.script import batch_script, show
from hpcpy.launch.site import Site, find_site, site_names
from workloads.harness.streams import lost_output, open_streams, spell_in_ascii

USAGE = f"""\
usage: hpcpy batch NAME=value …

Print a script for sbatch that runs your program in this image: hpcpy batch
PROGRAM="my.py --its options" NODES=2 TASKS=8 > job.sh

{table(LAUNCH, without=("SCRIPT", "DRY"))}

Sites: {", ".join(site_names())}. IMAGE is by default the SIF that this runs in.
All other commands need a checkout: ./hpcpy --help"""


def main(words: list[str]) -> int:
    """Print the script that the words ask for.

    Parameters
    ----------
    words
        ``batch`` and the settings.

    Returns
    -------
    int
        The exit code: 0, or the error's.
    """
    if not words or words[0] in ("-h", "--help") or words[1:] in (["-h"], ["--help"]):
        print(USAGE)
        return 0 if words else 2
    try:
        if words[0] != "batch":
            raise UsageError(
                "only `batch` works without a checkout", hint="in a checkout: ./hpcpy --help"
            )
        show(script(parse(words[1:])))
    except HpcpyError as error:
        print(f"hpcpy {words[0]}: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def script(request: Request) -> str:
    """Return the script for a request.

    Raises
    ------
    UsageError
        When the request is wrong for sure.
    """
    if request.script not in ("", "-"):
        raise UsageError("SCRIPT: the script goes to standard output", hint="hpcpy batch … > FILE")
    site = find_site(request.site)
    if request.workload and (wrong := workload.fault(request.workload)):
        raise UsageError(f"W: {wrong}")
    if wrong := workload.absent(request):
        if not Path(request.program[0]).is_absolute():
            raise UsageError(f"{wrong} that the container sees", hint=workload.NAME_IT)
        print(f"hpcpy batch: {wrong} that the container sees", file=sys.stderr)
    engine = engine_of(request, site)
    machine = Host(
        folder=str(Path.cwd()),
        program=engine,
        image=_image(request, site, engine),
        is_checked=os.environ.get("HPCPY_PREFLIGHT") != "off",
        # Slurm's commands are not in the container: the script asks.
        can_bind=None,
    )
    return batch_script(make_plan(request, site, machine, is_batch=True))


def _image(request: Request, site: Site, engine: str) -> str:
    """Return the image of the request, else the SIF that this runs in, else the site's."""
    running = os.environ.get("APPTAINER_CONTAINER", "") if engine == "apptainer" else ""
    image = request.image or running or given_image(request, site)
    if engine == "none":
        return image or "python3"
    if not image:
        raise UsageError(f"{engine} needs the image's name", hint="IMAGE=registry.example.org/…")
    check_image(image, engine, is_staged=request.stage, is_here=False)
    return absolute(image, engine)


def entry() -> int:
    """Run the command that this process was started with."""
    open_streams()
    spell_in_ascii()
    try:
        code = main(sys.argv[1:])
        sys.stdout.flush()
    except OSError as error:
        return lost_output(error, lambda line: print(f"hpcpy: {line}", file=sys.stderr))
    return code
