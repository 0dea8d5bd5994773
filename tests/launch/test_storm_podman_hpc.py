"""What podman-hpc itself asks of a file system that has its images: one container a node.

In `make test`: `tests/launch/test_podman_hpc.py`, podman-hpc's own start on two nodes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from podman_hpc_site import ARCHIVE
from site_user import public_python
from small_storm import SmallStorm, one_node, started

from hpcpy.core import paths
from hpcpy.engine.setup import look_up
from hpcpy.engine.tools import needed
from hpcpy.engine.venv import can_make, ensure_venv
from podman_hpc import configured, migrated
from sharedfs.configurations import CONFIGURATIONS

pytestmark = pytest.mark.long

SHARED = CONFIGURATIONS["static-podman-hpc-shared"]


@pytest.fixture(scope="module")
def storm() -> Iterator[SmallStorm]:
    if len(look_up(needed(["podman-hpc"]))) < len(needed(["podman-hpc"])):
        pytest.skip("no podman with FUSE here; run: make setup TOOLS=podman-hpc")
    if not ARCHIVE.exists():
        pytest.skip(f"{ARCHIVE} is not there; run: make image")
    with started(has_mpi=True) as one:
        # The Python of the other tests' podman-hpc: another one would be installed anew.
        venv = ensure_venv("podman-hpc", public_python(can_make))
        site = configured(paths.BUILD / "storm-podman-hpc", venv)
        migrated(site, ARCHIVE)
        yield replace(one, images=replace(one.images, podman_hpc=site))


def test_a_further_rank_opens_nothing_with_podman_hpcs_container_a_node(storm: SmallStorm) -> None:
    storm.bring(SHARED)
    alone, three = storm.take(SHARED, 1, 1), storm.take(SHARED, 1, 3)
    for first, all_three in zip(one_node(alone), one_node(three), strict=True):
        # podman reads its store for the container, and not again for each rank.
        assert all_three.operations["open"] == first.operations["open"]
    for sample in storm.take(SHARED, 2, 1):
        first, second = sample.asked
        assert first.operations["open"] == second.operations["open"]
        assert {rank["node"] for rank in sample.launch.ranks} == {"n1", "n2"}
    for mount in storm.storm.mounts:
        assert f"{storm.storm.folder}/overlay" not in mount.run("cat", "/proc/self/mounts")
        assert mount.run("sh", "-c", "pgrep -x 'conmon|squashfuse_ll|fuse-overlayfs' || true") == ""
