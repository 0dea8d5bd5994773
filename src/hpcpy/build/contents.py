"""Compare two images file by file, where their bytes differ.

Other versions of mksquashfs, Apptainer and buildah pack the same files into
other bytes, so a difference of bytes alone says little.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import lzma
import os
import stat
import subprocess
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from hpcpy.build.sif_header import system_offset
from hpcpy.errors import IntegrityError
from hpcpy.files import MIB, read_at_most, sha256

# Lists of layers and settings have some KiB.
_MOST_JSON = 16 * MIB
# Images unpack to thrice their size. More was made to fill a disk, or to hash for days.
_RATIO, _SPARE = 20, 64 * MIB
# What tarfile and its decompressors raise for bytes that are none of theirs.
_BROKEN = (
    *(tarfile.TarError, LookupError, TypeError, ValueError, AttributeError, OverflowError),
    *(EOFError, OSError, RecursionError, zlib.error, lzma.LZMAError),
)
BUILDAHS_LABEL = "io.buildah.version"

Contents = dict[str, str]


def of_sif(sif: Path, unsquashfs: Path, scratch: Path) -> Contents:
    """Return the files of a SIF's root, by path.

    Parameters
    ----------
    sif
        The SIF.
    unsquashfs
        The program.
    scratch
        An empty folder, with room for all files.

    Returns
    -------
    dict
        A path, and its kind, mode and SHA-256 or target as one text.

    Raises
    ------
    IntegrityError
        When it is no SIF, or is cut off.
    """
    root = scratch / "root"
    command: list[str | Path] = [unsquashfs, "-no-progress", "-quiet", "-no-xattrs", "-d", root]
    at: list[str | Path] = ["-offset", str(system_offset(sif)), sif]
    listed = subprocess.run([unsquashfs, "-lln", *at], capture_output=True, check=False)
    _refuse_bomb(sif, sum(_sizes(listed.stdout)))
    told = subprocess.run([*command, *at], capture_output=True, text=True, check=False)
    # As an ordinary user it ends with 2: owners cannot be set, and are not compared.
    if told.returncode not in (0, 2) or not root.is_dir():
        lines = told.stderr.strip().splitlines() or [f"exit code {told.returncode}"]
        raise IntegrityError(f"{sif}: {lines[-1]}")
    return {path.relative_to(root).as_posix(): _told(path) for path in (root, *_below(root))}


def _sizes(listing: bytes) -> Iterator[int]:
    """Yield the sizes in a listing: ``-rw-r--r-- 0/0  9000 2026-11-01 12:00 …/name``."""
    for line in listing.splitlines():
        words = line.split(None, 3)
        if line.startswith(b"-") and len(words) == 4 and words[2].isdigit():
            yield int(words[2])


def _refuse_bomb(image: Path, size: int) -> None:
    if size > _SPARE + _RATIO * image.stat().st_size:
        raise IntegrityError(f"{image}: unpacks to more than {_RATIO} times its size")


def _below(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        yield from (Path(folder, name) for name in (*folders, *files))


def _told(path: Path) -> str:
    status = path.lstat()
    mode = stat.filemode(status.st_mode)
    if path.is_symlink():
        return f"{mode} -> {path.readlink()}"
    return f"{mode} {sha256(path)}" if path.is_file() else mode


def of_archive(archive: Path) -> Contents:
    """Return the files of an OCI archive's layers, by layer and path, and its settings.

    Parameters
    ----------
    archive
        A tar file of an OCI layout with one image.

    Returns
    -------
    dict
        As of `of_sif`, with owners; ``settings`` is the image's configuration.

    Raises
    ------
    IntegrityError
        When it is no such archive.
    """
    with _whole(archive) as (tar, manifest):
        found = {"settings": _settings(_json(tar, _blob(manifest["config"])))}
        for number, layer in enumerate(manifest["layers"]):
            found |= _layer(archive, tar, _blob(layer), f"layer {number}")
    return found


def settings_of(archive: Path) -> dict[str, Any]:
    """Return the settings of the image in an OCI archive: ``User``, ``Labels`` and the like.

    Raises
    ------
    IntegrityError
        When it is no such archive.
    """
    with _whole(archive) as (tar, manifest):
        return dict(_json(tar, _blob(manifest["config"]))["config"])


@contextlib.contextmanager
def _whole(archive: Path) -> Iterator[tuple[tarfile.TarFile, Any]]:
    try:
        with tarfile.open(archive) as tar:
            yield tar, _json(tar, _blob(_json(tar, "index.json")["manifests"][0]))
    except _BROKEN as error:
        raise IntegrityError(f"{archive}: not a whole OCI archive ({error})") from error


def _blob(descriptor: Any) -> str:
    return "blobs/" + str(descriptor["digest"]).replace(":", "/")


def _json(tar: tarfile.TarFile, name: str) -> Any:
    return json.loads(read_at_most(_opened(tar, name), _MOST_JSON))


def _opened(tar: tarfile.TarFile, entry: str | tarfile.TarInfo) -> IO[bytes]:
    stream = tar.extractfile(entry)
    if stream is None:
        raise ValueError(f"{entry} is no file")
    return stream


def _settings(config: Any) -> str:
    of_tools = {"history", "rootfs"}
    kept = {name: value for name, value in config.items() if name not in of_tools}
    (kept["config"].get("Labels") or {}).pop(BUILDAHS_LABEL, None)
    return json.dumps(kept, sort_keys=True)


def _layer(archive: Path, tar: tarfile.TarFile, blob: str, layer: str) -> Contents:
    found: Contents = {}
    size = 0
    with tarfile.open(fileobj=_opened(tar, blob)) as files:
        for entry in files:
            told = f"{entry.type!r} {entry.mode:o} {entry.uid}:{entry.gid} {entry.linkname}"
            size += entry.size
            _refuse_bomb(archive, size)
            if entry.isfile():
                told += f" {hashlib.file_digest(_opened(files, entry), 'sha256').hexdigest()}"  # type: ignore[arg-type]
            found[f"{layer}: {entry.name}"] = told
    return found


def differences(first: Contents, second: Contents) -> list[str]:
    """Return a line for each path that one has alone, or that differs."""
    return [
        *(f"{path}: only in the first" for path in sorted(first.keys() - second.keys())),
        *(f"{path}: only in the second" for path in sorted(second.keys() - first.keys())),
        *(
            f"{path}: {first[path]} | {second[path]}"
            for path in sorted(first.keys() & second.keys())
            if first[path] != second[path]
        ),
    ]
