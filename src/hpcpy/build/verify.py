"""``hpcpy verify``: build twice and compare the bytes, or check a given file."""

from __future__ import annotations

import argparse
import filecmp
import shutil
import sys
import tarfile
from pathlib import Path

from hpcpy import paths
from hpcpy.build.command import have
from hpcpy.build.contents import Contents, differences, of_archive, of_sif
from hpcpy.build.elsewhere import elsewhere
from hpcpy.build.graph import the_graph
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
    parser.add_argument("file", nargs="?", metavar="FILE", type=Path, help=help_)


def main(options: argparse.Namespace) -> int:
    """Compare this checkout's images with a given one, or with those of a second build.

    Returns
    -------
    int
        0 when they are the same bytes, or hold the same files.

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
            try:
                compare(paths.BUILD / name, second)
            except IntegrityError:
                shutil.copyfile(second, paths.BUILD / f"second.{name}")
                raise
    return 0


def compare(ours: Path, other: Path) -> None:
    """Say whether two images are the same bytes, else whether they hold the same files.

    Parameters
    ----------
    ours, other
        Two SIFs, or two OCI archives.

    Raises
    ------
    IntegrityError
        When a file differs; the first ones are printed.
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
    if found:
        raise IntegrityError(
            f"{other.name} differs in {len(found)} files",
            hint=f"compare with: diffoscope {ours} {other}",
        )
    print(f"{other.name}: the same files; signed, or packed by other versions of the tools")


def _contents(image: Path) -> Contents:
    if tarfile.is_tarfile(image):
        return of_archive(image)
    program = ensure("apptainer").mksquashfs.with_name("unsquashfs")
    with build_scratch("contents") as scratch:
        # Somebody else's image may have a program that is root's for all who can reach it.
        scratch.chmod(0o700)
        return of_sif(image, program, scratch)
