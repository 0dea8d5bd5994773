"""``hpcpy verify``: build twice and compare the bytes, or check a given file."""

from __future__ import annotations

import argparse
import filecmp
import os
import sys
import tarfile
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.errors import IntegrityError, UsageError
from hpcpy.core.files import make_folder, place
from hpcpy.core.scratch import build_scratch
from hpcpy.core.stages import stage
from hpcpy.engine.sif_header import architecture, missing, system_sha256
from hpcpy.fetch.artifacts import downloads_dir
from hpcpy.images.cached import tree_files
from hpcpy.images.command import ensure_image
from hpcpy.images.graph import the_graph
from hpcpy.pins.model import ARCHITECTURES, host_arch

# How archives begin, sorted, and how they end.
_ARCHIVE, _END = b"blobs/\0", bytes(1024)


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    help_ = "a SIF or an OCI archive: is it what this checkout makes? (default: build all twice)"
    parser.add_argument("file", nargs="?", metavar="IMAGE", type=paths.named, help=help_)


def main(options: argparse.Namespace) -> int:
    """Compare this checkout's images with a given one, or with those of a second build."""
    file: Path | None = options.file
    if file is None:
        _build_twice()
        return 0
    if not file.is_file():
        raise UsageError(f"{file}: no such file")
    kind = _kind_of(file)
    # A file that was given another name is taken for the default image.
    named = file.name.partition(".")[0]
    ours, _, _ = ensure_image(kind, named if named in the_graph().images else "hpcpy")
    compare(ours, file)
    return 0


def _kind_of(file: Path) -> str:
    """Return the kind of an image; hostile archives can hang tarfile: no more of one is read."""
    with file.open("rb") as stream:
        if stream.read(len(_ARCHIVE)) == _ARCHIVE:
            stream.seek(-min(file.stat().st_size, len(_END)), os.SEEK_END)
            if stream.read() != _END:
                raise IntegrityError(f"{file}: is cut short; copy it again")
            return "oci"
    of = architecture(file)
    if wrong := missing(file):
        raise IntegrityError(f"{file}: {wrong}")
    if of != ARCHITECTURES[host_arch()].sif:
        raise UsageError(f"{file}: not for {host_arch()}", hint="verify it on such a machine")
    return "sif"


def _build_twice() -> None:
    first, _, _ = ensure_image("sif")
    with build_scratch("verify") as folder:
        second = _build_again(folder)
        for name in (first.with_suffix(".oci.tar").name, first.name):
            # The scratch folder is removed: keep the image, to look for a difference in it.
            kept = (second / name).replace(paths.BUILD / f"second.{name}")
            compare(paths.BUILD / name, kept)
            kept.unlink()


def _build_again(folder: Path) -> Path:
    """Build in a copy of the checkout, by a cache that has the downloads alone."""
    checkout, cache = folder / "another/checkout", folder / "cache"
    for path in tree_files("."):
        place(path, checkout / path.relative_to(paths.ROOT))
    second = checkout / paths.BUILD.name
    if second.exists():
        raise UsageError(f"{paths.BUILD}: git keeps files of it", hint="git rm --cached -r build")
    make_folder(downloads_dir())
    make_folder(cache / "hpcpy")
    (cache / "hpcpy/downloads").symlink_to(downloads_dir())
    env = {"PYTHONPATH": str(checkout / "src"), "HPCPY_CACHE": str(cache)}
    with stage("second build, from an empty cache") as current:
        current.run([sys.executable, "-m", "hpcpy", "build", "sif"], env=env, cwd=checkout)
    return second


def compare(ours: Path, other: Path) -> None:
    """Refuse an image that has other bytes than ours, but for a SIF's signature and labels."""
    if ours.samefile(other):
        raise UsageError(f"{other}: it would be compared with itself", hint="run: make verify")
    if filecmp.cmp(ours, other, shallow=False):
        print(f"{other.name}: the same bytes")
        return
    is_archive = tarfile.is_tarfile(ours)
    if not is_archive and system_sha256(ours) == system_sha256(other):
        print(f"{other.name}: the same root file system, signed or labelled otherwise")
        return
    # A pinned program packs a SIF, the machine's buildah an archive.
    also = "; or compare SIFs: another buildah may pack the same files otherwise"
    hint = f"diffoscope {ours} {other}{also if is_archive else ''}"
    raise IntegrityError(f"{other.name} differs from {ours}", hint=hint)
