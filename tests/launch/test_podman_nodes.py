"""Plain podman over two nodes of the local Slurm, as root: a container a rank."""

from __future__ import annotations

import dataclasses
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import image_in_podman
import pytest
from local_cluster import Cluster, only_root
from site_user import User

from hpcpy.core import paths

pytestmark = only_root


@pytest.fixture(scope="module")
def user(cluster: Cluster) -> Iterator[User]:
    image_in_podman.loaded()
    its_own = {
        # The podman that has the settings of this machine, and its images.
        "PATH": os.pathsep.join([str(paths.TOOLS / "bin"), os.environ.get("PATH", os.defpath)]),
        "HPCPY_CACHE": str(paths.cache_dir().parent),
    }
    with tempfile.TemporaryDirectory(dir=paths.BUILD, prefix="user.") as name:
        own = dataclasses.replace(cluster, shared=Path(name))
        yield User(own, "podman", image_in_podman.NAME, Path(sys.executable), 0, its_own)


def test_two_nodes_have_the_answers(user: User) -> None:
    user.has_the_answers_of_two_nodes()
