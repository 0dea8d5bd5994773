"""podman, with settings by which it also starts where it does not as it is."""

# Such as with cgroups in hybrid mode, which crun refuses, without a bridge, or with hard limits
# below podman's defaults and no right to raise them.

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import resource
import shlex
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.files import make_folder, write_whole
from hpcpy.core.trust import require_own
from hpcpy.engine.setup import ensure

# 4096 is above what a rank needs; with a higher number of processes, even one
# below its own hard limit, runc was refused.
MOST = 4096


def containers_conf() -> str:
    """Return the text of a containers.conf that mends what is known to fail."""
    files, processes = (
        min(MOST, hard) if hard != resource.RLIM_INFINITY else MOST
        for _, hard in map(resource.getrlimit, (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC))
    )
    limits = f'"nofile={min(1024, files)}:{files}", "nproc={processes}:{processes}"'
    return f"""\
[containers]
default_ulimits = [{limits}]
netns = "host"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
"""


def podman_command() -> tuple[list[str], dict[str, str]]:
    """Return how to start podman here, after writing its settings; its images are in the cache."""
    graph, folder = paths.cache_dir() / f"containers-{os.geteuid()}", paths.BUILD / "podman"
    require_own(graph)
    podman = str(ensure("podman")["podman"].path)
    make_folder(graph)
    # A string of JSON is one of TOML.  STORAGE_DRIVER=vfs goes first, for disks without overlays.
    places = f"graphroot = {json.dumps(str(graph))}\nrunroot = {json.dumps(str(_run_root()))}\n"
    texts = {
        "CONTAINERS_STORAGE_CONF": f'[storage]\ndriver = "overlay"\n{places}',
        "CONTAINERS_CONF": containers_conf(),
    }
    env = {name: str(folder / f"{name.lower()}.toml") for name in texts}
    for name, text in texts.items():
        write_whole(Path(env[name]), text)
    write_wrapper(podman, env)
    return [podman], env


def _run_root() -> Path:
    """Return a place for state that goes at a boot: conmon's sockets take 107 bytes of a path."""
    shared = os.environ.get("XDG_RUNTIME_DIR")
    base = Path("/run") if os.geteuid() == 0 else Path(shared or f"/tmp/run-{os.geteuid()}")  # noqa: S108
    name = hashlib.sha256(str(paths.cache_dir()).encode()).hexdigest()[:8]
    with contextlib.suppress(OSError):
        base.mkdir(mode=0o700)
    require_own(base / f"hpcpy-{name}", "set XDG_RUNTIME_DIR to a folder of your own")
    return base / f"hpcpy-{name}"


def write_wrapper(podman: str, env: dict[str, str]) -> None:
    """Write ``build/tools/bin/podman``, for people and for podman-hpc."""
    exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in env.items())
    script = f'#!/bin/sh\n{exports}exec {shlex.quote(podman)} "$@"\n'
    write_whole(paths.TOOLS / "bin/podman", script, 0o755)
