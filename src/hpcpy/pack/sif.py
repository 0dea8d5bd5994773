"""The folder whose commands are those of a SIF, which stays where it is."""

from __future__ import annotations

import json
import os
from pathlib import Path

from hpcpy.core.files import ANOTHER_FOLDER, make_folder, places_named
from hpcpy.core.programs import captured
from hpcpy.engine.sif_header import system
from hpcpy.pack.image import image_of, new_image, setting, write_launcher
from hpcpy.pack.places import is_packed, move, renew, work_folder
from hpcpy.pack.programs import program
from hpcpy_common.errors import UsageError

_PYTHON = "/opt/hpcpy/bin/python3"
# What the image sets, and the programs of its own.
_ASK = """
import glob, json, os
folders = [folder for folder in os.environ["PATH"].split(":") if folder.startswith("/opt/")]
names = {os.path.basename(path) for folder in folders for path in glob.glob(folder + "/*")}
print(json.dumps([dict(os.environ), sorted(names)]))
"""
# The image's folders; all others are the host's.  The links are folders on some hosts.
_FOLDERS = ("opt", "usr", "etc", "bin", "sbin", "lib", "lib64")
# The host's files in the image's /etc.
_FILES = ("passwd", "group", "hosts", "resolv.conf", "nsswitch.conf", "localtime")
_OF_THE_ENGINE = (
    *("APPTAINER", "SINGULARITY", "HOME", "PWD", "PS1", "TERM", "USER"),
    *("LD_LIBRARY_", "PROMPT_"),
)


def pack_sif(sif: Path, folder: Path | None) -> Path:
    """Write a folder whose commands start those of a SIF, which stays where it is; return it."""
    if not sif.is_file():
        raise UsageError(f"{sif}: there is no such SIF")
    named = folder or sif.with_suffix("")
    # Without `..`, of folders that may go.
    made = Path(os.path.realpath(named.parent), named.name)
    if not str(made).isprintable():
        raise UsageError(f"{made}: has bytes that are no UTF-8", hint="give another place by --to")
    offset = system(sif)[0]
    # A packed environment has its own image: nothing else may have the files.
    is_older = is_packed(made) and image_of(made).is_symlink()
    if made.is_file() or (made.exists() and not is_older and any(made.iterdir())):
        raise UsageError(f"{made}: is in the way", hint="give another place by --to")
    inside = [str(program("apptainer")), "exec", "--cleanenv", str(sif), _PYTHON, "-I", "-c", _ASK]
    done = captured(inside)
    if done.returncode:
        raise UsageError(f"{sif}: has no {_PYTHON}: {done.stderr.strip()[-200:]}")
    variables, commands = json.loads(done.stdout)
    lines = [
        f"{name}={value}"
        for name, value in sorted(variables.items())
        if not name.startswith(_OF_THE_ENGINE)
    ]
    binds = [f"/etc/{name}=etc/{name}" for name in _FILES]
    binds += [f"{name}=/{name}" for name in _FOLDERS]
    with places_named(made.parent, ANOTHER_FOLDER):
        make_folder(made.parent)
    with work_folder(made, "give another place by --to") as work:
        packed = work / "packed"
        image = new_image(packed)
        image.symlink_to(sif)
        settings = {"PREFIX": made / ".pack/root", "BIN": "", "OFFSET": offset}
        is_same = is_older and image_of(made).resolve() == sif
        if is_same and (made / ".pack/config").stat().st_mtime > sif.stat().st_mtime:
            settings["HOT"] = setting(made, "HOT")
        write_launcher(image, commands, {**settings, "BINDS": ":".join(binds)}, lines)
        # Those of before go when the new ones are whole.
        if is_older:
            renew(made, packed, work)
        else:
            move(packed, made)
    print(made / "bin")
    return made
