"""``hpcpy pack IMAGE.sif --to FOLDER``: the commands of an image, without a container engine."""

from __future__ import annotations

import json
import secrets
import subprocess
from pathlib import Path

from hpcpy.build.sif_header import system_offset
from hpcpy.core.errors import UsageError
from hpcpy.core.files import disk_errors
from hpcpy.core.removal import remove_tree
from hpcpy.core.stages import stage
from hpcpy.engine.setup import ensure
from hpcpy.pack.exchange import is_packed
from hpcpy.pack.image import ANY, otherwise, write_own

# What the image sets, and the programs of its own.
_ASK = """
import json, os
folders = [one for one in os.environ["PATH"].split(":") if one.startswith("/opt/")]
print(json.dumps([dict(os.environ), sorted({name for one in folders if os.path.isdir(one)
                                            for name in os.listdir(one)})]))
"""
# Of the image; all other folders are the host's.  The links are folders on some hosts.
_FOLDERS = ("opt", "usr", "etc", "bin", "sbin", "lib", "lib64")
# Of the host in the image's /etc.
_FILES = ("passwd", "group", "hosts", "resolv.conf", "nsswitch.conf", "localtime")
_OF_THE_ENGINE = (
    *("APPTAINER", "SINGULARITY", "HOME", "PWD", "PS1", "TERM", "USER"),
    *("LD_LIBRARY_", "PROMPT_"),
)


def pack_sif(sif: Path, folder: Path | None, launcher: Path) -> int:
    """Write a folder whose commands start those of a SIF, which stays where it is."""
    if not sif.is_file():
        raise UsageError(f"{sif}: there is no such file")
    if folder is None:
        raise UsageError(f"{sif}: where to?", hint="give --to FOLDER")
    made = folder.absolute()
    if made.exists() and not is_packed(made) and any(made.iterdir()):
        raise UsageError(f"{made}: has other files", hint="give another by --to")
    offset = system_offset(sif)
    apptainer = ensure("apptainer").apptainer
    with stage(f"write the commands of {sif.name}") as current, disk_errors(made):
        inside = [str(apptainer), "exec", "--cleanenv", str(sif), "python3", "-I", "-c", _ASK]
        asked = subprocess.run(inside, capture_output=True, text=True, check=False)
        if asked.returncode:
            raise UsageError(f"{sif}: has no python3: {asked.stderr.strip()[-200:]}")
        variables, names = json.loads(asked.stdout)
        if made.exists():
            remove_tree(made)
        own = made / ".pack"
        (own / "root").mkdir(parents=True)
        # Its name tells a start which mounts of the node are of this image.
        image = f"{secrets.token_hex(8)}.sif"
        (own / image).symlink_to(sif.resolve())
        lines = [f"prefix {own}/root", f"image {image}", f"offset {offset}", "path"]
        lines += [f"bind /etc/{name}=etc/{name}" for name in _FILES]
        lines += [f"bind {name}=/{name}" for name in _FOLDERS]
        lines += [
            f"set {name}={value}"
            for name, value in sorted(variables.items())
            if not name.startswith(_OF_THE_ENGINE) and "\n" not in value
        ]
        script = otherwise(made, '"$name"', image, (), [f"/{name}" for name in _FOLDERS])
        write_own(own, launcher, lines, script)
        (made / "bin").mkdir()
        for name in (*names, ANY):
            (made / "bin" / name).symlink_to("../.pack/run")
        current.note = f"{len(names)} commands"
    print(made / "bin")
    return 0
