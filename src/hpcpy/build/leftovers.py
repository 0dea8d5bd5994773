"""Containers that broken builds have left in buildah's storage.

buildah's own record of a container is a file beside it, ``userdata/buildah.json``.  A build
that is killed, or has no room, between the two leaves a container without one, or with half of
one: `buildah rm --all` passes it over and ends with 0, and `buildah rm ID` refuses it.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from hpcpy.core.stages import say

# What its records say of themselves: another text is another program's container.
_KIND = "buildah 0.0.1"
# Newer versions list containers that need not outlive a crash of the machine elsewhere.
_LISTS = ("*-containers/containers.json", "run/*-containers/volatile-containers.json")


def containers(storage: Path) -> dict[str, Path]:
    """Return the containers of a storage by their id, each with its folder."""
    found = {}
    for pattern in _LISTS:
        for file in storage.glob(pattern):
            for one in json.loads(file.read_bytes()):
                folder = storage / file.parent.name / str(one["id"])
                found[str(one["id"])] = folder
    return found


def remove_containers(storage: Path, run: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    """Remove all containers, with what is mounted of them; one line says what could not be."""
    done = run("rm", "--all")
    try:
        for name, folder in containers(storage).items():
            done = run("rm", name)
            if done.returncode:
                with contextlib.suppress(OSError):
                    _record(folder, name)
                    done = run("rm", name)
        left = len(containers(storage))
    except (OSError, ValueError, KeyError, TypeError) as error:
        say(f"{storage}: its list of containers cannot be read ({error}); make clean CACHE=1")
        return
    if left:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        say(
            f"{storage}: {left} of the containers of broken builds could not be removed"
            f" ({lines[-1]}); make clean CACHE=1 removes all of it"
        )


def _record(folder: Path, name: str) -> None:
    """Write as much of a record as buildah needs to remove a container."""
    file = folder / "userdata/buildah.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"type": _KIND, "container-id": name}))
