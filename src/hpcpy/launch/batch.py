"""``hpcpy batch NAME=value …``: the same launch as a script for sbatch."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from hpcpy import paths
from hpcpy.files import whole_file
from hpcpy.launch.prepared import add_settings, prepared
from hpcpy.launch.script import batch_script
from workloads.harness.destination import destination


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_settings(parser)


def main(options: argparse.Namespace) -> int:
    """Write the script, or print it with ``DRY=1``.

    Returns
    -------
    int
        0; problems are raised.
    """
    request, plan = prepared(options.settings, is_batch=True)
    script = batch_script(plan)
    if request.dry:
        print(script, end="")
        return 0
    name = f"{request.workload[0]}-{request.nodes}x{request.tasks}.sbatch".replace("/", "-")
    path = Path(request.script) if request.script else paths.BUILD / name
    with whole_file(path) as temporary:
        temporary.write_text(script, encoding="utf-8")
    if destination(path).replaced is None:
        return 0
    print(path)
    print(f"  to submit it: sbatch {path}", file=sys.stderr)
    return 0
