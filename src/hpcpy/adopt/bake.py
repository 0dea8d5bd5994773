"""Build the image of `adopted.def` in steps that any user can take.

`apptainer build` of a definition asks for capabilities that a root in a container
lacks (docs/bake.md).  Unpacking, baking and packing ask for none.
"""

from __future__ import annotations

from pathlib import Path

from hpcpy.adopt.output import LOCK, WHEELS
from hpcpy.build.current import SQUASHFS_OPTIONS
from hpcpy.build.stamps import read_stamp, write_stamp
from hpcpy.core.files import require_free, scratch_dir, sha256, whole_file
from hpcpy.core.stages import Stage, skipped, stage

_PYTHON = "/opt/hpcpy/bin/python3"
_FOLDER = "/mnt"
# Of the root folder and the SIF of the eight libraries in docs/bake.md, and some.
_ROOM = 4 << 30


def bake(apptainer: Path, sif: Path, folder: Path) -> Path:
    """Have ``adopted.sif`` in a folder: the base image with the folder's lock baked in."""
    folder = folder.resolve()
    target, lock = folder / "adopted.sif", folder / LOCK
    status = sif.stat()
    facts = {"lock": sha256(lock), "base": f"{sif.resolve()} {status.st_size} {status.st_mtime_ns}"}
    if facts.items() <= read_stamp(target).items():
        skipped(target.name, "up to date")
        return target
    require_free(folder, _ROOM, "baking")
    # Apptainer makes no mount point in a writable root folder; _FOLDER is there already.
    bind = f"--bind={folder}:{_FOLDER}:ro"
    has_wheels = (folder / WHEELS).is_dir()
    options = [f"--wheelhouse={_FOLDER}/{WHEELS}"] if has_wheels else []
    with scratch_dir(folder, ".bake") as scratch, whole_file(target) as temporary:
        env = {"APPTAINER_TMPDIR": str(scratch), "APPTAINER_CACHEDIR": str(scratch / "cache")}
        root = scratch / "root"
        with stage(f"unpack {sif.name}") as current:
            current.run([apptainer, "build", "--sandbox", root, sif], env=env)
        with stage("bake") as current:
            inside = [str(root), _PYTHON, "-m", "hpcpy_bake", "-r", f"{_FOLDER}/{LOCK}", *options]
            current.run([apptainer, "exec", "--writable", bind, *inside], env=env)
        with stage(f"pack {target.name}") as current:
            pack(current, apptainer, root, scratch).replace(temporary)
            current.note = f"{temporary.stat().st_size / 1e6:.0f} MB"
    write_stamp(target, **facts)
    return target


def pack(current: Stage, apptainer: Path, root: Path, scratch: Path) -> Path:
    """Make a SIF of a root folder, in a folder that is removed later, and return it."""
    made = scratch / "made.sif"
    env = {"APPTAINER_TMPDIR": str(scratch), "APPTAINER_CACHEDIR": str(scratch / "cache")}
    squashfs = f"--mksquashfs-args={' '.join(SQUASHFS_OPTIONS)}"
    current.run([apptainer, "build", squashfs, made, root], env=env)
    return made
