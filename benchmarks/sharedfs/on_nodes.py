"""Configurations for which a job does something on each node before the ranks start."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from shlex import quote

from hpcpy.engine.setup import look_up
from hpcpy.engine.tools import needed
from hpcpy.launch import engines
from hpcpy.launch.site import Site
from measure.targets import PYTHON
from podman_hpc import image_name
from sharedfs.configuration import Around, Configuration, Files, Images, left_out, tree_command

# Each node has a /tmp of its own, and a tree's root has it, too.
_NODE_LOCAL = "/tmp"  # noqa: S108
# A shell of the job or of a rank expands the variable.
_COPY = f"{_NODE_LOCAL}/storm-$SLURM_JOB_ID"
_SQUASH = f"{_NODE_LOCAL}/storm-squash"
# As podman-hpc's fuse-overlayfs-wrap does it.  $0 is the file.
_MOUNT = f"""\
mkdir -p {_SQUASH} && cd {_SQUASH} && mkdir lower upper work merged &&
"$1" "$0" lower && "$2" -o lowerdir=lower,upperdir=upper,workdir=work merged &&
for path in proc sys dev tmp; do mount --rbind /$path merged/$path || exit; done"""
_UNMOUNT = f"cd / && umount --lazy --recursive {_SQUASH}/merged {_SQUASH}/lower; rm -rf {_SQUASH}"
# The ranks tell who they are by the node's name, and meet in its /tmp.
_SITE = Site(name="storm", summary="", options={"podman-hpc": ("--uts=host",)})
# podman-hpc's servers unmount when the container has gone, some seconds after the last
# rank.  They hold its file until they have ended themselves.  $0 is the folder.
_WAIT = """\
for _ in $(seq 200); do
  grep -q " $0/overlay" /proc/self/mounts ||
    pgrep -x "podman|conmon|squashfuse_ll|fuse-overlayfs|inotifywait" >/dev/null || exit 0
  sleep 0.1
done
echo "podman-hpc has not unmounted its image" >&2; exit 1"""


def _on_each(nodes: int, script: str, *words: str) -> str:
    """Return what runs a script once on each node of a job."""
    each = f"--nodes={nodes} --ntasks={nodes} --ntasks-per-node=1 --chdir=/"
    script_and_words = " ".join(quote(word) for word in (script, *words))
    return f"srun --overlap --quiet --mpi=none {each} sh -c {script_and_words}"


def _staged(file: Path, copy: str, nodes: int, unpack: str = "") -> Around:
    """Return what copies a file to each node's own disk, and removes it afterwards."""
    before = [f'sbcast {quote(str(file))} "{copy}" || exit 73']
    if unpack:
        before.append(f"{_on_each(nodes, unpack)} || exit 73")
    return Around(before, (_on_each(nodes, f'rm -rf "{_COPY}"-*'),))


def _tree_files(images: Images) -> list[Files]:
    some = left_out("./hpcpy/lib/python3*")
    # Not compressed: unpacking it takes less of the processor's time.
    return [Files(images.root["wheels"] / "opt", "packed/tree.tar", some, is_packed=True)]


def _tree_command(images: Images, _: Path, words: Sequence[str]) -> list[str]:
    # The loader's cache names the MPI library's other place.
    start = (
        f'tree="{_COPY}-tree"; export LD_LIBRARY_PATH="$tree/mpich/lib"; '
        'exec "$tree/hpcpy/bin/python3" "$@"'
    )
    return tree_command(images, "wheels", "", ["/bin/sh", "-c", start, "sh", *words])


def _tree_around(folder: Path, nodes: int) -> Around:
    tree, packed = f'"{_COPY}-tree"', f'"{_COPY}-tree.tar"'
    unpack = f"mkdir {tree} && tar -xf {packed} -C {tree} && rm {packed}"
    return _staged(folder / "tree.tar", f"{_COPY}-tree.tar", nodes, unpack)


TREE = Configuration(
    name="conda-staged",
    title="the tree as conda makes it, as one file, copied to the node and unpacked there",
    image="wheels",
    needs="root",
    folder="packed",
    files=_tree_files,
    command=_tree_command,
    around=_tree_around,
)


def _sif_command(images: Images, _: Path, words: Sequence[str]) -> list[str]:
    start = f'exec "$0" exec --sharens --pwd / "{_COPY}-image.sif" "$@"'
    return ["sh", "-c", start, str(images.apptainer), PYTHON, *words]


SIF = Configuration(
    name="static-sif-staged",
    title="the static image as a SIF, copied to the node, one mount by the kernel a node",
    image="hpcpy",
    needs="sif",
    folder="images",
    files=lambda images: [Files(images.sif["hpcpy"], "images/hpcpy.sif")],
    command=_sif_command,
    around=lambda folder, nodes: _staged(folder / "hpcpy.sif", f"{_COPY}-image.sif", nodes),
)


def _squash_around(folder: Path, nodes: int) -> Around:
    found = look_up(needed(["podman-hpc"]))
    programs = [str(found[name].path) for name in ("squashfuse_ll", "fuse-overlayfs")]
    mount = _on_each(nodes, _MOUNT, str(folder / "hpcpy.squash"), *programs)
    return Around((f"{mount} || exit 69",), (_on_each(nodes, _UNMOUNT),))


# podman itself takes no part: neither its time nor its requests count.
SQUASH = Configuration(
    name="static-squash-shared",
    title="the static image as podman-hpc's squash, squashfuse and fuse-overlayfs once a node",
    image="hpcpy",
    needs="squash",
    folder="images",
    files=lambda images: [Files(images.squash["hpcpy"], "images/hpcpy.squash")],
    command=lambda _, __, words: ["chroot", f"{_SQUASH}/merged", PYTHON, *words],
    around=_squash_around,
)


def _podman_hpc_files(images: Images) -> list[Files]:
    assert images.podman_hpc  # noqa: S101  (its `needs`)
    return [Files(images.podman_hpc.store(0), "podman-hpc")]


def _podman_hpc_command(images: Images, folder: Path, words: Sequence[str]) -> list[str]:
    assert images.podman_hpc  # noqa: S101
    variables = images.podman_hpc.environment(0, folder)
    image = image_name(Path("hpcpy.oci.tar"))
    container = engines.Container("podman-hpc", image, _NODE_LOCAL, has_gpus=False, variables=())
    # The lines of a user's launch.
    start = engines.podman_hpc(container, _SITE)
    step = " ".join(option.shell for option in start.words)
    script = "\n".join([*(line.shell for line in start.lines), f'exec {step} "$@"'])
    given = [f"{name}={value}" for name, value in variables.items()]
    return ["env", *given, "bash", "-c", script, "bash", PYTHON, *words]


# podman's own files are below the node's /tmp: only the image comes from the store.
PODMAN_HPC = Configuration(
    name="static-podman-hpc-shared",
    title="the static image by podman-hpc shared-run, one container a node",
    image="hpcpy",
    needs="podman-hpc",
    folder="podman-hpc",
    files=_podman_hpc_files,
    command=_podman_hpc_command,
    around=lambda folder, nodes: Around((), (_on_each(nodes, _WAIT, str(folder)),)),
)
