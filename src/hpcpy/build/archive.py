"""Read an OCI archive: its digest, and a file of its layers."""

from __future__ import annotations

import contextlib
import json
import lzma
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from hpcpy.core.errors import IntegrityError, UsageError
from hpcpy.core.files import MIB, read_at_most

# Lists of layers and settings have some KiB, the longest texts (SBOMs) some MiB.
_MOST_JSON, _MOST_TEXT = 16 * MIB, 256 * MIB
# What tarfile and its decompressors raise for bytes that are none of theirs.
_BROKEN = (
    *(tarfile.TarError, LookupError, TypeError, ValueError, AttributeError, OverflowError),
    *(EOFError, OSError, RecursionError, zlib.error, lzma.LZMAError),
)
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
