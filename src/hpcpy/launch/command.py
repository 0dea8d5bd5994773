"""``hpcpy launch NAME=value …``: a program or a workload on several nodes, by srun."""

from __future__ import annotations

import argparse
import sys

from hpcpy.launch import step
from hpcpy.launch.explain import explained, own_code
from hpcpy.launch.meanings import LAUNCH, add_settings
from hpcpy.launch.prepared import prepared
from hpcpy.launch.script import launch_script, show


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_settings(parser, LAUNCH, "sites.md")


def main(options: argparse.Namespace) -> int:
    """Run a program or a workload through srun, or print how with ``DRY=1``.

    Returns
    -------
    int
        The first dead rank's exit code, else srun's; 69 without a Slurm controller; 129, 130
        or 143 when SIGHUP, SIGINT or SIGTERM stopped it.
    """
    made = prepared(options.settings)
    script = launch_script(made.plan)
    if made.request.dry:
        show(script)
        return 0
    _tell(made.plan.title)
    ended = step.run(script, made.controller.environment)
    if ended.stopped_by:
        _tell(f"hpcpy launch: stopped by {ended.stopped_by.name}")
        return 128 + ended.stopped_by
    if not ended.code:
        return 0
    line = explained(ended.stderr, ended.code)
    _tell(f"hpcpy launch: {line}")
    return own_code(line, ended.code)


def _tell(line: str) -> None:
    with step.to_stderr():
        print(line, file=sys.stderr)
