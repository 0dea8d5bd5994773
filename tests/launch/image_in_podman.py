"""The image as podman has it: loaded by one of pytest's workers, for all of them."""

import fcntl
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from hpcpy.build.archive import manifest_digest
from hpcpy.core import paths

NAME = "localhost/hpcpy:latest"


def load(archive: Path, podman: Sequence[str], env: Mapping[str, str]) -> None:
    """Have the image of an archive loaded as a user would load it.

    It stays, so that the next run has it when the archive is the same.
    """

    name = f"localhost/{archive.name.partition('.')[0]}:latest"

    def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*podman, *words],
            env={**os.environ, **env},
            capture_output=True,
            text=True,
            check=False,
        )

    # Two that each remove the former image would remove each other's.
    with (paths.BUILD / "podman-image.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        have = run("image", "inspect", "--format", "{{.Digest}}", name)
        if have.stdout.strip() == manifest_digest(archive):
            return
        run("rmi", "--force", name)
        done = run("load", "--input", archive)
        assert done.returncode == 0, done.stderr
        assert name in done.stdout
