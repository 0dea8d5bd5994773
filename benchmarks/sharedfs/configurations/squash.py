"""podman-hpc's squash of an image on the shared file system, mounted once a node as it does.

podman itself takes no part: neither its time before Python starts nor its requests count.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hpcpy.engine.setup import look_up
from hpcpy.engine.tools import needed
from hpcpy.launch.shell import quoted
from measure.targets import PYTHON
from sharedfs.configurations import sif, staged
from sharedfs.configurations.configuration import Around, Configuration, Files, Images

_IMAGE = "hpcpy"
_FILE = f"{_IMAGE}.squash"
# On the node's own disk.
_HERE = "/tmp/storm-squash"  # noqa: S108
# As podman-hpc's fuse-overlayfs-wrap does it.
_MOUNT = f"""\
mkdir -p {_HERE} && cd {_HERE} && mkdir lower upper work merged &&
"$1" "$0" lower && "$2" -o lowerdir=lower,upperdir=upper,workdir=work merged &&
for path in proc sys dev tmp; do mount --rbind /$path merged/$path || exit; done"""
_UNMOUNT = f"cd / && umount --lazy --recursive {_HERE}/merged {_HERE}/lower; rm -rf {_HERE}"


def _files(images: Images) -> list[Files]:
    return [Files(images.squash[_IMAGE], f"{sif.FOLDER}/{_FILE}")]


def _command(_: Images, __: Path, words: Sequence[str]) -> list[str]:
    return ["chroot", f"{_HERE}/merged", PYTHON, *words]


def _around(_: Images, folder: Path, nodes: int) -> Around:
    found = look_up(needed(["podman-hpc"]))
    programs = [str(found[name].path) for name in ("squashfuse_ll", "fuse-overlayfs")]
    words = " ".join(quoted(word) for word in (_MOUNT, str(folder / _FILE), *programs))
    on_each = staged.on_each(nodes)
    return Around((f"{on_each} {words} || exit 69",), (f"{on_each} {quoted(_UNMOUNT)}",))


SQUASH = Configuration(
    name="static-squash-shared",
    title="the static image as podman-hpc's squash, squashfuse and fuse-overlayfs once a node",
    image=_IMAGE,
    files=_files,
    folder=sif.FOLDER,
    place=lambda _: None,
    command=_command,
    around=_around,
    needs_squash=True,
)
