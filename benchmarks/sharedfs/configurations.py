"""The ways to have Python on a shared file system, in the order of the page's table."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from hpcpy.core import paths
from measure.roots import VENV as VENV_IN_ROOT
from measure.targets import PYTHON
from sharedfs import on_nodes
from sharedfs.configuration import PLACE, Configuration, Files, Images, left_out, tree_command

_HOOK = paths.ROOT / "benchmarks/sharedfs/mpi_import.py"
# A folder of the tree in which no other program looks for modules.
_BROADCAST = "broadcast"
# Under a launcher that MPI does not know, each rank is rank 0 of 1, and sends nothing.
ALL_RANKS = """\
if MPI.COMM_WORLD.size != int(os.environ["SLURM_NTASKS"]):
    raise SystemExit("MPI sees one rank in each process: it needs another srun --mpi")"""
_TOGETHER = f"""\
import sys
sys.path.insert(0, "{PLACE / _BROADCAST}")
from mpi_import import MPI, together
del sys.path[0]
{ALL_RANKS}
with together():
    {{}}"""
# Ending of the name -> Apptainer's options, and how the image is mounted.
_MOUNTS = {
    "": ((), "a mount by the kernel for each rank"),
    "-shared": (("--sharens",), "one mount by the kernel a node"),
    # Without root's rights Apptainer mounts by squashfuse.
    "-fuse": (("--userns",), "squashfuse for each rank"),
    "-fuse-shared": (("--userns", "--sharens"), "one squashfuse a node"),
}


def _tree(
    name: str, title: str, image: str, python: str, files: Callable[[str, Images], list[Files]]
) -> Configuration:
    """Return a tree of files: its C library and /etc are on the node, only /opt is shared."""

    def command(images: Images, folder: Path, words: Sequence[str]) -> list[str]:
        return tree_command(images, image, str(folder), [*python.split(), *words])

    there = partial(files, name)
    return Configuration(name, title, image, "root", name, there, command, is_tree=True)


def _conda(image: str, *without: str) -> Callable[[str, Images], list[Files]]:
    """Return what copies interpreter and packages, which lie in one prefix."""

    def files(folder: str, images: Images) -> list[Files]:
        some = (*left_out("./hpcpy/lib/python3*"), *without)
        return [Files(images.root[image] / "opt", folder, some)]

    return files


def _venv_files(folder: str, images: Images) -> list[Files]:
    """Return the interpreter without packages, MPI's library, and the environment."""
    root = images.root["wheels"]
    packages = left_out("./lib/python3*")
    return [
        Files(root / "opt/hpcpy", f"{folder}/hpcpy", ("./lib/python3*/site-packages/*",)),
        Files(root / "opt/mpich", f"{folder}/mpich"),
        Files(root / VENV_IN_ROOT.relative_to("/"), f"{folder}/venv", packages),
    ]


def hook(folder: str) -> Files:
    """Return the hook that imports over MPI as a file of a folder there."""
    return Files(_HOOK, f"{folder}/{_HOOK.name}")


def _sif(image: str, name: str, title: str, *options: str) -> Configuration:
    def files(images: Images) -> list[Files]:
        return [Files(images.sif[image], f"images/{image}.sif")]

    def command(images: Images, folder: Path, words: Sequence[str]) -> list[str]:
        execute = [str(images.apptainer), "exec", *options, "--pwd", "/"]
        return [*execute, str(folder / f"{image}.sif"), PYTHON, *words]

    return Configuration(name, title, image, "sif", "images", files, command)


def _sifs(image: str, name: str, title: str) -> list[Configuration]:
    return [
        _sif(image, f"{name}-sif{ending}", f"{title} as a SIF, {mount}", *options)
        for ending, (options, mount) in _MOUNTS.items()
    ]


_OWN = f"{PLACE}/hpcpy/bin/python3"
# Its users may not write there: each rank compiles each module.
_READ_ONLY = f"/usr/bin/env PYTHONDONTWRITEBYTECODE=1 {_OWN}"
_ORDINARY = "a venv of the ordinary packages, as files"
_VENV = _tree("venv", _ORDINARY, "wheels", f"{PLACE}/venv/bin/python3", _venv_files)
_BARE = "a tree as conda makes it, without .pyc"
_ALL = (
    _VENV,
    dataclasses.replace(
        _VENV,
        name="venv-broadcast",
        title="the same venv, its modules sent by rank 0 over MPI",
        files=lambda images: [*_VENV.files(images), hook(f"{_VENV.folder}/{_BROADCAST}")],
        imports=_TOGETHER,
    ),
    _tree("conda", "a tree as conda makes it, compiled", "wheels", _OWN, _conda("wheels")),
    _tree("conda-not-compiled", _BARE, "wheels", _READ_ONLY, _conda("wheels", "__pycache__")),
    on_nodes.TREE,
    _tree("static-files", "the static interpreter, as files", "hpcpy", _OWN, _conda("hpcpy")),
    *_sifs("wheels", "wheels", "the ordinary packages"),
    *_sifs("hpcpy", "static", "the static image"),
    on_nodes.SIF,
    on_nodes.SQUASH,
    on_nodes.PODMAN_HPC,
)
CONFIGURATIONS: dict[str, Configuration] = {one.name: one for one in _ALL}
