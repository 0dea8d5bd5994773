"""``hpcpy verify``: build twice and compare the bytes, or check a given file."""

from __future__ import annotations

import argparse
import filecmp
import os
import stat
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from hpcpy.build.archive import files_of, refuse_bomb
from hpcpy.build.command import ensure_image
from hpcpy.build.graph import the_graph
from hpcpy.build.inputs import tree_files
from hpcpy.build.packed_by import in_words, packed_by
from hpcpy.build.sif_header import system_offset
from hpcpy.core import paths
from hpcpy.core.errors import IntegrityError, UsageError
from hpcpy.core.files import place, sha256
from hpcpy.core.scratch import build_scratch
from hpcpy.core.stages import stage
from hpcpy.engine.setup import ensure

_LISTED = 20


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    help_ = "a SIF or an OCI archive: is it what this checkout makes? (default: build all twice)"
    parser.add_argument("file", nargs="?", metavar="IMAGE", type=Path, help=help_)


def main(options: argparse.Namespace) -> int:
    """Compare this checkout's images with a given one, or with those of a second build."""
    return _build_twice() if options.file is None else _given(options.file)


def _given(file: Path) -> int:
    if not file.is_file():
        raise UsageError(f"{file}: no such file")
    kind = "oci" if tarfile.is_tarfile(file) else "sif"
    # A file that was given another name is taken for the default image.
    named = file.name.partition(".")[0]
    ours, _, _ = ensure_image(kind, named if named in the_graph().images else "hpcpy")
    compare(ours, file)
    return 0


def _build_twice() -> int:
    first, _, _ = ensure_image("sif")
    with build_scratch("verify") as folder:
        second = _build_again(folder)
        for name in (first.with_suffix(".oci.tar").name, first.name):
            tools = packed_by(second / name)
            # The scratch folder is removed: keep the image, to look for a difference in it.
            kept = (second / name).replace(paths.BUILD / f"second.{name}")
            compare(paths.BUILD / name, kept, rebuilt_by=tools)
            kept.unlink()
    return 0


def _build_again(folder: Path) -> Path:
    """Build in a copy of the checkout, by a cache that has the downloads alone."""
    checkout, cache = folder / "another/checkout", folder / "cache"
    for path in tree_files("."):
        place(path, checkout / path.relative_to(paths.ROOT))
    for path in (paths.cache_dir() / "downloads").rglob("*"):
        if path.is_file():
            place(path, cache / "hpcpy" / path.relative_to(paths.cache_dir()))
    env = {"PYTHONPATH": str(checkout / "src"), "HPCPY_CACHE": str(cache)}
    with stage("second build, from an empty cache") as current:
        current.run([sys.executable, "-m", "hpcpy", "build", "sif"], env=env, cwd=checkout)
    return checkout / "build"


def compare(ours: Path, other: Path, *, rebuilt_by: Mapping[str, str] | None = None) -> None:
    """Say whether two images are the same bytes, else whether they hold the same files.

    `rebuilt_by` has the tools' versions of a second build: the same tools have to give the
    same bytes.  A difference is an IntegrityError.
    """
    if filecmp.cmp(ours, other, shallow=False):
        print(f"{other.name}: the same bytes")
        return
    with stage(f"compare the files in {other.name}"):
        found = differences(_files(ours), _files(other))
    for line in found[:_LISTED]:
        print(line)
    if len(found) > _LISTED:
        print(f"and {len(found) - _LISTED} more")
    mine = packed_by(ours)
    theirs = packed_by(other) if rebuilt_by is None else dict(rebuilt_by)
    has_other_tools = bool(mine and theirs) and mine != theirs
    if found or (rebuilt_by is not None and not has_other_tools):
        what = f"differs in {len(found)} files" if found else "has the same files in other bytes"
        raise IntegrityError(
            f"{other.name} {what}", hint=f"compare with: diffoscope {ours} {other}"
        )
    packed = f"packed by {in_words(theirs)}, ours by {in_words(mine)}"
    print(f"{other.name}: the same files; {packed if mine != theirs else f'signed, or {packed}'}")


def _files(image: Path) -> dict[str, str]:
    if tarfile.is_tarfile(image):
        return files_of(image)
    program = ensure("apptainer").mksquashfs.with_name("unsquashfs")
    with build_scratch("contents") as scratch:
        # Another's image may have setuid-root programs: no other user may reach them.
        scratch.chmod(0o700)
        return files_of_sif(image, program, scratch)


def files_of_sif(sif: Path, unsquashfs: Path, scratch: Path) -> dict[str, str]:
    """Return the files of a SIF's root, by path."""
    root = scratch / "root"
    command: list[str | Path] = [unsquashfs, "-no-progress", "-quiet", "-no-xattrs", "-d", root]
    at: list[str | Path] = ["-offset", str(system_offset(sif)), sif]
    listed = subprocess.run([unsquashfs, "-lln", *at], capture_output=True, check=False)
    refuse_bomb(sif, sum(_sizes(listed.stdout)))
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


def _below(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        yield from (Path(folder, name) for name in (*folders, *files))


def _told(path: Path) -> str:
    status = path.lstat()
    mode = stat.filemode(status.st_mode)
    if path.is_symlink():
        return f"{mode} -> {path.readlink()}"
    return f"{mode} {sha256(path)}" if path.is_file() else mode


def differences(first: dict[str, str], second: dict[str, str]) -> list[str]:
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
