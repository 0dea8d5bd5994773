"""The images of a plan, as files and unpacked."""

from __future__ import annotations

from pathlib import Path

from hpcpy.build.command import ensure_image
from hpcpy.build.current import sif_path
from hpcpy.build.graph import the_graph
from hpcpy.build.stamps import read_stamp
from hpcpy.core import paths
from hpcpy.core.files import sha256
from hpcpy.engine.setup import ensure
from hpcpy.engine.venv import ensure_venv
from measure import roots
from measure.cold.mounts import squash
from podman_hpc import configured, migrated
from sharedfs.configuration import Images
from sharedfs.plan import Plan


def digest(sif: Path) -> str:
    """Return what names an image's content."""
    return str(read_stamp(sif).get("digest") or f"sha256:{sha256(sif)}")


def have_images(plan: Plan, apptainer: Path, *, is_built: bool = False) -> Images:
    """Return a plan's images, and build or unpack what its configurations lack.

    In a job they are there already, and none is built.
    """
    if plan.images("squash", "podman-hpc"):
        ensure("podman-hpc")
    sif = {
        name: sif_path(the_graph().image(name)) if is_built else ensure_image("sif", name)[0]
        for name in plan.images()
    }
    digests = {name: digest(sif[name]) for name in sif}
    root = {
        name: roots.unpacked_root(name, sif[name], digests[name]) for name in plan.images("root")
    }
    if "wheels" in root:
        roots.add_venv(root["wheels"])
    installed = None
    if plan.images("podman-hpc"):
        installed = configured(paths.BUILD / "storm-podman-hpc", ensure_venv("podman-hpc"))
        migrated(installed, ensure_image("oci")[0])
    squashed = {name: squash(name, sif[name], digests[name]) for name in plan.images("squash")}
    return Images(sif, root, apptainer, squashed, podman_hpc=installed)
