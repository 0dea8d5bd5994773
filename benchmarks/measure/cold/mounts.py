"""How an image's file is mounted for one start: by Apptainer, and as podman-hpc does it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.errors import UnavailableError
from hpcpy.core.files import GIB, require_free, whole_file
from hpcpy.core.stages import skipped, stage
from hpcpy.engine.setup import ensure
from hpcpy.engine.tools import needed, on_path
from measure import roots
from measure.cold.sample import IMAGE
from measure.roots import Base
from measure.targets import container, image_variables

KERNEL, SQUASHFUSE, PODMAN_HPC = "kernel", "squashfuse_ll", "podman-hpc"
_FOLDER = paths.BUILD / "cold"
# podman-hpc's own (podman_hpc/migrate2scratch.py).
_MKSQUASHFS = ("-comp", "lz4", "-noappend", "-no-progress", "-quiet", "-no-xattrs")
# What podman-hpc's fuse-overlayfs-wrap does, and of podman what a start needs.
# Its servers end when nothing is mounted any more.
_AS_PODMAN_HPC = """
cd "$1" && mkdir lower upper work merged || exit
"$2" "$4" lower && "$3" -o lowerdir=lower,upperdir=upper,workdir=work merged || exit
for folder in proc dev; do mount --rbind "/$folder" "merged/$folder" || exit; done
shift 4
env --ignore-environment "$@"
code=$?
umount --lazy --recursive merged lower
exit $code
"""


@dataclass(frozen=True)
class Mounted:
    """An image, mounted anew for each start: what comes before a program on the command line.

    `file` is what is mounted; `IMAGE` stands for it in the starter.
    """

    image: str
    mount: str
    file: Path
    starter: Sequence[str]


def names() -> list[str]:
    """Return the ways that this user and machine have."""
    found = [KERNEL] if os.geteuid() == 0 else []
    found.append(SQUASHFUSE)
    tools = [tool for tool in needed(["podman-hpc"]) if "fuse" in tool.program]
    if os.geteuid() == 0 and all(on_path(tool) for tool in tools):
        found.append(PODMAN_HPC)
    return found


def mounted(mount: str, image: Base, work: Path) -> Mounted:
    """Return an image to be mounted in one of the ways that this machine has."""
    if mount not in names():
        hint = "as root, and for podman-hpc: make setup TOOLS=podman-hpc"
        raise UnavailableError(f"no mount as {mount} here", hint=hint)
    if mount != PODMAN_HPC:
        as_user = ["--userns"] if mount == SQUASHFUSE else []
        apptainer = str(ensure("apptainer").apptainer)
        starter = [apptainer, "exec", *as_user, "--cleanenv", IMAGE]
        return Mounted(image.name, mount, image.sif, starter)
    variables = image_variables(container(image.name, image.sif, work))
    file = squash(image.name, image.sif, image.digest)
    return Mounted(image.name, mount, file, _podman_hpc(variables, work))


def _podman_hpc(variables: Mapping[str, str], work: Path) -> list[str]:
    squashfuse, overlayfs = (
        str(shutil.which(name)) for name in ("squashfuse_ll", "fuse-overlayfs")
    )
    given = [f"{name}={value}" for name, value in variables.items()]
    # Each of several ranks has a folder of its own, named by its shell's process number.
    script = f'mkdir "$1/$$" && set -- "$1/$$" "$2" "$3" "$4" "${{@:5}}"\n{_AS_PODMAN_HPC}'
    shell = ["bash", "-c", script, "bash", str(work), squashfuse, overlayfs, IMAGE]
    return [*shell, *given, "chroot", "merged"]


def squash(image: str, sif: Path, digest: str) -> Path:
    """Have the file that podman-hpc makes of an image when it migrates it."""
    target = _FOLDER / f"{image}-{digest.removeprefix('sha256:')[:16]}.squash"
    if target.exists():
        skipped(target.name, "up to date")
        return target
    root = roots.unpacked_root(image, sif, digest)
    _FOLDER.mkdir(parents=True, exist_ok=True)
    for old in _FOLDER.glob(f"{image}-*.squash"):
        old.unlink()
    require_free(_FOLDER, GIB, f"podman-hpc's squash of {image}")
    with stage(target.name) as current, whole_file(target) as temporary:
        # A virtual environment that another measurement added is none of the image's.
        mksquashfs = ensure("apptainer").mksquashfs
        current.run([mksquashfs, root, temporary, *_MKSQUASHFS, "-e", "venv"])
    return target
