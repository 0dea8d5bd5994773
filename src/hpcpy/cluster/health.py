"""What Slurm itself says of the cluster."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from hpcpy.cluster.layout import CONTROLLER, Layout
from hpcpy.core.programs import captured
from hpcpy.core.stages import Stage, StageError

if TYPE_CHECKING:
    from hpcpy.cluster.processes import Machine

START_SECONDS = 30.0
_ASK_SECONDS = 5.0
_TAIL_LINES = 15
_USABLE = ("idle", "allocated", "mixed", "completing")


def ask(layout: Layout, *command: str) -> str | None:
    """Return what a command of Slurm prints; None when it fails."""
    env = {**os.environ, "SLURM_CONF": str(layout.conf)}
    done = captured(command, env=env, seconds=_ASK_SECONDS)
    return done.stdout if done.returncode == 0 else None


def jobs(layout: Layout) -> list[str] | None:
    """Return the jobs that are not over on every node; None without an answer."""
    listed = ask(layout, "squeue", "--noheader", "--format=%i")
    return None if listed is None else listed.split()


def states(layout: Layout) -> dict[str, str]:
    """Return the state of each node; empty when the controller is silent."""
    # After a reboot there is a configuration, and nobody to ask.  Another user's
    # folder may be closed.
    try:
        if not (layout.conf.exists() and layout.socket.exists()):
            return {}
    except OSError:
        return {}
    listed = ask(layout, "sinfo", "--noheader", "--Node", "--format=%N %T")
    return dict(line.split() for line in (listed or "").splitlines())


def usable(layout: Layout, found: Mapping[str, str]) -> bool:
    """Tell whether every node takes jobs; ``down*`` and ``idle*`` do not."""
    return all(found.get(name) in _USABLE for name in layout.nodes)


def wait_until_usable(layout: Layout, machines: Sequence[Machine], current: Stage) -> None:
    """Wait until every node is there, or say which is not and why."""
    end = time.monotonic() + START_SECONDS
    while True:
        for machine in machines:
            if machine.process.poll() is not None:
                raise _failure(layout, machine.name, "has ended", current)
        found = states(layout)
        if usable(layout, found):
            return
        if time.monotonic() > end:
            break
        time.sleep(0.05)
    name = next((n for n in layout.nodes if found and found.get(n) not in _USABLE), CONTROLLER)
    what = f"is {found[name].upper()}" if name in found else "does not answer"
    raise _failure(layout, name, f"{what} after {START_SECONDS:.0f} s", current)


def _failure(layout: Layout, name: str, what: str, current: Stage) -> StageError:
    log = layout.log(name)
    tail = log.read_text(errors="replace").splitlines()[-_TAIL_LINES:]
    with current.log.open("a") as stream:
        print(f"the end of {log}:", *tail, sep="\n", file=stream)
    return StageError(f"{name} {what}; its log: {log}")
