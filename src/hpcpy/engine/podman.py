"""podman, with settings for machines where it does not start as it is.

Plain podman fails on some machines: cgroups in hybrid mode (crun refuses
them), hard limits below podman's defaults without the right to raise them,
no bridge.  Where it does, it is started with what mends all of these.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import resource
import shlex
import shutil
import subprocess
import tarfile
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.errors import UnavailableError
from hpcpy.core.files import disk_errors, whole_file
from hpcpy.core.scratch import checkout_lock
from hpcpy.core.stages import stage
from hpcpy.core.trust import require_own
from hpcpy.engine.setup import ensure

# 4096 is above what a rank needs; with a higher number of processes, even one
# below its own hard limit, runc was refused.
MOST = 4096
TRY_SECONDS = 30
# The second one copies every layer whole: for disks that refuse an overlay.
DRIVERS = ("overlay", "vfs")
PROBE = "localhost/hpcpy-probe"


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
    """Return how to start podman on this machine.

    Its images lie below the cache, apart from the user's own.
    """
    require_own(_graph_root())
    podman = ensure("podman").found["podman"]
    folder = paths.BUILD / "podman"
    state = folder / "settings.json"
    # The folder, too: a checkout may be moved.
    key = f"{folder} {podman.path} {podman.version} {_graph_root()} {containers_conf()}"
    try:
        kept = json.loads(state.read_text())
    except (OSError, ValueError):
        kept = {}
    if kept.get("key") != key or not _graph_root().is_dir():
        with checkout_lock(), stage("try podman") as current:
            kept = {"key": key, "env": _detect(podman.path, folder)}
            current.note = (
                "with settings of ours" if "CONTAINERS_CONF" in kept["env"] else "as it is"
            )
            with whole_file(state) as temporary:
                temporary.write_text(json.dumps(kept, indent=2))
            write_wrapper(podman.path, kept["env"])
    return [str(podman.path)], dict(kept["env"])


def _graph_root() -> Path:
    return paths.cache_dir() / f"containers-{os.geteuid()}"


def _run_root() -> Path:
    """Return a short place for state that must not outlive a boot.

    conmon's sockets lie in it, and a socket's path has at most 107 bytes.
    """
    shared = os.environ.get("XDG_RUNTIME_DIR")
    base = Path("/run") if os.geteuid() == 0 else Path(shared or f"/tmp/run-{os.geteuid()}")  # noqa: S108
    name = hashlib.sha256(str(paths.cache_dir()).encode()).hexdigest()[:8]
    with contextlib.suppress(OSError):
        base.mkdir(mode=0o700)
    require_own(base / f"hpcpy-{name}", "set XDG_RUNTIME_DIR to a folder of your own")
    return base / f"hpcpy-{name}"


def _write(folder: Path, driver: str, *, is_mended: bool) -> dict[str, str]:
    """Write the configuration and return the variables that point to it."""
    storage = folder / "storage.conf"
    graph = _graph_root()
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        graph.mkdir(parents=True, exist_ok=True)
        storage.write_text(
            f'[storage]\ndriver = "{driver}"\n'
            # A string of JSON is one of TOML.
            f"graphroot = {json.dumps(str(graph))}\nrunroot = {json.dumps(str(_run_root()))}\n"
        )
        env = {"CONTAINERS_STORAGE_CONF": str(storage)}
        if is_mended:
            (folder / "containers.conf").write_text(containers_conf())
            env["CONTAINERS_CONF"] = str(folder / "containers.conf")
    return env


def _detect(podman: Path, folder: Path) -> dict[str, str]:
    """Return the variables with which podman works: plain settings go first."""
    for driver in DRIVERS:
        env = _write(folder, driver, is_mended=False)
        code, output = _try([podman, "import", "-", PROBE], env, _probe_image())
        if code == 0:
            break
    else:
        raise _failure("stores no image", output)
    for is_mended in (False, True):
        env = _write(folder, driver, is_mended=is_mended)
        command: list[str | Path] = [podman, "run", "--rm", PROBE, "/true"]
        if os.geteuid() == 0 and not is_mended:
            # A bridge that podman makes stays: make it where it goes away.
            command = ["unshare", "--net", *command]
        code, output = _try(command, env)
        if code == 0:
            return env
    raise _failure("starts no container", output)


def _failure(what: str, output: str) -> UnavailableError:
    last = output.strip().splitlines()[-1:] or ["no message"]
    return UnavailableError(
        f"podman {what} on this machine: {last[0]}",
        hint="make setup lists what is missing",
    )


def _try(
    command: list[str | Path], env: dict[str, str], stdin: bytes | None = None
) -> tuple[int, str]:
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **env},
            input=stdin if stdin is not None else b"",
            capture_output=True,
            timeout=TRY_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return 1, f"no answer in {TRY_SECONDS} s"
    return done.returncode, done.stderr.decode(errors="replace")


def _probe_image() -> bytes:
    """Return a tar of an image that can run ``/true``."""
    program = shutil.which("true") or "/bin/true"
    linked = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    contents = io.BytesIO()
    with tarfile.open(fileobj=contents, mode="w", dereference=True) as tar:
        tar.add(program, "true")
        for library in re.findall(r"(/\S+) \(0x", linked):
            tar.add(library, library.lstrip("/"))
    return contents.getvalue()


def write_wrapper(podman: Path, env: dict[str, str]) -> None:
    """Write ``build/tools/bin/podman``, for people and for podman-hpc."""
    wrapper = paths.TOOLS / "bin/podman"
    exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in env.items())
    with whole_file(wrapper) as temporary:
        temporary.write_text(f'#!/bin/sh\n{exports}exec {shlex.quote(str(podman))} "$@"\n')
    wrapper.chmod(0o755)
