"""A storm of two nodes for tests: the smallest files that numpy needs, of three kinds."""

import contextlib
import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from local_cluster import image

from hpcpy.cluster.layout import Layout
from hpcpy.core import paths
from hpcpy.core.files import scratch_dir
from hpcpy.engine.prefix import command as engine_command
from hpcpy.engine.setup import look_up
from hpcpy.engine.sif_header import system
from hpcpy.engine.tools import needed
from hpcpy.engine.venv import ensure_venv
from sharedfs import machines
from sharedfs.configurations import CONFIGURATIONS, Configuration, Files, Images
from sharedfs.counts import Asked
from sharedfs.machines import Storm
from sharedfs.mounts import copy, open_root
from sharedfs.samples import Case, Sample, take

# Not of the interpreter's start, nor of `import numpy`.
_WITHOUT = (
    *("opt/hpcpy/lib", "opt/hpcpy/share", "opt/mpich", "usr/share", "var"),
    *(f"usr/lib/x86_64-linux-gnu/{name}*" for name in ("libLLVM", "libclang", "libpocl")),
)

_NOT_NUMPY = tuple(f"./lib/python3*/site-packages/{name}*" for name in ("pip", "h5py", "hdf5"))

# The image `wheels` is built by nothing that `make test` needs: a venv of this machine's
# Python stands for one of the image's.
VENV = Configuration(
    name="venv",
    image="",
    folder="outside",
    files=lambda _: [Files(ensure_venv("outside"), "outside", _NOT_NUMPY)],
    command=lambda _, folder, words: [str(folder / "bin/python3"), *words],
)
STATIC_FILES = CONFIGURATIONS["static-files"]
STATIC_SIF = CONFIGURATIONS["static-sif-shared"]
STATIC_STAGED = CONFIGURATIONS["static-sif-staged"]

# As MooseFS comes, a node keeps no names of files, and all else for a second.  With these
# options it keeps both for an hour, as clients do that hold locks.
KEEPING = tuple(f"mfs{name}cacheto=3600" for name in ("attr", "entry", "direntry", "negentry"))
# Operations that the client answers by a request, whatever it keeps; of `lookup` the part
# that it does not answer itself.
REQUESTS = ("lookup.master", "open", "access", "statfs", "readlink.master", "readdir")
# By how many packets starts that ask the same may differ.  Of each of the image's 8 chunks
# two threads of a client may ask where it is, both or only one of them, and twice beside a
# load.  Attributes are asked for anew after a file has been closed.
CHUNKS = 16


def requests(asked: Asked) -> dict[str, int]:
    """Return what of it a metadata server was asked."""
    return {name: asked.operations.get(name, 0) for name in REQUESTS}


def one_node(samples: Sequence[Sample]) -> list[Asked]:
    """Return what the first node asked in each sample."""
    return [sample.asked[0] for sample in samples]


def require() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can have a storm: sudo make test")
    for group in ("cluster", "storm"):
        if len(look_up(needed([group]))) < len(needed([group])):
            pytest.skip(f"packages are missing; run: make setup TOOLS={group}")


@dataclass(frozen=True)
class SmallStorm:
    storm: Storm
    images: Images

    def bring(self, configuration: Configuration) -> None:
        copy(self.storm.own, self.storm.folder, configuration.files(self.images))

    def take(self, configuration: Configuration, nodes: int, ranks: int) -> list[Sample]:
        """Start ranks that import numpy, cold and warm."""
        case = Case(configuration.name, "numpy", nodes, ranks)
        return take(self.storm, self.images, configuration, case)


@contextlib.contextmanager
def started(*configurations: Configuration) -> Iterator[SmallStorm]:
    """Give a storm of two nodes, whose clients keep names as parallel file systems' do."""
    require()
    sif = Path(image()[-1])
    worker = os.environ.get("PYTEST_XDIST_WORKER", "0")
    names = machines.layout(2, paths.BUILD / f"storm-test-{worker}/cluster")
    # Not below /tmp, which each node has for itself.
    with scratch_dir(names.folder.parent, "root") as folder, _running(names, sif, folder) as storm:
        for configuration in configurations:
            storm.bring(configuration)
        yield storm
    names.folder.parent.rmdir()


@contextlib.contextmanager
def _running(names: Layout, sif: Path, folder: Path) -> Iterator[SmallStorm]:
    root = folder / "root"
    unsquashfs = engine_command("unsquashfs")
    words = ["-no-progress", "-quiet", "-offset", str(system(sif)[0]), "-dest", str(root)]
    subprocess.run(
        [unsquashfs, *words, "-excludes", sif, *_WITHOUT], check=True, capture_output=True
    )
    images = Images({"hpcpy": sif}, {"hpcpy": root}, Path(image()[0]))
    with machines.running(names) as storm:
        mounts = tuple(replace(mount, options=KEEPING) for mount in storm.mounts)
        for mount in mounts:
            open_root(mount, root)
        yield SmallStorm(replace(storm, mounts=mounts), images)
