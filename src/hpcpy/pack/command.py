"""``hpcpy pack PREFIX``: one file in the place of an environment's folder."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from hpcpy.core.errors import HpcpyError, UnavailableError, UsageError
from hpcpy.core.parser import Parser
from hpcpy.core.paths import named
from hpcpy.core.programs import run
from hpcpy.core.stages import StageError, say, stage
from hpcpy.engine.traced import traced
from hpcpy.pack import environment as environments
from hpcpy.pack import hot, image, standalone
from hpcpy.pack.environment import ON_THE_NODE, Environment, at_its_place, is_below
from hpcpy.pack.image import (
    added,
    bound,
    image_of,
    is_whole,
    names_in,
    setting,
    settings_of,
    unsquashfs,
)
from hpcpy.pack.places import beside, discard, give_back, is_packed, renew, swap, work_folder
from hpcpy.pack.sif import pack_sif

_TRUE, _BASH = "/bin/true", "/bin/bash"
# A start with a mount of its own.
ALONE = {**hot.BY_MOUNT, "HPCPY_PACK_HOLD": "0"}


def declare(parser: Parser) -> None:
    """Add the command's arguments; a program follows ``--``."""
    parser.usage = "hpcpy pack [-h] [OPTION …] PREFIX [-- PROGRAM …]"
    what = "folder of a conda environment, a venv, a Spack view, or any with bin/; or a SIF"
    parser.add_argument("prefix", metavar="PREFIX", type=named, help=what)
    alternative = parser.alternatives()
    alternative("--undo", action="store_true", help="give the folder back")
    what = "run PROGRAM where the folder can be written, and pack it again"
    alternative("--update", action="store_true", help=what)
    what = "say what is in the image, and how much of it a start reads ahead"
    alternative("--explain", action="store_true", help=what)
    what = "write one file, and leave the folder: what it has in bin, by its name and words"
    alternative("--standalone", action="store_true", help=what)
    what = "of --standalone: the file"
    parser.add_argument("-o", dest="file", type=named, metavar="FILE", help=what)
    what = "pack this folder too, at its place: what links lead to"
    several = {"action": "append", "type": named, "default": []}
    parser.add_argument("--with", metavar="FOLDER", dest="others", help=what, **several)
    what = "of a SIF: the folder of its commands (default: beside it)"
    alternative("--to", type=named, metavar="FOLDER", help=what)
    parser.epilog = (
        "Exit codes: 0 done; 1 PROGRAM or a check failed; 2 wrong request; 69 this machine"
        " cannot do it; 73 disk full or not writable. In each case but 0 PREFIX is as it was."
    )


def main(options: argparse.Namespace) -> int:
    """Do one of the actions."""
    prefix = Path(os.path.realpath(options.prefix))
    is_sif = bool(options.to) or prefix.is_file()
    _refuse_ignored(options, is_sif=is_sif)
    if is_again := beside(prefix, "packing").is_dir():
        # One was stopped.
        with work_folder(prefix):
            pass
    environments.refuse_code_of_others(prefix)
    if is_sif:
        made = pack_sif(prefix, options.to)
        if options.program:
            _record(made, made, options)
        return 0
    if not prefix.is_dir():
        raise UsageError(f"{prefix}: there is no such folder")
    if options.undo and is_again and not is_packed(prefix):
        print(f"{prefix} is the folder again")
        return 0
    _refuse_state(prefix, options)
    if options.explain:
        print(_explained(prefix))
        return 0
    change = _undo if options.undo else _update if options.update else _record
    action = change if is_packed(prefix) else _pack
    if options.standalone:
        action = _write_file
    with work_folder(prefix) as work:
        action(prefix, work, options)
    return 0


def _refuse_ignored(options: argparse.Namespace, *, is_sif: bool) -> None:
    if options.to and options.prefix.is_dir():
        raise UsageError(
            f"{options.prefix}: is a folder, and --to is for a SIF", hint="leave it out"
        )
    ignored = {
        "--undo or --update": is_sif and (options.undo or options.update),
        "--explain": is_sif and options.explain,
        "--standalone": is_sif and options.standalone,
        "-o": options.file and not options.standalone,
        "--with": options.others and (is_sif or options.undo or options.explain),
        "a program": options.program and (options.undo or options.explain),
    }
    for name in (name for name, is_ignored in ignored.items() if is_ignored):
        raise UsageError(f"{name} has no meaning here", hint="see ./hpcpy pack --help")


def _refuse_state(prefix: Path, options: argparse.Namespace) -> None:
    """Refuse what cannot be done with a folder as it is: packed, of a SIF, or neither."""
    is_change = options.undo or options.update
    # Of a packed folder, a program is recorded.
    is_use = options.explain or options.standalone or (options.program and not is_change)
    if not is_packed(prefix):
        if is_change or options.explain:
            raise UsageError(f"{prefix}: is not packed", hint=f"./hpcpy pack {prefix}")
        environments.refuse_others(prefix)
    elif image_of(prefix).is_symlink() and not is_use:
        raise UsageError(f"{prefix}: has the commands of a SIF", hint=f"rm -r {prefix}")
    elif not is_change and not is_use:
        hint = "give --update, --undo, or -- and a program to read ahead for"
        raise UsageError(f"{prefix}: is packed already", hint=hint)
    elif options.program and not is_change and "HOT" not in settings_of(prefix):
        hint = f"./hpcpy pack --update {prefix} -- true"
        raise UsageError(
            f"{prefix}: was packed by an older hpcpy, which reads nothing ahead", hint=hint
        )
    elif options.others and not is_change:
        raise UsageError(f"{prefix}: is packed already", hint="--with is for --update, too")


def _pack(prefix: Path, work: Path, options: argparse.Namespace) -> None:
    """Pack a folder, and let the packed one take its place."""
    environment = environments.read(prefix, prefix, options.others)
    unpacked = beside(prefix, "unpacked")
    if unpacked.exists():
        raise UsageError(f"{unpacked}: is in the way", hint="move it, or remove it")
    packed = _make(environment, work)
    counted = count(environment, packed, options.program)
    swap(prefix, packed, unpacked)
    print(counted)
    print(f"the folder as it was is {unpacked}; when you are content: rm -r {unpacked}")


def _write_file(prefix: Path, work: Path, options: argparse.Namespace) -> None:
    """Write one file of a folder, packed or not, which stays as it is."""
    file = options.file or Path(f"{prefix.name}.run")
    if is_packed(prefix):
        if options.program:
            _record(prefix, work, options)
        standalone.write(prefix, file)
    else:
        environment = environments.read(prefix, prefix, options.others)
        packed = _make(environment, work)
        print(count(environment, packed, options.program))
        standalone.write(packed, file)
    print(f"{file}: {file.stat().st_size / 1e6:,.0f} MB; it needs a folder {prefix}")


def _make(environment: Environment, work: Path) -> Path:
    """Return a packed folder, in which a program starts."""
    image.launcher()
    name, packed = environment.prefix.name, work / "packed"
    with stage(f"look through {name}"):
        before = environments.look(environment)
    with stage(f"pack {name}") as current:
        image.write(packed, environment, current)
    with stage(f"start {name}") as current:
        # Mounted here it shows a fault before it takes the folder's place.
        current.run([packed / "bin" / image.ANY, "true"], env=ALONE)
    left, size = sum(1 for _ in packed.rglob("*")), image_of(packed).stat().st_size
    print(f"{environment.prefix}: {before} -> {left} entries, {size / 1e6:,.0f} MB")
    return packed


def _unpack(prefix: Path, work: Path) -> Path:
    """Write the folder that is in the image below another one; return where."""
    tree = work / "tree"
    with stage(f"unpack {prefix.name}") as current:
        current.run(unsquashfs(prefix, "-no-progress", "-quiet", "-d", str(tree)))
    return tree.joinpath(*[name for name, _ in bound(prefix)][-1:])


def _undo(prefix: Path, work: Path, _: argparse.Namespace) -> None:
    """Give the folder back: what was kept, or what is in the image."""
    unpacked = beside(prefix, "unpacked")
    if unpacked.exists() and is_whole(unpacked, prefix):
        give_back(prefix, work)
    else:
        renew(prefix, _unpack(prefix, work), work)
    print(f"{prefix} is the folder again")
    if unpacked.exists():
        hint = f"look for files of your own in it, then rm -r {unpacked}"
        say(f"{unpacked} lacks files that were packed; it is left: {hint}")


def _update(prefix: Path, work: Path, options: argparse.Namespace) -> None:
    """Run a program where the folder takes the image's place, and pack it again.

    It is another folder than the kept one: half of a change is never given back.
    """
    if not options.program:
        raise UsageError("--update needs a program", hint="-- pip install NAME")
    unpacked = beside(prefix, "unpacked")
    if yours := added(unpacked, prefix):
        raise UsageError(f"{yours}: is newer than the image", hint=f"move it, or rm -r {unpacked}")
    others = folders_of(prefix)[:-1]
    environment = environments.read(prefix, _unpack(prefix, work), [*others, *options.others])
    command = [*at_its_place(environment), *options.program]
    # It may ask its user something.
    if code := run(command, stdin=None, process_group=None).returncode:
        program = shlex.join(options.program)
        raise StageError(f"{program} ended with {code}; {prefix} is as it was")
    packed = _make(environment, work)
    # The kept folder first: it is the one of the old image.
    discard(unpacked, work)
    # Programs on other nodes still read the image of before: until the next update.
    renew(prefix, packed, work, image_of(prefix), names_in(prefix))


def launch(packed: Path, env: Mapping[str, str]) -> int:
    """Count the calls of a launch for the image, of the daemon too.

    The program that it starts is one of the node: strace, which stops the daemon, would wait for
    ever for a page of the image's that the daemon is to read.
    """
    calls = traced([str(packed / "bin" / image.ANY), _TRUE], env={**os.environ, **env}).paths
    paths = [call.path for call in calls]
    # Scripts of activation are read from the image.
    end = min(paths.index(name) for name in (_TRUE, _BASH) if name in paths)
    before = [path for path in paths[:end] if path != "/"]
    # A program of the image lies where the one of the node does not.
    return sum(not is_below(path, ON_THE_NODE) for path in before) + 1


def _record(prefix: Path, _: Path, options: argparse.Namespace) -> None:
    """Run a program in a packed folder: what it reads will be read ahead, too."""
    before, is_mounted = hot.ranges(prefix), False
    try:
        is_mounted = bool(hot.record(prefix, _command(prefix, prefix, options.program)))
    except UnavailableError as error:
        if hot.ranges(prefix) == before:
            raise
        # What it has read until then is kept.
        say(str(error))
        is_mounted = True
    if not is_mounted:
        raise UnavailableError(f"{prefix}: cannot be mounted here, so nothing is read ahead")
    print(_ahead(prefix))


def _command(prefix: Path, packed: Path, program: Sequence[str]) -> list[str]:
    """Return the command of a program: a name in ``bin``, or what Python is given."""
    is_command = bool(program) and Path(f"{prefix}/bin/{program[0]}").exists()
    words = program if is_command else (hot.python_in(prefix), *(program or ("-c", "pass")))
    # Those of a SIF are found by its PATH.
    return [f"{setting(packed, 'BIN')}{words[0]}", *words[1:]]


def folders_of(packed: Path) -> list[Path]:
    """Return the folders that a packed folder's image has, at their places."""
    return [Path(place) for _, place in bound(packed)] or [packed]


def count(environment: Environment, packed: Path, program: Sequence[str]) -> str:
    """Return a line of how often a start asks for the environment's files, and will ask.

    What the program reads of the image will be read ahead.

    Raises
    ------
    StageError
        The program that was named failed.
    """
    try:
        command = _command(environment.prefix, packed, program)
        calls = hot.record(packed, command) or traced(command).paths
        folders = [*map(str, environment.folders)]
        before = sum(is_below(call.path, folders) for call in calls)
        line = f"path calls for its files: {before:,} before, now {_launch_alone(packed)}"
    except HpcpyError as error:
        # A program that was named ran in the folder as it was: packed, it would fail as well.
        if program and isinstance(error, StageError):
            raise
        line = f"path calls were not counted: {error}"
    return f"{line}; {_ahead(packed)}" if hot.ranges(packed) else line


def _launch_alone(packed: Path) -> int:
    # A mount of its own name: the one of the start before may not have ended yet.
    return launch(packed, {**ALONE, "SLURM_STEP_ID": f"count-{os.getpid()}"})


def _ahead(packed: Path) -> str:
    ranges, size = hot.ranges(packed), image_of(packed).stat().st_size
    read = sum(each.size for each in ranges)
    return f"read ahead: {read / 1e6:,.1f} of {size / 1e6:,.1f} MB, in {len(ranges)} ranges"


def _explained(packed: Path) -> str:
    """Return what is in a packed folder's image, and what a start asks for and reads."""
    image = image_of(packed)
    lines = [f"{image.resolve()}: {image.stat().st_size / 1e6:,.1f} MB"]
    if not image.is_symlink():
        lines[0] += f", of {', '.join(map(str, folders_of(packed)))}"
        lines.append(f"path calls of a start: {_launch_alone(packed)}")
    nothing = "nothing is read ahead; to record a program: -- PROGRAM"
    return "\n".join([*lines, _ahead(packed) if hot.ranges(packed) else nothing])
