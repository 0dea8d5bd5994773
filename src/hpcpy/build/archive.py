"""Read an OCI archive: its digest, and a file of its layers."""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from hpcpy.build.command import add_arch, add_image, ensure_image
from hpcpy.core import paths
from hpcpy.core.errors import UsageError
from hpcpy.core.files import whole_file
from hpcpy.pins.arch import ARCHITECTURES

_INDEX = "application/vnd.oci.image.index.v1+json"
# Where containers/*/Containerfile write it.
_SBOM = "opt/hpcpy/share/hpcpy/sbom.spdx.json"


def manifest_digest(archive: Path) -> str:
    """Return an image's digest, ``sha256:…``, as registries and ``podman images`` name it."""
    with tarfile.open(archive) as tar:
        return str(_json(tar, "index.json")["manifests"][0]["digest"])


def sbom_of(archive: Path) -> str:
    """Return the SBOM that an OCI archive holds, by the topmost layer that has it."""
    found = None
    with tarfile.open(archive) as tar:
        manifest = _json(tar, _blob(_json(tar, "index.json")["manifests"][0]))
        for layer in manifest["layers"]:
            with tarfile.open(fileobj=_stream(tar, _blob(layer)), mode="r|*") as files:
                for entry in files:
                    if entry.name.removeprefix("./") == _SBOM:
                        found = _stream(files, entry).read().decode()
    if found is None:
        raise UsageError(f"{archive.name} has no SBOM; the images that are built on it do")
    return found


def write_index(archives: Mapping[str, Path], layout: Path) -> str:
    """Write the images of several architectures as one OCI layout; return its index's digest."""
    manifests = []
    for arch, archive in archives.items():
        # Without tarfile's filters, which Debian 12's Python lacks: we wrote these archives.
        shutil.unpack_archive(archive, layout, "tar")
        with tarfile.open(archive) as tar:
            (image,) = _json(tar, "index.json")["manifests"]
        image["platform"] = {"architecture": ARCHITECTURES[arch].debian, "os": "linux"}
        image.pop("annotations", None)
        manifests.append(image)
    data = _index(manifests)
    sha256 = hashlib.sha256(data).hexdigest()
    (layout / "blobs/sha256" / sha256).write_bytes(data)
    entry = {"mediaType": _INDEX, "digest": f"sha256:{sha256}", "size": len(data)}
    (layout / "index.json").write_bytes(_index([entry]))
    return str(entry["digest"])


def _index(manifests: Sequence[Mapping[str, Any]]) -> bytes:
    index = {"schemaVersion": 2, "mediaType": _INDEX, "manifests": manifests}
    return json.dumps(index, sort_keys=True).encode()


def _blob(descriptor: Any) -> str:
    return "blobs/" + str(descriptor["digest"]).replace(":", "/")


def _json(tar: tarfile.TarFile, name: str) -> Any:
    return json.load(_stream(tar, name))


def _stream(tar: tarfile.TarFile, entry: str | tarfile.TarInfo) -> IO[bytes]:
    stream = tar.extractfile(entry)
    assert stream is not None  # noqa: S101  # a file of an archive of ours
    return stream


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_image(parser)
    add_arch(parser)


def main(options: argparse.Namespace) -> int:
    """Take the SBOM out of the image's OCI archive, building what is missing."""
    archive, _, image = ensure_image("oci", options.image, options.arch)
    target = paths.BUILD / f"{image.file}.spdx.json"
    with whole_file(target) as temporary:
        temporary.write_text(sbom_of(archive))
    print(target)
    return 0
