"""The local cluster with the Slurm of Debian 13, which has its own C library and PMIx 5.

Beside the machine's 22.05: image, one file and launch must suit the protocols of both.
"""

import os
import platform
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from debian_tools import unpacked
from launching import RANKS, hpcpy
from local_cluster import Cluster, cluster_of, image, own
from standalone_host import staged

from hpcpy.cluster import machines
from hpcpy.cluster.layout import COMMANDS, Layout, Network, slurm_conf
from hpcpy.core.stages import stage
from running import executable, printed, run

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(platform.machine() != "x86_64", reason="the packages are for x86-64"),
]
LIBRARIES = "usr/lib/x86_64-linux-gnu"
PLUGINS = f"{LIBRARIES}/slurm-wlm"
PMIX = f"{LIBRARIES}/pmix2/lib"
LOADER = f"{LIBRARIES}/ld-linux-x86-64.so.2"
DAEMONS = ("slurmctld", "slurmd", "slurmstepd")
# slurmstepd looks for PMIx at one path, where this machine has its own.
SLURMD = """#!/bin/sh
# In a namespace of its own, wherever it is started.
[ "$UNSHARED" ] || UNSHARED=1 exec unshare --mount "$0" "$@"
mount --bind {folder}/{pmix} /{pmix}
exec {folder}/usr/sbin/slurmd -d {folder}/usr/sbin/slurmstepd "$@"
"""


def finish(made: Path, final: Path) -> None:
    """Have its programs use its own loader and libraries."""
    patchelf = [made / LOADER, "--library-path", made / LIBRARIES, made / "usr/bin/patchelf"]
    path = f"{final / LIBRARIES}:{final / PLUGINS}"
    options = ("--set-interpreter", final / LOADER, "--force-rpath", "--set-rpath", path)
    for name in DAEMONS:
        # What they are they tell by their names.
        (made / f"usr/sbin/{name}-wlm").rename(made / "usr/sbin" / name)
    programs = [f"usr/sbin/{name}" for name in DAEMONS] + [f"usr/bin/{name}" for name in COMMANDS]
    for program in programs:
        printed(run(*patchelf, *options, made / program))
    executable(made / "bin/slurmd", SLURMD.format(folder=final, pmix=PMIX))


@pytest.fixture(scope="module")
def newer() -> Iterator[Cluster]:
    """Start a cluster as `hpcpy cluster` does, of the other programs."""
    folder = unpacked("slurm", finish)
    daemon = machines._daemon

    def conf(layout: Layout, on: Network, memory: int) -> str:
        (layout.folder / "cgroup.conf").write_text("CgroupPlugin=disabled\n")
        return f"{slurm_conf(layout, on, memory)}PluginDir={folder / PLUGINS}\n"

    others = {
        "slurmctld": str(folder / "usr/sbin/slurmctld"),
        "slurmd": str(folder / "bin/slurmd"),
    }

    with pytest.MonkeyPatch.context() as patch, own("cluster-newer") as layout:
        # The machine's sinfo and scancel are too old to ask it.
        patch.setenv("PATH", str(folder / "usr/bin"), prepend=os.pathsep)
        patch.setattr(machines, "slurm_conf", conf)
        patch.setattr(machines, "_program", lambda name: str(folder / "usr/bin" / name))
        patch.setattr(machines, "_daemon", lambda name: others.get(name) or daemon(name))
        with stage("start a newer Slurm") as current:
            machines.bring_up(layout, current)
        yield cluster_of(layout)


def test_it_is_that_of_debian_13(newer: Cluster) -> None:
    assert printed(newer.run("sinfo", "--version")).startswith("slurm-wlm 24.11.")


@pytest.mark.parametrize("kind", ["pmi2", "pmix"])
def test_ranks_of_the_image_work_together(newer: Cluster, kind: str) -> None:
    (newer.shared / "ranks.py").write_text(RANKS)
    inside = (*image(), "python3", "-m", "hpcpy_job", "preflight", "ranks.py", "x", "0")
    done = newer.srun(f"--mpi={kind}", "-N2", "-n4", *inside)
    assert (done.returncode, done.stdout, done.stderr) == (0, "4|2|x|0\n", "")


@pytest.mark.parametrize("kind", ["sif", "standalone"])
def test_a_launch_has_four_ranks_and_passes_codes(
    newer: Cluster, kind: str, request: pytest.FixtureRequest
) -> None:
    (newer.shared / "my mpi.py").write_text(RANKS)
    words = ("NODES=2", "TASKS=4", *staged(kind, request))
    for code in (0, 7):
        program = f"PROGRAM={shlex.quote('my mpi.py')} two-words {code}"
        done = hpcpy(newer, "launch", program, *words)
        assert (done.returncode, done.stdout) == (code, f"4|2|two-words|{code}\n"), done.stderr
