"""Somebody at a site: an ordinary user, or root, in a working directory of theirs."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from launching import AREA2, ranks, said, typed
from local_cluster import Cluster

from hpcpy.core import paths
from running import Done, run, start, wait_until

SECONDS = 300.0

_SITE = """
summary = "a site whose MPICH takes the place of the image's"
mpi = "pmi2"
binds = {binds}

[options]
{engine} = ["{option}"]

[environment]
# Of the wheel's two ways to the network the other one is too wordy for PMI2.
MPIR_CVAR_CH4_NETMOD = "ofi"
FI_PROVIDER = "tcp"

[promises]
mpi = "mpich"
mpi_library = "/opt/udiImage/"
"""


def site_with_mpich(engine: str, option: str, *binds: str) -> str:
    """Return a site's file, by which an option of its engine brings the site's MPICH."""
    return _SITE.format(engine=engine, option=option, binds=json.dumps(binds))


@dataclass(frozen=True)
class User:
    """A user, their engine and image, and the variables that a module file of the site sets."""

    cluster: Cluster
    engine: str
    image: str
    python: Path
    uid: int
    variables: Mapping[str, str]

    @property
    def environment(self) -> dict[str, str]:
        return {
            **self.variables,
            "PATH": f"{self.cluster.layout.bin}{os.pathsep}{self.variables['PATH']}",
            "HOME": str(self.cluster.shared),
            "PYTHONPATH": str(paths.ROOT / "src"),
        }

    def command(self, *words: str | Path) -> list[str]:
        as_user = ("setpriv", f"--reuid={self.uid}", f"--regid={self.uid}", "--clear-groups")
        return [*(as_user if self.uid else ()), *map(str, words)]

    def run(self, *words: str | Path) -> Done:
        return self.cluster.run(*self.command(*words), env=self.environment, timeout=SECONDS)

    def launch(self, *words: str) -> list[str]:
        own = (f"ENGINE={self.engine}", f"IMAGE={self.image}")
        return [str(self.python), *typed("launch", *own, *words)[1:]]

    def started(self, *words: str) -> subprocess.Popen[str]:
        env = self.cluster.environment(self.environment)
        return start(*self.command(*self.launch(*words)), env=env, cwd=self.cluster.shared)

    def has_the_answers_of_two_nodes(self) -> None:
        """Assert that mandel and pi of two ranks on each of two nodes are right."""
        size = ("NODES=2", "TASKS=4")
        words = "W=mandel --impl mpi-cyclic --area area2 --out picture.png"
        done = self.run(*self.launch(words, *size))
        assert (done.returncode, said(done)) == (0, [])
        assert f"sha256 {AREA2}" in done.stdout
        row = next(line for line in done.stdout.splitlines() if line.startswith("mpi-cyclic "))
        assert re.search(r"s +4 +[0-9,.]+ ", row), row
        assert (self.cluster.shared / "picture.png").stat().st_uid == self.uid
        done = self.run(*self.launch("W=pi --impl mpi", *size))
        assert (done.returncode, said(done)) == (0, [])
        assert re.search(r"seeded, 4 at work: .*: matches the ", done.stdout)

    def wait_until_no_rank_is_left(self, workload: str) -> None:
        wait_until(lambda: not ranks(self.cluster, workload), every=0.1)


def is_public(path: Path) -> bool:
    real = path.resolve()
    reached = all(folder.stat().st_mode & 0o001 for folder in real.parents)
    return reached and bool(real.stat().st_mode & 0o004)


def require_public(*files: Path) -> None:
    """Skip the test where another user cannot read one of the files that it is to use."""
    for path in files:
        if not is_public(path):
            pytest.skip(f"{path.resolve()}: not for every user; put the checkout where all read")


def public_python(module: str = "sys") -> str:
    """Return a Python that every user may start, with a module: hooks and ranks are theirs."""
    for one in filter(None, [sys.executable, shutil.which("python3", path="/usr/bin")]):
        if is_public(Path(one)) and run(one, "-c", f"import {module}").returncode == 0:
            return one
    return sys.executable
