"""Read an OCI archive: its digest, and a file of its layers."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import lzma
import shutil
import tarfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from hpcpy.build.command import add_arch, add_image, ensure_image
from hpcpy.core import paths
from hpcpy.core.errors import IntegrityError, UsageError
from hpcpy.core.files import MIB, read_at_most, whole_file
from hpcpy.pins.arch import ARCHITECTURES

# Lists of layers and settings have some KiB, the longest texts (SBOMs) some MiB.
_MOST_JSON, _MOST_TEXT = 16 * MIB, 256 * MIB
# What tarfile and its decompressors raise for bytes that are none of theirs.
_BROKEN = (
    *(tarfile.TarError, LookupError, TypeError, ValueError, AttributeError, OverflowError),
    *(EOFError, OSError, RecursionError, zlib.error, lzma.LZMAError),
)
_INDEX = "application/vnd.oci.image.index.v1+json"
# Where containers/*/Containerfile write it.
_SBOM = "opt/hpcpy/share/hpcpy/sbom.spdx.json"


def manifest_digest(archive: Path) -> str:
    """Return an image's digest, ``sha256:…``, as registries and ``podman images`` name it."""
    with _opened(archive) as (tar, _):
        return str(_json(tar, "index.json")["manifests"][0]["digest"])


def text_of(archive: Path, path: str) -> str | None:
    """Return the text of a file of the image, by the topmost layer that has it."""
    found = None
    with _opened(archive) as (tar, manifest):
        for layer in manifest["layers"]:
            with tarfile.open(fileobj=_stream(tar, _blob(layer)), mode="r|*") as files:
                for entry in files:
                    if entry.name.removeprefix("./").strip("/") == path and entry.isfile():
                        stream = _stream(files, entry)
                        found = read_at_most(stream, _MOST_TEXT).decode(errors="replace")
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


@contextlib.contextmanager
def _opened(archive: Path) -> Iterator[tuple[tarfile.TarFile, Any]]:
    try:
        with tarfile.open(archive) as tar:
            yield tar, _json(tar, _blob(_json(tar, "index.json")["manifests"][0]))
    except _BROKEN as error:
        raise IntegrityError(f"{archive}: not a whole OCI archive ({error})") from error


def _blob(descriptor: Any) -> str:
    return "blobs/" + str(descriptor["digest"]).replace(":", "/")


def _json(tar: tarfile.TarFile, name: str) -> Any:
    return json.loads(read_at_most(_stream(tar, name), _MOST_JSON))


def _stream(tar: tarfile.TarFile, entry: str | tarfile.TarInfo) -> IO[bytes]:
    stream = tar.extractfile(entry)
    if stream is None:
        raise ValueError(f"{entry} is no file")
    return stream


def sbom_of(archive: Path) -> str:
    """Return the SBOM that an OCI archive holds."""
    sbom = text_of(archive, _SBOM)
    if sbom is None:
        raise UsageError(f"{archive.name} has no SBOM; the images that are built on it do")
    return sbom


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
