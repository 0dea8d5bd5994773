"""The OCI archive: an image of the storage as one file, the same every time."""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from hpcpy.core.files import all_below, disk_errors
from hpcpy.core.scratch import build_scratch
from hpcpy.core.stages import stage
from hpcpy.fetch.artifacts import Tally, fetch
from hpcpy.images import own_command
from hpcpy.images.buildah import buildah
from hpcpy.images.cached import write_stamp
from hpcpy.images.graph import Image
from hpcpy.images.make import make_image, missing_parts, require_unchanged, unbuilt
from hpcpy.images.outputs import archive_path
from hpcpy.images.plan import Plan
from hpcpy.pins.debian import debs


def make_archive(plan: Plan, image: Image) -> Path:
    """Have ``build/<image>.oci.tar``, made of what `plan` says."""
    target, key = archive_path(image), plan.archive_key(image)
    with buildah() as builder:
        fetch_materials(plan, unbuilt(plan, image, builder))
        tag = make_image(plan, image, builder)
        with (
            stage(f"OCI archive of {image.name}") as current,
            build_scratch("oci") as folder,
            disk_errors(target),
        ):
            layout = folder / "layout"
            # The full name: older podman does not add "localhost/" by itself.
            name = f"localhost/{image.name}:latest"
            current.run(builder.online("push", tag, f"oci:{layout}:{name}"), env=builder.env)
            if image.parts:
                add_layer(layout, own_command.layer(plan.epoch), "the command hpcpy")
                require_unchanged(plan, lambda now: now.archive_key(image))
            pack(layout, folder / target.name, plan.epoch)
            (folder / target.name).replace(target)
            current.note = f"{target.stat().st_size / 1e6:.0f} MB"
    write_stamp(target, inputs=key, digest=manifest_digest(target))
    return target


def fetch_materials(plan: Plan, images: Sequence[Image]) -> None:
    """Have in the cache what some images are built from, but for parts that are built already."""
    missing = missing_parts(plan, (part for image in images for part in plan.graph.shipped(image)))
    pins = [deb for image in images for deb in plan.debian(image.debian)]
    if missing:
        native, compilers = plan.builder
        pins += native.debian(compilers.debian)
    for part in missing:
        pins += plan.pins(part)
        pins += (deb for name, arch in plan.debian_sets(part) for deb in debs(name, arch))
    with stage("fetch sources, wheels and packages") as current:
        tally = Tally()
        fetch(pins, tally=tally)
        current.note = str(tally)


def pack(layout: Path, out: Path, epoch: int) -> None:
    """Write an OCI layout as a tar file: sorted, of no owner, of one time."""
    # The container tools' own archive transport dates its entries with the time of writing.

    def anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        entry.mtime = epoch
        entry.mode = 0o755 if entry.isdir() else 0o644
        return entry

    with tarfile.open(out, "w", format=tarfile.GNU_FORMAT) as archive:
        for path in sorted(all_below(layout)):
            name = path.relative_to(layout).as_posix()
            archive.add(path, name, recursive=False, filter=anonymous)


def add_layer(layout: Path, layer: bytes, what: str) -> None:
    """Add a layer to the one image of an OCI layout; `what` is for its history."""
    # As plain tar: compressed, its bytes would hang on this Python's zlib.
    described = {"mediaType": "application/vnd.oci.image.layer.v1.tar", **_put(layout, layer)}
    index = json.loads((layout / "index.json").read_bytes())
    manifest = json.loads(_taken(layout, index["manifests"][0]))
    config = json.loads(_taken(layout, manifest["config"]))
    config["rootfs"]["diff_ids"].append(described["digest"])
    config["history"].append({"created": config["created"], "created_by": what})
    manifest["layers"].append(described)
    manifest["config"] |= _put(layout, _json(config))
    index["manifests"][0] |= _put(layout, _json(manifest))
    (layout / "index.json").write_bytes(_json(index))


def _taken(layout: Path, descriptor: Any) -> bytes:
    """Return the bytes of a blob, which goes."""
    path = layout / blob(descriptor)
    content = path.read_bytes()
    path.unlink()
    return content


def _put(layout: Path, content: bytes) -> dict[str, str | int]:
    """Write a blob; return what names it."""
    described: dict[str, str | int] = {
        "digest": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "size": len(content),
    }
    (layout / blob(described)).write_bytes(content)
    return described


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def manifest_digest(archive: Path) -> str:
    """Return an image's digest, ``sha256:…``, as registries and ``podman images`` name it."""
    with tarfile.open(archive) as tar:
        return str(json_of(tar, "index.json")["manifests"][0]["digest"])


def blob(descriptor: Any) -> str:
    """Return the path of a blob in an archive."""
    return "blobs/" + str(descriptor["digest"]).replace(":", "/")


def json_of(tar: tarfile.TarFile, name: str) -> Any:
    """Return what a JSON file of an archive says."""
    return json.load(stream(tar, name))


def stream(tar: tarfile.TarFile, entry: str | tarfile.TarInfo) -> IO[bytes]:
    """Open a file of an archive."""
    content = tar.extractfile(entry)
    assert content is not None  # noqa: S101  # a file of an archive of ours
    return content
