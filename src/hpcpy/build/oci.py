"""The OCI archive: an image of the storage as one file, the same every time."""

from __future__ import annotations

import json
import shutil
import tarfile
from collections.abc import Sequence
from pathlib import Path

from hpcpy import paths
from hpcpy.build import progress
from hpcpy.build.buildah import Buildah, buildah
from hpcpy.build.cached import cached
from hpcpy.build.graph import Image
from hpcpy.build.images import make_image, unbuilt
from hpcpy.build.materials import fetch_materials, fetch_packages
from hpcpy.build.plan import Plan
from hpcpy.build.room import needed_room
from hpcpy.build.schedule import side_by_side
from hpcpy.build.stamps import read_stamp, write_stamp
from hpcpy.build.superseded import drop_superseded
from hpcpy.errors import IntegrityError
from hpcpy.files import disk_errors, require_free
from hpcpy.scratch import build_scratch
from hpcpy.stages import skipped, stage


def archive_path(image: Image) -> Path:
    """Return where a user finds the OCI archive of an image."""
    return paths.BUILD / f"{image.name}.oci.tar"


def is_current_archive(plan: Plan, image: Image) -> bool:
    """Return whether the archive is there as `plan` would make it."""
    return read_stamp(archive_path(image)).get("inputs") == plan.image_key(image)


def archive_title(image: Image) -> str:
    """Return the title of the stage that packs an image."""
    return f"OCI archive of {image.name}"


def make_archive(plan: Plan, image: Image, *, behind: Sequence[str] = ()) -> Path:
    """Have ``build/<image>.oci.tar``, made of what `plan` says.

    Parameters
    ----------
    plan
        Says what goes into it.
    image
        Which.
    behind
        Titles of stages that will follow, for the estimate of the whole.

    Returns
    -------
    Path
        The archive; ``podman load`` gives it the name ``<image>:latest``.
    """
    target = archive_path(image)
    key = plan.image_key(image)
    if is_current_archive(plan, image):
        skipped(f"{target.name}", "up to date")
        return target
    name = f"{image.name}-{key}.oci.tar"
    made = cached("images", name, lambda out: _make(plan, image, out, behind))
    with stage(f"copy to {target.relative_to(paths.ROOT)}"):
        with build_scratch("copy") as folder, disk_errors(target):
            shutil.copyfile(made, folder / target.name).replace(target)
        write_stamp(
            target,
            inputs=key,
            digest=manifest_digest(target),
            reproducible=not plan.replaced,
            replaced=sorted(plan.replaced),
        )
    return target


def _make(plan: Plan, image: Image, out: Path, behind: Sequence[str]) -> None:
    with buildah() as builder:
        _make_with(builder, plan, image, out, behind)


def _make_with(
    builder: Buildah, plan: Plan, image: Image, out: Path, behind: Sequence[str]
) -> None:
    require_free(paths.cache_dir(), needed_room(plan, image, builder), f"building {image.name}")
    progress.begin(plan, image, builder, [archive_title(image), *behind])
    _prepare(plan, image, builder)
    tag = make_image(plan, image, builder)
    with (
        stage(archive_title(image)) as current,
        build_scratch("oci") as folder,
    ):
        layout = folder / "layout"
        # The full name: older podman does not add "localhost/" by itself.
        name = f"localhost/{image.name}:latest"
        current.run(builder.online("push", tag, f"oci:{layout}:{name}"), env=builder.env)
        pack(layout, out, plan.epoch)
        current.note = f"{out.stat().st_size / 1e6:.0f} MB"
    drop_superseded(image.name, builder)


def _prepare(plan: Plan, image: Image, builder: Buildah) -> None:
    missing = unbuilt(plan, image, builder)
    if not missing or not image.builder:
        fetch_materials(plan, missing)
        return
    compilers = plan.graph.image(image.builder)
    below = unbuilt(plan, compilers, builder)
    fetch_packages(plan, below)
    # While the large files come, the builder is made of the first ones.
    side_by_side(
        lambda: fetch_materials(plan, missing),
        lambda: make_image(plan, compilers, builder),
    )


def pack(layout: Path, out: Path, epoch: int) -> None:
    """Write an OCI layout as a tar file: sorted, of no owner, of one time.

    The archive transport of the container tools dates its entries with the
    time of writing; ours are equal for equal images.
    """

    def anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        entry.mtime = epoch
        entry.mode = 0o755 if entry.isdir() else 0o644
        return entry

    with tarfile.open(out, "w", format=tarfile.GNU_FORMAT) as archive:
        for path in sorted(layout.rglob("*")):
            archive.add(
                path, path.relative_to(layout).as_posix(), recursive=False, filter=anonymous
            )


def manifest_digest(archive: Path) -> str:
    """Return the digest of the image in an OCI archive.

    Returns
    -------
    str
        ``sha256:…`` as registries and ``podman images --digests`` name it.
    """
    with tarfile.open(archive) as tar:
        index = tar.extractfile("index.json")
        if index is None:
            raise IntegrityError(f"{archive}: not an OCI archive")
        return str(json.load(index)["manifests"][0]["digest"])
