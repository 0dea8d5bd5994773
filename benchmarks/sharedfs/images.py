"""The images of a plan, as files and unpacked."""

from __future__ import annotations

from pathlib import Path

from hpcpy import paths
from hpcpy.build.command import have
from hpcpy.build.graph import the_graph
from hpcpy.build.sif import sif_path
from hpcpy.build.stamps import read_stamp
from hpcpy.engine.setup import ensure
from hpcpy.engine.venv import ensure_venv
from hpcpy.files import sha256
from measure import roots
from measure.added import Base
from measure.cold.mounts import squash
from podman_hpc import configured, migrated
from sharedfs.added import added
from sharedfs.configurations import CONFIGURATIONS, Images
from sharedfs.measure import Plan
from sharedfs.programs import LIBRARIES

_PODMAN_HPC = paths.BUILD / "storm-podman-hpc"


def digest(sif: Path) -> str:
    """Return what names an image's content."""
    return str(read_stamp(sif).get("digest") or f"sha256:{sha256(sif)}")


def have_images(plan: Plan, apptainer: Path, *, is_built: bool = False) -> Images:
    """Return a plan's images, and build or unpack what its configurations lack.

    Parameters
    ----------
    plan
        The plan.
    apptainer
        The program.
    is_built
        Whether the files are there: none is built in a job.
    """
    if plan.squashed:
        ensure("podman-hpc")
    sif: dict[str, Path] = {}
    root: dict[str, Path] = {}
    digests: dict[str, str] = {}
    for name in plan.images:
        sif[name] = sif_path(the_graph().image(name)) if is_built else have("sif", name)[0]
        digests[name] = digest(sif[name])
        if plan.adding:
            base = Base(name, sif[name], digests[name])
            with_sif = apptainer if name in plan.packed else None
            one = added(base, plan.adding, with_sif, plan.pynamic)
            sif[name], digests[name] = one.sif, one.digest
    for name in plan.images if plan.adding else plan.unpacked:
        root[name] = roots.unpacked_root(name, sif[name], digests[name])
        if name == "wheels":
            roots.add_venv(root[name])
    site = None
    if any(CONFIGURATIONS[name].needs_podman_hpc for name in plan.configurations):
        ensure("podman-hpc")
        site = configured(_PODMAN_HPC, ensure_venv("podman-hpc"))
        migrated(site, have("oci")[0])
    made = {name: squash(name, sif[name], digests[name]) for name in plan.squashed}
    return Images(sif, root, apptainer, made, is_whole=LIBRARIES in plan.programs, podman_hpc=site)
