"""``hpcpy pack PREFIX``: one file in the place of an environment's folder."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import stat
from pathlib import Path
from typing import Any

from hpcpy.core.files import all_below
from hpcpy.core.paths import CALLED, named, quoted
from hpcpy.core.programs import captured, run
from hpcpy.core.stages import StageError, say, stage
from hpcpy.pack import environment as environments
from hpcpy.pack import hot, image, places, standalone
from hpcpy.pack.bytecode import compiled
from hpcpy.pack.environment import Environment, at_its_place
from hpcpy.pack.places import beside, discard, give_back, is_packed, renew, swap, work_folder
from hpcpy.pack.programs import launcher, mksquashfs
from hpcpy.pack.sif import pack_sif
from hpcpy.pack.starts import ALONE, count, record
from hpcpy_common.errors import DiskError, UnavailableError, UsageError
from hpcpy_common.options import Parser
from hpcpy_common.programs import ended


def declare(parser: Parser) -> None:
    """Add the command's arguments; a program follows ``--``."""
    parser.usage = f"{CALLED} pack [-h] [OPTION …] PREFIX [-- PROGRAM …]"
    what = "folder of a conda environment, a venv, a Spack view, or any with bin/; or a SIF"
    parser.add_argument("prefix", metavar="PREFIX", type=named, help=what)
    alternative = parser.add_mutually_exclusive_group().add_argument
    alternative("--undo", action="store_true", help="give the folder back")
    what = "run PROGRAM where the folder can be written, and pack it again"
    alternative("--update", action="store_true", help=what)
    what = "write the environment as one program, and leave the folder as it is"
    alternative("--standalone", action="store_true", help=what)
    what = "the program that --standalone writes (default: PREFIX's name, with .run)"
    parser.add_argument("-o", dest="file", type=named, metavar="FILE", help=what)
    what = "pack this folder too, at its place: what links lead to"
    several: dict[str, Any] = {"action": "append", "type": named, "default": []}
    parser.add_argument("--with", metavar="FOLDER", dest="others", help=what, **several)
    what = "of a SIF: the folder of its commands (default: beside it)"
    alternative("--to", type=named, metavar="FOLDER", help=what)
    parser.epilog = (
        "Exit codes: 0 done; 1 PROGRAM or a check failed; 2 wrong request; 65 no SIF, or damaged;"
        " 69 this machine cannot do it; 73 disk full, or closed to you. In each case but 0 PREFIX"
        " is as it was, unless only the report of what was done could not be printed."
    )


def main(options: argparse.Namespace) -> int:
    """Do one of the actions."""
    prefix = Path(os.path.realpath(options.prefix))
    # What the names in a packed folder lead to.
    folder, inside, _ = str(prefix).partition("/.pack/")
    if inside and is_packed(Path(folder)):
        raise UsageError(f"{options.prefix}: lies in a packed folder", hint=f"give {folder}")
    is_sif = bool(options.to) or prefix.is_file()
    _refuse_ignored(options, is_sif=is_sif)
    if is_again := os.path.isdir(beside(prefix, "packing")):
        with work_folder(prefix):
            pass  # one was stopped
    environments.refuse_code_of_others(prefix)
    if is_sif:
        made = pack_sif(prefix, options.to)
        if options.program:
            _record(made, prefix, options)
        return 0
    if not prefix.is_dir():
        raise UsageError(f"{prefix}: there is no such folder")
    if options.undo and is_again and not is_packed(prefix):
        print(f"{prefix} is the folder again")
        return 0
    _refuse_state(prefix, options)
    change = _undo if options.undo else _update if options.update else _record
    action = change if is_packed(prefix) else _pack
    closed = "ask its owner" if is_packed(prefix) else "ask its owner, or try --standalone"
    place = work_folder(prefix, closed)
    if options.standalone:
        action, options.file = _write_file, standalone.checked(options.file, prefix)
        # Without a change of the environment: its own parent may be a site's, and closed.
        if not (options.program and is_packed(prefix)):
            place = work_folder(options.file, "give another place by -o")
    with place as work:
        action(prefix, work, options)
    return 0


def _refuse_ignored(options: argparse.Namespace, *, is_sif: bool) -> None:
    ignored = {
        "--undo or --update": is_sif and (options.undo or options.update),
        "--standalone": is_sif and options.standalone,
        "-o": options.file and not options.standalone,
        "--with": options.others and (is_sif or options.undo),
        "a program": options.program and options.undo,
    }
    for name in (name for name, is_ignored in ignored.items() if is_ignored):
        raise UsageError(f"{name} has no meaning here", hint=f"see {CALLED} pack --help")


def _refuse_state(prefix: Path, options: argparse.Namespace) -> None:
    """Refuse what cannot be done with a folder as it is: packed, of a SIF, or neither."""
    is_change = options.undo or options.update
    # A program is recorded if the folder is packed already.
    is_use = options.standalone or (options.program and not is_change)
    if not is_packed(prefix):
        if is_change:
            raise UsageError(f"{prefix}: is not packed", hint=f"{CALLED} pack {quoted(prefix)}")
        environments.refuse_others(prefix)
        return
    _refuse_strayed(prefix, may_be_copy=options.undo)
    if image.image_of(prefix).is_symlink() and not is_use:
        raise UsageError(f"{prefix}: has the commands of a SIF", hint=places.removal(prefix))
    if not is_change and not is_use:
        hint = "give --update, --undo, or -- and a program to read ahead for"
        raise UsageError(f"{prefix}: is packed already", hint=hint)
    if options.others and not is_change:
        raise UsageError(f"{prefix}: is packed already", hint="--with is for --update, too")


def _refuse_strayed(prefix: Path, *, may_be_copy: bool) -> None:
    """Refuse a packed folder without its image, and one whose programs use another folder."""
    file, place = image.image_of(prefix), image.place_of(prefix)
    sif = file.resolve() if file.is_symlink() else None
    is_kept = may_be_copy and beside(prefix, "unpacked").exists()
    if not is_kept and not os.path.exists(file):
        hint = f"{CALLED} pack NEW.sif --to {quoted(prefix)}" if sif else "copy the folder whole"
        raise UsageError(f"{prefix}: its image {sif or file} cannot be found", hint=hint)
    if place == prefix or may_be_copy:
        return
    hint = f"{CALLED} pack --undo {quoted(prefix)} gives the folder back here"
    if sif:
        hint = f"{CALLED} pack {quoted(sif)} --to {quoted(prefix)}"
    elif not place.exists():
        # The folder itself is closed, and has the name of the one above it.
        name = quoted(prefix)
        hint = f"chmod u+w {name} && mv {name} {quoted(place)}, or {hint}"
    raise UsageError(f"{prefix}: was packed as {place}, and its paths are of there", hint=hint)


def _pack(prefix: Path, work: Path, options: argparse.Namespace) -> None:
    """Pack a folder, and let the packed one take its place."""
    environment = environments.read(prefix, prefix, options.others)
    unpacked = beside(prefix, "unpacked")
    if os.path.lexists(unpacked):
        raise UsageError(f"{unpacked}: is in the way", hint="move it, or remove it")
    places.refuse_fixed(prefix, remedy=", or try --standalone")
    packed, made = _make(environment, work)
    counted = count(environment, packed, options.program)
    swap(prefix, packed, unpacked)
    print(made, counted, sep="\n")
    print(f"the folder as it was is {unpacked}; when you are content: {places.removal(unpacked)}")


def _write_file(prefix: Path, work: Path, options: argparse.Namespace) -> None:
    """Write one file of a folder, packed or not, which stays as it is."""
    file = options.file
    if is_packed(prefix):
        image.refuse_damaged(prefix)
        if options.program:
            record(prefix, options.program)
        standalone.write(prefix, file)
    else:
        environment = environments.read(prefix, prefix, options.others)
        packed, made = _make(environment, work)
        print(made, count(environment, packed, options.program), sep="\n")
        standalone.write(packed, file)
    print(f"{file}: {file.stat().st_size / 1e6:,.0f} MB; it needs a folder {prefix}")


def _make(environment: Environment, work: Path) -> tuple[Path, str]:
    """Return a packed folder, in which a program starts, and a line of its size."""
    # What is missing is said before anything is begun.
    mksquashfs(is_plain=len(environment.folders) == 1)
    launcher()
    name, packed = environment.prefix.name, work / "packed"
    with stage(f"look through {name}"):
        before = environments.look(environment)
    with stage(f"compile {name}") as current:
        added = compiled(environment, work / "bytecode", current)
    with stage(f"pack {name}") as current:
        image.write(packed, environment, current, added)
    with stage(f"start {name}"):
        # Mounted here it shows a fault before it takes the folder's place.
        env = {**os.environ, **ALONE, "HPCPY_VERBOSE": "1"}
        # The folder that an update will remove starts programs, too: not where the image lies.
        at_place = ("test", "!", "-e", environment.prefix / ".pack")
        done = captured([packed / "bin" / image.ANY, *at_place], env=env)
        if done.returncode:
            # Why it cannot be mounted; what an engine in its place has said last, without colours.
            lines = done.stderr.strip().splitlines() or [ended(done.returncode)]
            said = [
                re.sub("^hpcpy pack: |; next: .*|\x1b\\[[\\d;]*m", "", lines[at]) for at in (0, -1)
            ]
            why = ": ".join(dict.fromkeys(said))
            hint = f"see engines in: {CALLED} docs pack"
            raise UnavailableError(f"it cannot be mounted here: {why}", hint=hint)
    left, size = sum(1 for _ in all_below(packed)), image.image_of(packed).stat().st_size
    return packed, f"{environment.prefix}: {before} -> {left} entries, {size / 1e6:,.0f} MB"


def _unpack(prefix: Path, work: Path) -> Path:
    """Write the folder that is in the image into the work folder; return where."""
    with stage(f"unpack {prefix.name}") as current:
        folder = image.unpack(prefix, work / "tree", current)
    # An update names it in the image: below its names there they would grow with each one.
    folder.parent.chmod(stat.S_IRWXU)
    return places.move(folder, work / "folder")


def _undo(prefix: Path, work: Path, _: argparse.Namespace) -> None:
    """Give the folder back: what was kept, or what is in the image."""
    unpacked = beside(prefix, "unpacked")
    places.refuse_fixed(prefix, unpacked)
    if unpacked.exists() and image.is_whole(unpacked, prefix):
        give_back(prefix, work)
    else:
        renew(prefix, _unpack(prefix, work), work)
    print(f"{prefix} is the folder again")
    if unpacked.exists():
        hint = f"look for files of your own in it, then {places.removal(unpacked)}"
        say(f"{unpacked} lacks files that were packed; it is left: {hint}")


def _update(prefix: Path, work: Path, options: argparse.Namespace) -> None:
    """Run a program where the folder takes the image's place, and pack it again."""
    # It is another folder than the kept one: half of a change is never given back.
    if not options.program:
        raise UsageError("--update needs a program", hint="-- pip install NAME")
    unpacked = beside(prefix, "unpacked")
    if yours := image.added(unpacked, prefix):
        hint = f"move it, or {places.removal(unpacked)}"
        raise UsageError(f"{yours}: is newer than the image", hint=hint)
    places.refuse_fixed(prefix, unpacked)
    others = [Path(place) for _, place in image.bound(prefix)[:-1]]
    environment = environments.read(prefix, _unpack(prefix, work), [*others, *options.others])
    command = [*at_its_place(environment), *options.program]
    # It may ask its user something.
    if code := run(command, stdin=None, process_group=None).returncode:
        raise StageError(f"{shlex.join(options.program)} {ended(code)}; {prefix} is as it was")
    if not (environment.source / "bin").is_dir():
        raise StageError(f"{shlex.join(options.program)} has left no bin; {prefix} is as it was")
    packed, made = _make(environment, work)
    # The kept folder first: it is the one of the old image.
    discard(unpacked, work)
    # Programs on other nodes still read the image of before: until the next update.
    renew(prefix, packed, work, image.image_of(prefix), image.names_in(prefix))
    print(made)


def _record(prefix: Path, _: Path, options: argparse.Namespace) -> None:
    image.refuse_damaged(prefix)
    read = record(prefix, options.program)
    if not image.image_of(prefix).is_symlink():
        return
    sif = image.image_of(prefix).resolve()
    try:
        print(f"{hot.write_beside(sif, read)}: `hpcpy launch` of the SIF reads it ahead, too")
    except DiskError as error:
        # A site's SIF; its commands read ahead all the same.
        say(f"{error}; `hpcpy launch` of the SIF reads nothing ahead")
