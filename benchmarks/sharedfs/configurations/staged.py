"""One file copied to each node's own disk by Slurm: a packed tree, or an image."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from hpcpy.launch import on_nodes
from hpcpy.launch.shell import Expanded, quoted
from sharedfs.configurations import sif, tree
from sharedfs.configurations.configuration import Around, Configuration, Files, Images

# Each node has a /tmp of its own, and a tree's root has it, too.
_NODE_LOCAL = "/tmp"  # noqa: S108
_TREE = Expanded(f"{_NODE_LOCAL}/storm-$SLURM_JOB_ID-tree")
_FOLDER = "packed"
_PACKED = "tree.tar"


def on_each(nodes: int) -> str:
    """Return what runs a line of shell once on each node of a job."""
    each = f"--nodes={nodes} --ntasks={nodes} --ntasks-per-node=1 --chdir=/"
    return f"srun --overlap --quiet --mpi=none {each} sh -c"


def _tree_files(images: Images) -> list[Files]:
    left_out = tree.left_out(images, "./hpcpy/lib/python3*")
    source = images.root["wheels"] / "opt"
    # Not compressed: unpacking it takes less of the processor's time.
    return [Files(source, f"{_FOLDER}/{_PACKED}", left_out, is_packed=True)]


def _tree_command(images: Images, _: Path, words: Sequence[str]) -> list[str]:
    # The loader's cache names the MPI library's other place.
    libraries = Expanded(f"LD_LIBRARY_PATH={_TREE}/mpich/lib")
    program = ["/usr/bin/env", libraries, Expanded(f"{_TREE}/hpcpy/bin/python3"), *words]
    return tree.command(images, "wheels", "", program)


def _tree_around(_: Images, folder: Path, nodes: int) -> Around:
    packed = Expanded(f"{_TREE}.tar")
    unpack = f"mkdir {_TREE} && tar -xf {packed} -C {_TREE} && rm {packed}"
    return Around(
        (
            f"sbcast {quoted(str(folder / _PACKED))} {quoted(packed)} || exit 73",
            f"{on_each(nodes)} {quoted(unpack)} || exit 73",
        ),
        (f"{on_each(nodes)} 'rm -rf {_TREE}'",),
    )


TREE = Configuration(
    name="conda-staged",
    title="the tree as conda makes it, as one file, copied to the node and unpacked there",
    image="wheels",
    files=_tree_files,
    folder=_FOLDER,
    place=lambda _: None,
    command=_tree_command,
    around=_tree_around,
    needs_root=True,
)


def _sif_around(image: str, _: Images, folder: Path, nodes: int) -> Around:
    # The lines of a user's STAGE=1.
    before = on_nodes.staging_lines(nodes, f"{folder}/{image}.sif", _NODE_LOCAL)
    return Around(
        [line.shell for line in before],
        [line.shell for line in on_nodes.ending_lines()],
    )


def _sif_command(images: Images, _: Path, words: Sequence[str]) -> list[str]:
    return sif.command(images, ("--sharens",), on_nodes.COPY, words)


def of(image: str, title: str) -> Configuration:
    """Return the configuration of an image's copies.

    Parameters
    ----------
    image
        A name of ``containers/images.toml``.
    title
        What it is, in words.
    """
    return Configuration(
        name=f"{sif.prefix(image)}-sif-staged",
        title=f"{title} as a SIF, copied to the node, one mount by the kernel a node",
        image=image,
        files=partial(sif.files, image),
        folder=sif.FOLDER,
        place=lambda _: None,
        command=_sif_command,
        around=partial(_sif_around, image),
    )
