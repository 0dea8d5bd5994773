"""``hpcpy pack PREFIX``: one file in the place of an environment's folder."""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
from pathlib import Path

from hpcpy.core.errors import UnavailableError, UsageError
from hpcpy.core.files import disk_errors
from hpcpy.core.scratch import remove_tree
from hpcpy.core.stages import StageError, say, stage
from hpcpy.pack import environment as environments
from hpcpy.pack import image
from hpcpy.pack.environment import Environment
from hpcpy.pack.image import ANY, beside, bound, image_of, is_packed, making, squashfs_tool, swap
from hpcpy.pack.launcher import launcher
from hpcpy.pack.report import ALONE, Contents, count, look


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments; a program follows ``--``."""
    parser.usage = "hpcpy pack [-h] [OPTION …] PREFIX [-- PROGRAM …]"
    what = "folder of a conda environment, a venv, a Spack view, or any with bin/; or a SIF"
    parser.add_argument("prefix", metavar="PREFIX", type=Path, help=what)
    parser.add_argument("--undo", action="store_true", help="give the folder back")
    what = "run PROGRAM where the folder can be written, and pack it again"
    parser.add_argument("--update", action="store_true", help=what)
    what = "pack this folder too, at its place: what links lead to"
    parser.add_argument(
        "--with", action="append", default=[], type=Path, metavar="FOLDER", dest="others", help=what
    )
    files = (
        ("--to", "FOLDER", "of a SIF: the folder of its commands"),
        ("--bake", "SIF", "of Python 3.14: write an image of hpcpy with the packages"),
        ("--image", "SIF", "of --bake: the base (default: build/hpcpy.sif)"),
    )
    for name, value, help_ in files:
        parser.add_argument(name, type=Path, metavar=value, help=help_)
    parser.epilog = (
        "Exit codes: 0 done; 1 PROGRAM or a check failed; 2 wrong request; 69 this machine"
        " cannot do it; 73 disk full or not writable. In each case but 0 PREFIX is as it was."
    )


def main(options: argparse.Namespace) -> int:
    """Do one of the actions."""
    prefix = Path(os.path.abspath(options.prefix))  # noqa: PTH100  # a link is refused later
    if options.to or prefix.is_file():
        from hpcpy.pack.system import pack_sif  # noqa: PLC0415  # for a SIF alone

        pack_sif(prefix, options.to)
        return 0
    image.require(prefix)
    if options.bake:
        from hpcpy.pack.bake import bake_environment  # noqa: PLC0415

        bake_environment(prefix, options)
        return 0
    is_change = options.undo or options.update
    if is_change and not is_packed(prefix):
        raise UsageError(f"{prefix}: is not packed", hint=f"./hpcpy pack {prefix}")
    if is_packed(prefix) and not is_change:
        raise UsageError(f"{prefix}: is packed already", hint="give --update or --undo")
    action = undo if options.undo else update if options.update else pack
    action(prefix, options)
    return 0


def pack(prefix: Path, options: argparse.Namespace) -> None:
    """Pack a folder, see that it starts, and let it take its place."""
    found = environments.read(prefix, options.others)
    unpacked = beside(prefix, "unpacked")
    if unpacked.exists():
        raise UsageError(f"{unpacked}: is in the way", hint="move it, or remove it")
    with making(prefix, "packing") as packing:
        contents = _make(found, packing)
        counted = count(found, packing, options.program)
        swap(prefix, packing, unpacked)
    _report(prefix, contents)
    print(counted)
    print(f"the folder as it was is {unpacked}; when you are content: rm -r {unpacked}")


def _make(found: Environment, packing: Path) -> Contents:
    """Fill a folder, and see that a program starts there."""
    launcher()
    with stage(f"look through {found.prefix.name}") as current:
        contents = look(found)
        current.note = f"{contents.entries:,} entries, {contents.size / 1e6:,.0f} MB"
    for line in contents.lines():
        say(line)
    if unreadable := contents.found.get("unreadable"):
        raise UsageError(f"{unreadable[0]}: cannot be read", hint="chmod u+r, or remove it")
    with stage(f"pack {found.prefix.name}") as current, disk_errors(packing):
        image.write(packing, found, current)
        current.note = f"{image_of(packing).stat().st_size / 1e6:,.0f} MB"
    # Mounted here it shows a fault before it takes the folder's place.
    words, env = [str(packing / "bin" / ANY), "true"], {**os.environ, **ALONE}
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UnavailableError(f"the packed folder does not start here: {done.stderr.strip()}")
    return contents


def _report(prefix: Path, contents: Contents) -> None:
    before = f"{contents.entries:,} entries, {contents.size / 1e6:,.0f} MB"
    left, size = sum(1 for _ in prefix.rglob("*")), image_of(prefix).stat().st_size
    print(f"{prefix}: {before} -> {left} entries, {size / 1e6:,.0f} MB")


def unpack(prefix: Path, scratch: Path) -> Path:
    """Write the folder that is in the image below another one; return where."""
    own, tool = [name for name, _ in bound(prefix)][-1:], squashfs_tool("unsquashfs")
    with stage(f"unpack {prefix.name}") as current, disk_errors(scratch):
        made = ["-no-progress", "-quiet", "-d", str(scratch / "tree")]
        current.run([tool, *made, image_of(prefix), *own])
    return scratch.joinpath("tree", *own)


def undo(prefix: Path, _: argparse.Namespace) -> None:
    """Give the folder back: what was kept, or what is in the image."""
    unpacked, packed = beside(prefix, "unpacked"), beside(prefix, "pack-old")
    remove_tree(packed)
    with making(prefix, "updating") as scratch:
        swap(prefix, unpacked if unpacked.exists() else unpack(prefix, scratch), packed)
    with stage("remove the image"):
        remove_tree(packed)
    print(f"{prefix} is the folder again")


def update(prefix: Path, options: argparse.Namespace) -> None:
    """Run a program where the folder takes the image's place, and pack it again.

    It is another folder than the kept one: half of a change is never given back.
    """
    if not options.program:
        raise UsageError("--update needs a program", hint="-- pip install NAME")
    packed = beside(prefix, "pack-old")
    with making(prefix, "updating") as scratch:
        folder = unpack(prefix, scratch)
        others = [Path(place) for _, place in bound(prefix)[:-1]]
        _run_within(environments.of(prefix, folder, others), options.program)
        found = environments.of(prefix, folder, [*others, *options.others])
        with making(prefix, "packing") as packing:
            contents = _make(found, packing)
            old = image_of(prefix)
            remove_tree(beside(prefix, "unpacked"))
            remove_tree(packed)
            swap(prefix, packing, packed)
            # Programs on other nodes still read the old image: until the next update.
            (packed / ".pack" / old.name).rename(old)
            remove_tree(packed)
    _report(prefix, contents)


def _run_within(found: Environment, program: list[str]) -> None:
    command = list(program)
    if found.is_command(command[0]):
        command[0] = str(found.prefix / "bin" / command[0])
    command = [*environments.at_its_place(found), *command]
    if code := subprocess.run(command, check=False).returncode:
        raise StageError(f"{shlex.join(program)} ended with {code}; {found.prefix} is as it was")
