"""The files of an OCI archive, its layers applied in order."""

from __future__ import annotations

import gzip
import json
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal

from hpcpy.errors import IntegrityError
from hpcpy.files import MIB, read_at_most

# The longest are SBOMs and records of packages, of some MiB.
_MOST = 256 * MIB
_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
# Of the OCI image specification; zstd needs a newer Python than the host's.
_PLAIN, _GZIP = (f"application/vnd.oci.image.layer.v1.tar{suffix}" for suffix in ("", "+gzip"))


@dataclass(frozen=True)
class Entry:
    """A file of the image: the layer that it comes from, and its bytes."""

    layer: int
    size: int


@dataclass
class LayerFiles:
    """All files of an image by path, and the small ones that were asked for.

    Links count as files of no bytes: a hard link's are its target's.
    """

    digest: str
    files: dict[str, Entry] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)


def read_contents(archive: Path, wanted: Callable[[str], bool]) -> LayerFiles:
    """Read an OCI archive, streaming its layers.

    Parameters
    ----------
    archive
        The OCI archive.
    wanted
        Tells by path which files' text is kept.

    Returns
    -------
    LayerFiles
        Paths are relative to the root of the image.

    Raises
    ------
    IntegrityError
        When it is not a whole OCI archive of a known format.
    """
    with _format_errors(archive), tarfile.open(archive, "r:") as tar:
        manifest_digest = str(_json(tar, "index.json")["manifests"][0]["digest"])
        contents = LayerFiles(manifest_digest)
        manifest = _json(tar, _blob(manifest_digest))
        for number, layer in enumerate(manifest["layers"]):
            kind = layer["mediaType"]
            if kind not in (_PLAIN, _GZIP):
                raise IntegrityError(f"{archive}: a layer of the unknown format {kind}")
            with _open(tar, _blob(layer["digest"])) as packed:
                mode: Literal["r|gz", "r|"] = "r|gz" if kind == _GZIP else "r|"
                with tarfile.open(fileobj=packed, mode=mode) as files:
                    _add_layer(contents, number, files, wanted)
        return contents


@contextmanager
def _format_errors(archive: Path) -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, LookupError) as error:
        raise IntegrityError(f"{archive}: not a whole OCI archive ({error})") from error
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise IntegrityError(f"{archive}: not an OCI archive ({error})") from error


def _blob(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _open(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    stream = tar.extractfile(name)
    if stream is None:
        raise LookupError(f"{name} is no file")
    return stream


def _json(tar: tarfile.TarFile, name: str) -> Any:
    with _open(tar, name) as stream:
        return json.loads(read_at_most(stream, _MOST))


def _add_layer(
    contents: LayerFiles, number: int, layer: tarfile.TarFile, wanted: Callable[[str], bool]
) -> None:
    for member in layer:
        path = member.name.removeprefix("./").strip("/")
        folder, _, name = path.rpartition("/")
        if name.startswith(_WHITEOUT):
            _hide(contents, number, folder, name)
        elif not member.isdir():
            contents.files[path] = Entry(number, member.size if member.isreg() else 0)
            if member.isreg() and wanted(path) and (text := layer.extractfile(member)):
                contents.texts[path] = read_at_most(text, _MOST).decode(errors="replace")


def _hide(contents: LayerFiles, number: int, folder: str, name: str) -> None:
    """Take away what lower layers have under a whiteout."""
    hidden = folder if name == _OPAQUE else f"{folder}/{name.removeprefix(_WHITEOUT)}".lstrip("/")
    below = f"{hidden}/" if hidden else ""
    for path, entry in list(contents.files.items()):
        if entry.layer < number and (path.startswith(below) or path == hidden):
            del contents.files[path]
            contents.texts.pop(path, None)
