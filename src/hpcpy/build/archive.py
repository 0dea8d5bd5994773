"""Read an OCI archive: its digest, its settings and the files of its layers."""

from __future__ import annotations

import contextlib
import hashlib
import json
import lzma
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from hpcpy.core.errors import IntegrityError, UsageError
from hpcpy.core.files import MIB, read_at_most

BUILDAHS_LABEL = "io.buildah.version"
# Lists of layers and settings have some KiB, the longest texts (SBOMs) some MiB.
_MOST_JSON, _MOST_TEXT = 16 * MIB, 256 * MIB
# Images unpack to thrice their size. More was made to fill a disk, or to hash for days.
_RATIO, _SPARE = 20, 64 * MIB
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


def settings_of(archive: Path) -> dict[str, Any]:
    """Return the settings of the image: ``User``, ``Labels`` and the like."""
    with _opened(archive) as (tar, manifest):
        return dict(_json(tar, _blob(manifest["config"]))["config"])


def text_of(archive: Path, path: str) -> str | None:
    """Return the text of a file of the image, by the topmost layer that has it."""
    found = None
    with _opened(archive) as (tar, manifest):
        for _, files, entry in _entries(archive, tar, manifest):
            if entry.name.removeprefix("./").strip("/") == path and entry.isfile():
                found = read_at_most(_stream(files, entry), _MOST_TEXT).decode(errors="replace")
    return found


def files_of(archive: Path) -> dict[str, str]:
    """Return the files of the layers and the settings, each told in a line that compares it."""
    with _opened(archive) as (tar, manifest):
        found = {"settings": _settings(_json(tar, _blob(manifest["config"])))}
        for layer, files, entry in _entries(archive, tar, manifest):
            told = f"{entry.type!r} {entry.mode:o} {entry.uid}:{entry.gid} {entry.linkname}"
            if entry.isfile():
                told += f" {_sha256(_stream(files, entry))}"
            found[f"layer {layer}: {entry.name}"] = told
    return found


def refuse_bomb(image: Path, size: int) -> None:
    """Refuse an image that unpacks to many times its size."""
    if size > _SPARE + _RATIO * image.stat().st_size:
        raise IntegrityError(f"{image}: unpacks to more than {_RATIO} times its size")


@contextlib.contextmanager
def _opened(archive: Path) -> Iterator[tuple[tarfile.TarFile, Any]]:
    try:
        with tarfile.open(archive) as tar:
            yield tar, _json(tar, _blob(_json(tar, "index.json")["manifests"][0]))
    except _BROKEN as error:
        raise IntegrityError(f"{archive}: not a whole OCI archive ({error})") from error


def _entries(
    archive: Path, tar: tarfile.TarFile, manifest: Any
) -> Iterator[tuple[int, tarfile.TarFile, tarfile.TarInfo]]:
    """Yield the number of each layer, the layer, and an entry of it."""
    for number, layer in enumerate(manifest["layers"]):
        size = 0
        with tarfile.open(fileobj=_stream(tar, _blob(layer)), mode="r|*") as files:
            for entry in files:
                size += entry.size
                refuse_bomb(archive, size)
                yield number, files, entry


def _blob(descriptor: Any) -> str:
    return "blobs/" + str(descriptor["digest"]).replace(":", "/")


def _json(tar: tarfile.TarFile, name: str) -> Any:
    return json.loads(read_at_most(_stream(tar, name), _MOST_JSON))


def _stream(tar: tarfile.TarFile, entry: str | tarfile.TarInfo) -> IO[bytes]:
    stream = tar.extractfile(entry)
    if stream is None:
        raise ValueError(f"{entry} is no file")
    return stream


def _sha256(stream: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while block := stream.read(MIB):
        digest.update(block)
    return digest.hexdigest()


def _settings(config: Any) -> str:
    of_tools = {"history", "rootfs"}
    kept = {name: value for name, value in config.items() if name not in of_tools}
    (kept["config"].get("Labels") or {}).pop(BUILDAHS_LABEL, None)
    return json.dumps(kept, sort_keys=True)


def sbom_of(archive: Path) -> str:
    """Return the SBOM that an OCI archive holds."""
    sbom = text_of(archive, _SBOM)
    if sbom is None:
        raise UsageError(f"{archive.name} has no SBOM; the images that are built on it do")
    return sbom
