"""Files brought onto the storm's file system, and what of the node a tree's root has."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

from hpcpy.cluster.processes import daemon_environment
from hpcpy.stages import StageError
from hpcpy.storm.configurations.configuration import Files
from hpcpy.storm.mounts import Mount

# What a program in another root folder has of the machine's, below the same path.
_OF_THE_NODE = ("/proc", "/sys", "/dev", "/tmp")  # noqa: S108
_ETC = ("/etc/hosts", "/etc/resolv.conf")


def copy(mount: Mount, wanted: Iterable[Files]) -> None:
    """Copy files onto the file system, as they are.

    Parameters
    ----------
    mount
        Where all of it is mounted.
    wanted
        What, and where to.

    Raises
    ------
    StageError
        When one cannot be copied.
    """
    for files in wanted:
        target = mount.folder / files.target
        is_folder = files.source.is_dir() and not files.is_packed
        mount.run("mkdir", "-p", target if is_folder else target.parent)
        if files.source.is_file():
            mount.run("cp", "--preserve", files.source, target)
        else:
            _copy_folder(mount, files, target)


def _copy_folder(mount: Mount, files: Files, target: Path) -> None:
    left_out = [f"--exclude={pattern}" for pattern in files.without]
    pack = ["tar", "--create", f"--directory={files.source}", *left_out, "."]
    unpack = ["tar", "--extract", f"--directory={target}"]
    if files.is_packed:
        unpack = ["dd", "bs=1M", "iflag=fullblock", "status=none", f"of={target}"]
    unpack = [*mount.machine.entering(), *unpack]
    environment = daemon_environment(mount.layout)
    with subprocess.Popen(pack, stdout=subprocess.PIPE) as packing:
        done = subprocess.run(
            unpack, stdin=packing.stdout, env=environment, capture_output=True, check=False
        )
        # Where the other has ended, tar hears of it only by its next write.
        packing.terminate()
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["it says nothing"]
        raise StageError(f"{files.source}: not copied: {said[-1]}")


def open_root(mount: Mount, root: Path) -> None:
    """Have the node's own devices, processes and names in an unpacked root folder.

    Raises
    ------
    StageError
        When one cannot be mounted.
    """
    for path in _OF_THE_NODE:
        mount.run("mount", "--rbind", path, root / path.lstrip("/"))
    for path in _ETC:
        inside = root / path.lstrip("/")
        if inside.exists():
            mount.run("mount", "--bind", path, inside)
