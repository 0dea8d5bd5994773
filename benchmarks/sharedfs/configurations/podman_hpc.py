"""podman-hpc itself: its store on the shared file system, one container a node.

podman's own files are below the node's /tmp, as podman-hpc has them.  Only the image
comes from the store: its squash is mounted once a node.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hpcpy.launch import engines
from hpcpy.launch.shell import quoted
from hpcpy.launch.site import Site
from measure.targets import PYTHON
from podman_hpc import image_name
from sharedfs.configurations import staged
from sharedfs.configurations.configuration import Around, Configuration, Files, Images

_IMAGE = "hpcpy"
_FOLDER = "podman-hpc"
# The ranks tell who they are by the node's name, and meet in its /tmp.
_SITE = Site(name="storm", summary="", options={"podman-hpc": ("--uts=host",)})
_NODE_LOCAL = "/tmp"  # noqa: S108
# Its servers unmount when the container has gone, some seconds after the last rank.
# They hold its file until they have ended themselves.
_WAIT = """\
for _ in $(seq 200); do
  grep -q " $0/overlay" /proc/self/mounts ||
    pgrep -x "podman|conmon|squashfuse_ll|fuse-overlayfs|inotifywait" >/dev/null || exit 0
  sleep 0.1
done
echo "podman-hpc has not unmounted its image" >&2; exit 1"""


def _files(images: Images) -> list[Files]:
    assert images.podman_hpc  # noqa: S101  (needs_podman_hpc)
    return [Files(images.podman_hpc.store(0), _FOLDER)]


def _command(images: Images, folder: Path, words: Sequence[str]) -> list[str]:
    assert images.podman_hpc  # noqa: S101
    variables = images.podman_hpc.environment(0, folder)
    image = image_name(Path(f"{_IMAGE}.oci.tar"))
    container = engines.Container("podman-hpc", image, _NODE_LOCAL, has_gpus=False, variables=())
    # The lines of a user's launch.
    start = engines.podman_hpc(container, _SITE)
    before = [line.shell for line in start.lines]
    step = " ".join(option.shell for option in start.words)
    script = "\n".join([*before, f'exec {step} "$@"'])
    given = [f"{name}={value}" for name, value in variables.items()]
    return ["env", *given, "bash", "-c", script, "bash", PYTHON, *words]


def _around(_: Images, folder: Path, nodes: int) -> Around:
    words = f"{staged.on_each(nodes)} {quoted(_WAIT)} {quoted(str(folder))}"
    return Around((), (words,))


PODMAN_HPC = Configuration(
    name="static-podman-hpc-shared",
    title="the static image by podman-hpc shared-run, one container a node",
    image=_IMAGE,
    files=_files,
    folder=_FOLDER,
    place=lambda _: None,
    command=_command,
    around=_around,
    needs_podman_hpc=True,
)
