"""``hpcpy pack IMAGE.sif --to FOLDER``: the commands of an image, without a container engine."""

from __future__ import annotations

import json
import secrets
import subprocess
from pathlib import Path

from hpcpy.build.sif_header import system_offset
from hpcpy.core.errors import UsageError
from hpcpy.core.files import disk_errors
from hpcpy.core.scratch import remove_tree
from hpcpy.engine.setup import ensure
from hpcpy.pack.image import ANY, configuration, is_packed, write_own

# What the image sets, and the programs of its own.
_ASK = """
import glob, json, os
folders = [one for one in os.environ["PATH"].split(":") if one.startswith("/opt/")]
names = {os.path.basename(path) for one in folders for path in glob.glob(one + "/*")}
print(json.dumps([dict(os.environ), sorted(names)]))
"""
# Of the image; all other folders are the host's.  The links are folders on some hosts.
_FOLDERS = ("opt", "usr", "etc", "bin", "sbin", "lib", "lib64")
# Of the host in the image's /etc.
_FILES = ("passwd", "group", "hosts", "resolv.conf", "nsswitch.conf", "localtime")
_OF_THE_ENGINE = (
    *("APPTAINER", "SINGULARITY", "HOME", "PWD", "PS1", "TERM", "USER"),
    *("LD_LIBRARY_", "PROMPT_"),
)


def pack_sif(sif: Path, folder: Path | None) -> None:
    """Write a folder whose commands start those of a SIF, which stays where it is."""
    if not sif.is_file():
        raise UsageError(f"{sif}: there is no such file")
    if folder is None:
        raise UsageError(f"{sif}: where to?", hint="give --to FOLDER")
    made = folder.absolute()
    if made.exists() and not is_packed(made) and any(made.iterdir()):
        raise UsageError(f"{made}: has other files", hint="give another by --to")
    offset, variables, names = system_offset(sif), *_ask(sif)
    own = made / ".pack"
    # Its name tells a start which mounts of the node are of this image.
    image = f"{secrets.token_hex(8)}.sif"
    binds = {f"/etc/{name}": f"etc/{name}" for name in _FILES}
    binds |= {name: f"/{name}" for name in _FOLDERS}
    lines = configuration(own / "root", image, offset, "", binds)
    lines += [
        f"{name}={value}"
        for name, value in sorted(variables.items())
        if not name.startswith(_OF_THE_ENGINE) and "\n" not in value
    ]
    with disk_errors(made):
        if made.exists():
            remove_tree(made)
        (own / "root").mkdir(parents=True)
        (own / image).symlink_to(sif.resolve())
        write_own(own, lines)
        (made / "bin").mkdir()
        for name in (*names, ANY):
            (made / "bin" / name).symlink_to("../.pack/run")
    print(made / "bin")


def _ask(sif: Path) -> tuple[dict[str, str], list[str]]:
    """Return the variables that an image sets, and its programs."""
    apptainer = ensure("apptainer").apptainer
    inside: list[str | Path] = [apptainer, "exec", "--cleanenv", sif, "python3", "-I", "-c", _ASK]
    done = subprocess.run(inside, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UsageError(f"{sif}: has no python3: {done.stderr.strip()[-200:]}")
    variables, names = json.loads(done.stdout)
    return variables, names
