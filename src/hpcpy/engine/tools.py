"""The table of tools: what each is for, and which of them a machine has."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from hpcpy import paths
from hpcpy.engine.versions import Version, parse_version
from hpcpy.errors import UsageError

# runc, buildah's helpers and the like lie in sbin, which an ordinary user's
# PATH does not have on Debian.
SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")


@dataclass(frozen=True)
class Tool:
    """A program, from which version on, and where it comes from.

    Parameters
    ----------
    program
        Its name on PATH.
    minimum
        The oldest version it was seen to work with.
    package
        Debian's and Ubuntu's package of it.
    groups
        Which groups of targets need it.
    why
        What it is for.
    version_argument
        What makes it print its version.
    provided
        ``apt`` installs the package, ``unpack`` unpacks it below
        ``build/tools`` (its installation would start a service), ``prefix``
        is Apptainer's own prefix (`hpcpy.engine.prefix`), ``modules`` that of
        the two that load module files (`hpcpy.engine.modules`).
    library
        For a library, which has no program: what its file's path matches.
    calls_itself
        What the line of its version has, where that is not the program's name.
    """

    program: str
    minimum: Version
    package: str
    groups: tuple[str, ...]
    why: str
    version_argument: str = "--version"
    provided: str = "apt"
    library: str = ""
    calls_itself: str = ""


def _at_least(*numbers: int) -> Version:
    return Version(numbers)


TOOLS = (
    Tool("buildah", _at_least(1, 28), "buildah", ("build",), "builds the OCI images"),
    Tool("skopeo", _at_least(1, 9), "skopeo", ("build", "registry"), "copies and sends them"),
    Tool("mmdebstrap", _at_least(1, 3), "mmdebstrap", ("build",), "makes the Debian root"),
    Tool(
        "unshare",
        _at_least(2, 36),
        "util-linux",
        ("build", "cluster"),
        "cuts build steps off the network, makes nodes",
    ),
    Tool(
        "apptainer",
        _at_least(1, 4),
        "apptainer",
        ("apptainer",),
        "makes and runs SIF images",
        provided="prefix",
    ),
    Tool(
        "mksquashfs",
        _at_least(4, 5),
        "squashfs-tools",
        ("apptainer",),
        "packs a SIF's file system",
        version_argument="-version",
        provided="prefix",
    ),
    Tool("podman", _at_least(4, 3), "podman", ("podman", "podman-hpc"), "runs the OCI images"),
    # Debian's podman would come with crun, which refuses hybrid cgroups.
    Tool(
        *("runc", _at_least(1, 1), "runc", ("podman", "podman-hpc")),
        "starts podman's containers",
    ),
    # What podman-hpc itself starts; it comes from PyPI (env/podman-hpc.lock).
    Tool(
        *("fuse-overlayfs", _at_least(1, 10), "fuse-overlayfs", ("podman-hpc",)),
        "gives a container its root",
    ),
    Tool(
        *("squashfuse_ll", _at_least(0, 1, 104), "squashfuse", ("podman-hpc",)),
        "mounts a migrated image",
    ),
    Tool(
        *("inotifywait", _at_least(3, 22, 6), "inotify-tools", ("podman-hpc",)),
        "tells when to unmount it",
        version_argument="--help",
    ),
    Tool(
        "docker-registry",
        _at_least(2, 8),
        "docker-registry",
        ("registry",),
        "a local registry, for tests of push",
        provided="unpack",
    ),
    Tool(
        *("lmod", _at_least(8, 6), "lmod", ("modules",)),
        "loads a module file, in tests",
        provided="modules",
    ),
    Tool(
        *("modulecmd", _at_least(5), "environment-modules", ("modules",)),
        "loads a module file, in tests",
        version_argument="bash",
        calls_itself="Modules Release",
        provided="modules",
    ),
    Tool(
        "qemu-x86_64",
        _at_least(7, 2),
        "qemu-user",
        ("emulator",),
        "an older processor, for tests",
    ),
    Tool(
        *("faketime", _at_least(0, 9, 10), "faketime", ("clock",)),
        "sets a program's clock, in tests",
    ),
    # With --no-install-recommends gcc lacks the C library's headers; g++ depends on them.
    Tool("gcc", _at_least(10), "gcc", ("compilers",), "compiles what tests load"),
    Tool("g++", _at_least(10), "g++", ("compilers",), "compiles what tests load"),
    Tool("strace", _at_least(5, 10), "strace", ("measure",), "tests hold counts against its own"),
    Tool(
        *("chromium-headless-shell", _at_least(120), "chromium-headless-shell", ("browser",)),
        "shows the built pages, in tests",
        calls_itself="Chromium",
    ),
    # Debian's comes with srun, sbatch … of the same version, which cannot tell
    # it without a configuration.
    Tool(
        *("slurmctld", _at_least(22, 5), "slurmctld", ("cluster",)),
        "gives out the local cluster's nodes",
        version_argument="-V",
    ),
    Tool(
        *("slurmd", _at_least(22, 5), "slurmd", ("cluster",)),
        "starts what runs on a node",
        version_argument="-V",
    ),
    Tool("munged", _at_least(0, 5, 13), "munge", ("cluster",), "tells Slurm who somebody is"),
    # Slurm's plug-in opens the name without a number, of the -dev package.
    Tool(
        *("libpmix.so", _at_least(2, 6), "libpmix-dev", ("cluster",)),
        "is behind srun --mpi=pmix",
        library="/usr/lib/*/pmix2/lib/libpmix.so",
    ),
    Tool(
        *("ip", _at_least(5, 10), "iproute2", ("cluster",)),
        "joins the nodes by a bridge",
        version_argument="-V",
    ),
    Tool(
        *("mfsmaster", _at_least(3, 0, 117), "moosefs-master", ("storm",)),
        "serves the storm's metadata",
        version_argument="-v",
    ),
    Tool(
        *("mfschunkserver", _at_least(3, 0, 117), "moosefs-chunkserver", ("storm",)),
        "serves the bytes of its files",
        version_argument="-v",
    ),
    Tool(
        *("mfsmount", _at_least(3, 0, 117), "moosefs-client", ("storm",)),
        "mounts it on each node",
        version_argument="-V",
        calls_itself="MFS",
    ),
)
GROUPS = tuple(dict.fromkeys(group for tool in TOOLS for group in tool.groups))


@dataclass(frozen=True)
class Found:
    """A program that is there: where, which version, whose it is."""

    tool: Tool
    path: Path
    version: Version | None
    origin: str

    @property
    def usable(self) -> bool:
        """Whether it is recent enough."""
        return self.version is not None and self.version >= self.tool.minimum


def needed(groups: Iterable[str]) -> list[Tool]:
    """Return the tools of some groups, in the table's order.

    Raises
    ------
    UsageError
        For an unknown group.
    """
    wanted = set(groups)
    if unknown := sorted(wanted - set(GROUPS)):
        raise UsageError(f"no tool group {unknown[0]!r}", hint=f"one of: {', '.join(GROUPS)}")
    return [tool for tool in TOOLS if wanted & set(tool.groups)]


def program_version(
    path: Path, argument: str = "--version", calls_itself: str = ""
) -> Version | None:
    """Ask a program for its version; None when it does not start or tell."""
    try:
        return _version(path, argument, calls_itself or path.name, path.stat().st_mtime_ns)
    except OSError:
        return None


@functools.cache
def _version(path: Path, argument: str, name: str, _mtime: int) -> Version | None:
    try:
        done = subprocess.run(
            [path, argument],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=30,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    # Some tell the versions of others first: those that they find, or are built on.
    lines = f"{done.stdout}\n{done.stderr}".splitlines()
    own = "\n".join(line for line in lines if name in line)
    return parse_version(own) or parse_version(done.stdout) or parse_version(done.stderr)


def on_path(tool: Tool) -> Found | None:
    """Look a tool up on PATH and in the folders of system programs."""
    if tool.library:
        return _library(tool)
    folders = [*os.environ.get("PATH", os.defpath).split(os.pathsep), *SBIN]
    # build/tools/bin has wrappers of what is found here, once on PATH itself.
    others = [folder for folder in folders if Path(folder).absolute() != paths.TOOLS / "bin"]
    path = shutil.which(tool.program, path=os.pathsep.join(others))
    if path is None:
        return None
    version = program_version(Path(path), tool.version_argument, tool.calls_itself)
    return Found(tool, Path(path), version, "PATH")


def _library(tool: Tool) -> Found | None:
    found = sorted(Path("/").glob(tool.library.lstrip("/")))
    if not found:
        return None
    # The link's target is named by its version: libpmix.so.2.6.2.
    return Found(
        tool, found[0], parse_version(found[0].resolve().name.partition(".so.")[2]), "PATH"
    )


def all_on_path(tools: Iterable[Tool]) -> dict[str, Found]:
    """Look several tools up at once: each has to be started for its version."""
    with ThreadPoolExecutor() as pool:
        found = pool.map(on_path, tools)
        return {one.tool.program: one for one in found if one}
