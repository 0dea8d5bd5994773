"""``hpcpy pack PREFIX``: one file in the place of an environment's folder."""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from hpcpy.core.errors import UnavailableError, UsageError
from hpcpy.core.files import disk_errors, require_free
from hpcpy.core.removal import remove_tree
from hpcpy.core.stages import StageError, say, stage
from hpcpy.pack import environment as environments
from hpcpy.pack.environment import Environment
from hpcpy.pack.exchange import beside, exchange, is_packed, making, recover
from hpcpy.pack.findings import Contents, look
from hpcpy.pack.image import ANY, renew_mark, squashfs_tool, write
from hpcpy.pack.launcher import checked, launcher
from hpcpy.pack.report import Counts, count


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments; a program follows ``--``."""
    parser.usage = "hpcpy pack [-h] [OPTION …] PREFIX [-- PROGRAM …]"
    what = "folder of a conda environment, a venv, a Spack view, or any with bin/; or a SIF"
    parser.add_argument("prefix", metavar="PREFIX", type=Path, help=what)
    for name, help_ in (
        ("--undo", "give the folder back"),
        ("--update", "run PROGRAM where the folder can be written, and pack it again"),
        ("--remove", "remove the folder as it was, PREFIX.unpacked, which is kept otherwise"),
    ):
        parser.add_argument(name, action="store_true", help=help_)
    parser.add_argument(
        "--with", action="append", default=[], type=Path, metavar="FOLDER", dest="others",
        help="pack this folder too, at its place: what links lead to",
    )  # fmt: skip
    parser.add_argument(
        "--to", type=Path, metavar="FOLDER", help="of a SIF: the folder of its commands"
    )
    parser.add_argument(
        "--bake", type=Path, metavar="SIF", dest="baked",
        help="of Python 3.14: write an image of hpcpy with the packages as they lie",
    )  # fmt: skip
    parser.add_argument(
        "--image", type=Path, metavar="SIF", help="of --bake: the base (default: build/hpcpy.sif)"
    )
    parser.add_argument(
        "--launcher", type=Path, metavar="FILE", help="one that was made on another machine"
    )
    parser.epilog = (
        "Exit codes: 0 done; 1 PROGRAM or a check failed; 2 wrong request; 69 this machine"
        " cannot do it; 73 disk full or not writable. In each case but 0 PREFIX is as it was."
    )


def main(options: argparse.Namespace) -> int:
    """Do one of the actions."""
    prefix = Path(os.path.abspath(options.prefix))  # noqa: PTH100  # a link is refused later
    if options.to or prefix.is_file():
        from hpcpy.pack.system import pack_sif  # noqa: PLC0415  # for a SIF alone

        return pack_sif(prefix, options.to, _launcher(options))
    recover(prefix)
    if not prefix.is_dir():
        raise UsageError(f"{options.prefix}: there is no such folder")
    if options.baked:
        from hpcpy.pack.bake import bake_environment  # noqa: PLC0415

        return bake_environment(prefix, options)
    if not is_packed(prefix):
        if options.undo or options.update:
            raise UsageError(f"{prefix}: is not packed", hint=f"./hpcpy pack {prefix}")
        pack(prefix, options)
        return 0
    if options.undo:
        undo(prefix)
    elif options.update:
        update(prefix, options)
    elif not options.remove:
        raise UsageError(f"{prefix}: is packed already", hint="give --update, --undo or --remove")
    if options.remove:
        remove_kept(prefix)
    return 0


def _launcher(options: argparse.Namespace) -> Path:
    return checked(options.launcher.absolute()) if options.launcher else launcher()


def pack(prefix: Path, options: argparse.Namespace) -> None:
    """Pack a folder, see that it starts, and let it take its place."""
    found = environments.read(prefix, options.others)
    unpacked = beside(prefix, "unpacked")
    if unpacked.exists():
        raise UsageError(f"{unpacked}: is in the way", hint="move it, or remove it")
    program = _launcher(options)
    with making(prefix) as packing:
        contents = _make(found, packing, program)
        counts = _check(found, packing, contents, options.program)
        renew_mark(packing)
        exchange(prefix, packing)
        packing.rename(unpacked)
    (prefix / ".pack/lock").unlink(missing_ok=True)
    _tell(found, contents)
    if counts:
        print(counts.line)
    print(f"the folder as it was is {unpacked}; to remove it: ./hpcpy pack --remove {prefix}")
    if options.remove:
        remove_kept(prefix)


def _make(found: Environment, packing: Path, program: Path) -> Contents:
    with stage(f"look through {found.prefix.name}") as current:
        contents = look(found)
        current.note = f"{contents.entries:,} entries, {contents.size / 1e6:,.0f} MB"
    for line in contents.lines():
        say(line)
    if unreadable := contents.found.get("unreadable"):
        raise UsageError(f"{unreadable[0]}: cannot be read", hint="chmod u+r, or remove it")
    require_free(packing, contents.size // 2, "the image")
    with stage(f"pack {found.prefix.name}") as current, disk_errors(packing):
        write(packing, found, program, current)
        _refuse_losses(current.log)
        current.note = f"{image_of(packing).stat().st_size / 1e6:,.0f} MB"
    return contents


def _refuse_losses(log: Path) -> None:
    # mksquashfs goes on without a file that it cannot read, and says so.
    for line in log.read_text(errors="replace").splitlines():
        if "Failed to read" in line or "creating empty file" in line or "ignoring" in line:
            raise StageError(f"mksquashfs: {line.strip()}")


def image_of(packed: Path) -> Path:
    """Return the image of a packed folder."""
    config = (packed / ".pack/config").read_text(errors="surrogateescape")
    name = next(line for line in config.splitlines() if line.startswith("image "))
    return packed / ".pack" / name.removeprefix("image ")


def _check(
    found: Environment, packing: Path, contents: Contents, program: Sequence[str]
) -> Counts | None:
    """See that each entry is in the image and a program starts, and count its path calls."""
    with stage(f"start from {image_of(packing).name}") as current:
        inside = [str(found.prefix), *map(str, found.others)]
        list_all = [str(packing / "bin" / ANY), "find", *inside, "-printf", "."]
        env = {**os.environ, "HPCPY_PACK_HOLD": "0"}
        done = subprocess.run(list_all, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise UnavailableError(f"the packed folder does not start here: {last}")
        if len(done.stdout) != contents.entries:
            raise StageError(
                f"the image has {len(done.stdout):,} of {contents.entries:,} entries",
                hint="end what changes the folder, and try again",
            )
        current.note = "every entry is there"
    # Of an update there is no folder at its place to compare with.
    return count(found, packing, program) if found.source == found.prefix else None


def _tell(found: Environment, contents: Contents) -> None:
    image = image_of(found.prefix)
    left = sum(1 for _ in found.prefix.rglob("*"))
    print(
        f"{found.prefix}: {found.kind}, {contents.entries:,} entries, {contents.size / 1e6:,.0f} MB"
        f" -> {left} entries, {image.stat().st_size / 1e6:,.0f} MB"
    )


def remove_kept(prefix: Path) -> None:
    """Remove the folder as it was, and images of earlier packs."""
    if not is_packed(prefix):
        return
    unpacked = beside(prefix, "unpacked")
    with stage(f"remove {unpacked.name}"):
        for image in (prefix / ".pack").glob("*.sqsh"):
            if image not in (image_of(prefix), prefix / ".pack/skeleton.sqsh"):
                image.unlink()
        if unpacked.exists():
            remove_tree(unpacked)


def unpack(prefix: Path, target: Path) -> None:
    """Write the folder that is in the image, whole or not at all."""
    config = (prefix / ".pack/config").read_text(errors="surrogateescape").splitlines()
    trees = [line.split(" ", 2) for line in config if line.startswith("tree ")]
    with making(prefix) as folder, stage(f"unpack {prefix.name}") as current, disk_errors(folder):
        made = folder / "tree"
        own = [trees[0][1]] if trees else []
        tool = squashfs_tool("unsquashfs")
        current.run([tool, "-no-progress", "-quiet", "-d", made, image_of(prefix), *own])
        made.joinpath(*own).rename(target)


def undo(prefix: Path) -> None:
    """Give the folder back: what was kept, or what is in the image."""
    unpacked = beside(prefix, "unpacked")
    if not unpacked.exists():
        unpack(prefix, unpacked)
    exchange(prefix, unpacked)
    with stage("remove the image"):
        remove_tree(unpacked)
    print(f"{prefix} is the folder again")


def update(prefix: Path, options: argparse.Namespace) -> None:
    """Run a program where the folder takes the image's place, and pack it again.

    It is another folder than the kept one: half of a change is never given back.
    """
    if not options.program:
        raise UsageError("--update needs a program", hint="-- pip install NAME")
    folder, unpacked = beside(prefix, "updating"), beside(prefix, "unpacked")
    if folder.exists():  # of one that was killed
        remove_tree(folder)
    unpack(prefix, folder)
    try:
        _run_within(prefix, folder, options.program)
        found = environments.of(prefix, folder, [*_others(prefix), *options.others])
        with making(prefix) as packing:
            contents = _make(found, packing, _launcher(options))
            _check(found, packing, contents, ())
            renew_mark(packing)
            was_kept = unpacked.exists()
            if was_kept:
                remove_tree(unpacked)
            exchange(prefix, packing)
            # Programs on other nodes still read the old one.
            old = image_of(packing)
            old.rename(prefix / ".pack" / old.name)
            remove_tree(packing)
            (prefix / ".pack/lock").unlink(missing_ok=True)
        if was_kept:
            folder.rename(unpacked)
        _tell(found, contents)
    finally:
        if folder.exists():
            remove_tree(folder)


def _run_within(prefix: Path, folder: Path, program: Sequence[str]) -> None:
    command = list(program)
    if "/" not in command[0] and (folder / "bin" / command[0]).exists():
        command[0] = str(prefix / "bin" / command[0])
    code = subprocess.run([prefix / ".pack/run", folder, *command], check=False).returncode
    if code:
        raise StageError(f"{shlex.join(program)} ended with {code}; {prefix} is as it was")


def _others(prefix: Path) -> list[Path]:
    """Return the other folders that were packed with a prefix."""
    lines = (prefix / ".pack/config").read_text(errors="surrogateescape").splitlines()
    return [Path(line.split(" ", 2)[2]) for line in lines if line.startswith("tree ")][1:]
