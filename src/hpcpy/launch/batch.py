"""``hpcpy batch NAME=value …``: the same launch as a script for sbatch."""

from __future__ import annotations

import argparse
import shlex
import shutil
import sys
from pathlib import Path

from hpcpy import paths
from hpcpy.errors import DiskError
from hpcpy.files import whole_file
from hpcpy.launch.controller import Controller
from hpcpy.launch.meanings import LAUNCH, add_settings
from hpcpy.launch.prepared import prepared
from hpcpy.launch.request import Request
from hpcpy.launch.script import batch_script, show
from workloads.harness.destination import destination


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_settings(parser, LAUNCH, "sites.md")


def main(options: argparse.Namespace) -> int:
    """Write the script, or print it with ``DRY=1`` or ``SCRIPT=-``.

    Returns
    -------
    int
        0; problems are raised.
    """
    made = prepared(options.settings, is_batch=True)
    deliver(made.request, batch_script(made.plan), made.controller)
    return 0


def deliver(request: Request, script: str, controller: Controller) -> None:
    """Write a script and print how to submit it; with ``DRY=1`` or ``SCRIPT=-``, print the script.

    Parameters
    ----------
    request
        What was asked for: also where the script goes.
    script
        For sbatch.
    controller
        The Slurm that answers here.

    Raises
    ------
    DiskError
        When it cannot be written.
    """
    if request.dry or request.script == "-":
        show(script)
        return
    name = f"{request.name}-{request.nodes}x{request.tasks}.sbatch"
    path = Path(request.script) if request.script else paths.BUILD / name
    _write(path, script)
    # A device, such as a terminal, shows the script itself and is nothing to submit.
    if destination(path).replaced is not None:
        print(path)
        print(f"  to submit it: {_sbatch(controller)} {_quoted(path)}", file=sys.stderr)


def _quoted(path: Path) -> str:
    """Return a path quoted for a shell, with ``./`` before one that looks like an option."""
    return shlex.quote(f"./{path}" if str(path).startswith("-") else str(path))


def _write(path: Path, script: str) -> None:
    try:
        with whole_file(path) as temporary:
            temporary.write_text(script, encoding="utf-8", errors="surrogateescape")
    except DiskError as error:
        error.hint = "name another file: SCRIPT=…"
        raise


def _sbatch(controller: Controller) -> str:
    """Return the sbatch of the Slurm that answers here, quoted for a shell."""
    ours = controller.environment.get("PATH")
    if shutil.which("sbatch", path=ours) == shutil.which("sbatch"):
        return "sbatch"
    return shlex.quote(str(shutil.which("sbatch", path=ours)))
