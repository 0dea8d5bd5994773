"""The image as podman has it: loaded by one of pytest's workers, for all of them."""

import fcntl
import os

import pytest

from hpcpy.core import paths
from hpcpy.engine.podman import podman_command
from hpcpy.engine.setup import look_up
from hpcpy.engine.tools import needed
from hpcpy.images.graph import the_graph
from hpcpy.images.oci import manifest_digest
from hpcpy.images.outputs import archive_path
from running import run

NAME = "localhost/hpcpy:latest"
ARCHIVE = archive_path(the_graph().image("hpcpy"))


def require(group: str = "podman", what: str = "podman") -> None:
    """Skip the test without a group of tools, or without the image's archive."""
    if len(look_up(needed([group]))) < len(needed([group])):
        pytest.skip(f"no {what} here; run: make setup TOOLS={group}")
    if not ARCHIVE.exists():
        pytest.skip(f"{ARCHIVE} is not there; run: make oci")


def loaded() -> tuple[list[str], dict[str, str]]:
    """Give podman's command and variables, with the image loaded as a user would load it.

    It stays, so that the next run has it when the archive is the same.
    """
    require()
    podman, variables = podman_command()
    env = {**os.environ, **variables}
    # Two that each remove the former image would remove each other's.
    with (paths.BUILD / "podman-image.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        have = run(*podman, "image", "inspect", "--format", "{{.Digest}}", NAME, env=env)
        if have.stdout.strip() != manifest_digest(ARCHIVE):
            run(*podman, "rmi", "--force", NAME, env=env)
            done = run(*podman, "load", "--input", ARCHIVE, env=env)
            assert done.returncode == 0, done.stderr
            assert NAME in done.stdout
    return podman, variables
