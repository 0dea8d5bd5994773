"""``hpcpy verify``: build twice and compare the bytes, or check a given file."""

from __future__ import annotations

import argparse
import filecmp
import os
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path

from hpcpy import paths
from hpcpy.build.command import have
from hpcpy.build.contents import Contents, differences, of_archive, of_sif
from hpcpy.build.diffoscope import closer
from hpcpy.build.elsewhere import elsewhere
from hpcpy.build.graph import the_graph
from hpcpy.build.packed_by import in_words, packed_by
from hpcpy.engine.setup import ensure
from hpcpy.errors import IntegrityError, UsageError
from hpcpy.files import GIB, require_free
from hpcpy.scratch import build_scratch
from hpcpy.stages import stage

_FREE = 14 * GIB
_LISTED = 20


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    help_ = "a SIF or an OCI archive: is it what this checkout makes? (default: build all twice)"
    parser.add_argument("file", nargs="?", metavar="IMAGE", type=Path, help=help_)


def main(options: argparse.Namespace) -> int:
    """Compare this checkout's images with a given one, or with those of a second build.

    Returns
    -------
    int
        0 when they are the same bytes. A given image, and one that other versions of the
        tools have packed, may also hold the same files.

    Raises
    ------
    IntegrityError
        When one differs.
    """
    return _build_twice() if options.file is None else _given(options.file)


def _given(file: Path) -> int:
    if not file.is_file():
        raise UsageError(f"{file}: no such file")
    kind = "oci" if tarfile.is_tarfile(file) else "sif"
    # A file that was given another name is taken for the default image.
    named = file.name.partition(".")[0]
    ours, _, _ = have(kind, named if named in the_graph().images else "hpcpy")
    compare(ours, file)
    return 0


def _build_twice() -> int:
    first, _, _ = have("sif")
    require_free(paths.BUILD, _FREE, "a second build")
    with build_scratch("verify") as folder, elsewhere(folder) as other:
        print(f"what differs in the second build: {', '.join(other.told)}")
        with stage("second build, from an empty cache") as current:
            current.run(
                [*other.prefix, sys.executable, "-m", "hpcpy", "build", "sif"],
                env=other.env,
            )
        for name in (first.with_suffix(".oci.tar").name, first.name):
            second = other.checkout / "build" / name
            tools = packed_by(second)
            # The scratch folder is removed: keep the image, to look for a difference in it.
            kept = second.replace(paths.BUILD / f"second.{name}")
            os.chown(kept, os.geteuid(), os.getegid())
            compare(paths.BUILD / name, kept, rebuilt_by=tools)
            kept.unlink()
    return 0


def compare(ours: Path, other: Path, *, rebuilt_by: Mapping[str, str] | None = None) -> None:
    """Say whether two images are the same bytes, else whether they hold the same files.

    Parameters
    ----------
    ours, other
        Two SIFs, or two OCI archives.
    rebuilt_by
        Of a second build, the versions of the tools: the same ones have to give the
        same bytes.

    Raises
    ------
    IntegrityError
        When a file differs, of which the first ones are printed, or the bytes of a
        second build do.
    """
    if filecmp.cmp(ours, other, shallow=False):
        print(f"{other.name}: the same bytes")
        return
    with stage(f"compare the files in {other.name}"):
        found = differences(_contents(ours), _contents(other))
    for line in found[:_LISTED]:
        print(line)
    if len(found) > _LISTED:
        print(f"and {len(found) - _LISTED} more")
    mine = packed_by(ours)
    theirs = packed_by(other) if rebuilt_by is None else dict(rebuilt_by)
    has_other_tools = bool(mine and theirs) and mine != theirs
    if found or (rebuilt_by is not None and not has_other_tools):
        what = f"differs in {len(found)} files" if found else "has the same files in other bytes"
        raise IntegrityError(f"{other.name} {what}", hint=closer(ours, other))
    packed = f"packed by {in_words(theirs)}, ours by {in_words(mine)}"
    print(f"{other.name}: the same files; {packed if mine != theirs else f'signed, or {packed}'}")


def _contents(image: Path) -> Contents:
    if tarfile.is_tarfile(image):
        return of_archive(image)
    program = ensure("apptainer").mksquashfs.with_name("unsquashfs")
    with build_scratch("contents") as scratch:
        # Another's image may have setuid-root programs: no other user may reach them.
        scratch.chmod(0o700)
        return of_sif(image, program, scratch)
