"""``hpcpy test-cuda``: what can be tested of hpcpy-cuda without a GPU."""

from __future__ import annotations

import argparse
import subprocess

from hpcpy.build.command import have
from hpcpy.engine.setup import ensure
from hpcpy.test import image_tests

IMAGE = "hpcpy-cuda"


def declare(_parser: argparse.ArgumentParser) -> None:
    """Add nothing: the command has no arguments."""


def main(_options: argparse.Namespace) -> int:
    """Build the image where it is missing, run ``tests/image_cuda`` in it and its own test.

    Returns
    -------
    int
        0 when all passed.
    """
    sif, _, _ = have("sif", IMAGE)
    code = image_tests(sif, "image_cuda", tier="")
    command = [str(ensure("apptainer").apptainer), "test", str(sif)]
    return code or subprocess.run(command, check=False).returncode
