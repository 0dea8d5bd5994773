"""``hpcpy cluster [--stop|--status] [--folder F]``: the local cluster."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from hpcpy.cluster import config, health, network, processes
from hpcpy.cluster.layout import CONTROLLER, NODES, Layout, Network, addresses, default_layout
from hpcpy.cluster.node import Node
from hpcpy.engine.setup import ensure, look_up
from hpcpy.engine.tools import SBIN, needed
from hpcpy.errors import UnavailableError, UsageError
from hpcpy.files import disk_errors
from hpcpy.paths import ROOT
from hpcpy.stages import Stage, skipped, stage

_KEY_BYTES = 1024
_CANCEL_SECONDS = 5.0


def main(arguments: list[str]) -> int:
    """Start the cluster, stop it, or tell how it is.

    Returns
    -------
    int
        0; for ``--status`` 1 when it does not take jobs.
    """
    parser = argparse.ArgumentParser(prog="hpcpy cluster", description=__doc__)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--stop", action="store_true", help="end it and leave nothing")
    what.add_argument("--status", action="store_true", help="say how its nodes are")
    parser.add_argument("--folder", type=Path, help="where it lies (build/cluster)")
    options = parser.parse_args(arguments)
    layout = Layout(options.folder.absolute()) if options.folder else default_layout()
    if any(character.isspace() for character in str(layout.folder)):
        raise UsageError(f"{layout.folder}: Slurm takes no path with a blank in it")
    if options.status:
        found = health.states(layout)
        print(", ".join(f"{name} {found.get(name, 'unknown')}" for name in NODES))
        return 0 if health.usable(found) else 1
    if options.stop:
        stop(layout)
    else:
        start(layout)
    return 0


def start(layout: Layout) -> None:
    """Have the cluster up: as it is when it is whole, else started anew.

    Raises
    ------
    UnavailableError
        When this process may not make one, or packages are missing.
    StageError
        When a daemon does not come up; names its log.
    """
    with _held(layout):
        if health.usable(health.states(layout)):
            skipped("start the local cluster", "it runs")
        else:
            _require_root()
            ensure("cluster")
            with stage("start the local cluster") as current:
                _remove(layout)
                try:
                    _bring_up(layout, current)
                except BaseException:
                    # Its logs stay, to be read.
                    processes.end_all(layout)
                    network.remove(layout)
                    shutil.rmtree(layout.run, ignore_errors=True)
                    raise
        version = health.ask(layout, "sinfo", "--version").strip()
    print(config.greeting(layout, version), flush=True)


def stop(layout: Layout) -> None:
    """End the cluster and its jobs, and leave nothing of it.

    Raises
    ------
    UnavailableError
        When it runs and this process may not end it.
    """
    with _held(layout):
        if not layout.run.exists() and not layout.folder.exists():
            skipped("stop the local cluster", "there is none")
            return
        _require_root()
        with stage("stop the local cluster"):
            _cancel_jobs(layout)
            _remove(layout)


def _require_root() -> None:
    if os.geteuid() != 0:
        raise UnavailableError(
            "the local cluster is made of network and mount name spaces, which only root may make",
            hint="an administrator would type: sudo make cluster (its srun is for every user then)",
        )
    done = subprocess.run(
        ["unshare", "--mount", "--net", "--pid", "--fork", "true"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise UnavailableError(
            f"this root may not make name spaces ({done.stderr.strip()})",
            hint="it needs CAP_SYS_ADMIN and CAP_NET_ADMIN, as on the machine itself",
        )


@contextlib.contextmanager
def _held(layout: Layout) -> Iterator[None]:
    # The lock is on a folder that is there anyway: nothing is left of it.
    with disk_errors(layout.folder):
        layout.folder.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(layout.folder.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _remove(layout: Layout) -> None:
    processes.end_all(layout)
    network.remove(layout)
    for folder in (layout.run, layout.folder):
        shutil.rmtree(folder, ignore_errors=True)


def _cancel_jobs(layout: Layout) -> None:
    """Let users' srun and sbatch end in order, as far as they do it soon."""
    if not health.usable(health.states(layout)):
        return
    jobs = health.ask(layout, "squeue", "--noheader", "--format=%i").split()
    if not jobs:
        return
    health.ask(layout, "scancel", *jobs)
    end = time.monotonic() + _CANCEL_SECONDS
    while health.ask(layout, "squeue", "--noheader", "--format=%i") and time.monotonic() < end:
        time.sleep(0.1)


def _bring_up(layout: Layout, current: Stage) -> None:
    on = network.choose(layout)
    with disk_errors(layout.folder):
        _write(layout, on)
    network.make_bridge(layout, on)
    machines = []
    for node in (_controller(layout, on), *(_node(layout, on, name) for name in NODES)):
        machine = processes.start(layout, node)
        network.plug_in(layout, node.name, machine.process.pid)
        machine.go()
        machines.append(machine)
    health.wait_until_usable(layout, machines, current)


def _write(layout: Layout, on: Network) -> None:
    for folder in (layout.run, layout.logs, layout.bin):
        folder.mkdir(parents=True)
    for name in NODES:
        (layout.run / name).mkdir()
    key = layout.run / "munge"
    for private in (key, layout.run / "state"):
        private.mkdir(mode=0o700)
    # Whoever reads it can act as any user of the cluster.
    (key / "key").touch(mode=0o600)
    (key / "key").write_bytes(secrets.token_bytes(_KEY_BYTES))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    layout.conf.write_text(config.slurm_conf(layout, on, memory))
    for name, text in config.files(on).items():
        (layout.run / name).write_text(text)
    (layout.folder / "env").write_text(config.environment(layout))
    for name in config.COMMANDS:
        wrapper = layout.bin / name
        wrapper.write_text(config.wrapper(layout, _program(name)))
        wrapper.chmod(0o755)


def _program(name: str) -> str:
    # /usr/sbin is not on every root's PATH; the wrappers themselves may be.
    path = os.pathsep.join(["/usr/local/bin", "/usr/bin", *SBIN])
    found = shutil.which(name, path=path) or shutil.which(name)
    if not found:
        raise UnavailableError(f"{name}: not on PATH", hint="make setup GROUPS=cluster")
    return found


def _controller(layout: Layout, on: Network) -> Node:
    private = layout.run / "munge"
    munged = (
        *(_daemon("munged"), "--foreground", f"--socket={layout.socket}"),
        *(f"--key-file={private / 'key'}", f"--pid-file={private / 'pid'}"),
        *(f"--log-file={private / 'log'}", f"--seed-file={private / 'seed'}"),
    )
    slurmctld = (_daemon("slurmctld"), "-D", "-c", "-f", str(layout.conf))
    return _machine(layout, on, CONTROLLER, ((munged, str(layout.socket)), (slurmctld, "")))


def _node(layout: Layout, on: Network, name: str) -> Node:
    return _machine(
        layout, on, name, (((_daemon("slurmd"), "-D", "-N", name, "-f", str(layout.conf)), ""),)
    )


def _machine(
    layout: Layout, on: Network, name: str, daemons: tuple[tuple[tuple[str, ...], str], ...]
) -> Node:
    at = addresses(on)
    return Node(
        name=name,
        address=f"{at[name]}/{on.prefixlen}",
        gateway=at["login"],
        folder=str(layout.run / name),
        files=tuple((f"/etc/{name}", str(layout.run / name)) for name in config.files(on)),
        kept=(str(ROOT), str(layout.folder)),
        daemons=tuple(command for command, _ in daemons),
        wanted=tuple(wanted for _, wanted in daemons),
    )


def _daemon(name: str) -> str:
    return str(look_up(needed(["cluster"]))[name].path)
