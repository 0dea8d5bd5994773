"""docs/how-to/centre.md by its own commands: copy, set up, module, upgrade in a job, removal.

The login node is a root like RHEL's, of an ordinary user.  Slurm and its nodes are this machine's.
None has Python, apt or dpkg.
"""

import contextlib
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from injection_ways import NOBODY
from launching import RANKS
from local_cluster import SECONDS, Cluster, only_root, open_fuse, own, started
from module_systems import module_function
from other_roots import HIDES, entered, install_slurm, require, rhel_like
from site_user import require_public
from standalone_host import built

from hpcpy.cluster.layout import NODES
from hpcpy.core import paths
from hpcpy.core.files import sha256
from hpcpy.engine.prefix import find_apptainer
from running import Done, executable, printed, run, start, wait_until

pytestmark = [only_root, pytest.mark.long]
COPY, INSTALL, SITE, MODULE, STAYS, MOVES, REMOVES = re.findall(
    r"(?s)\*Needs a (?:release|cluster):\*\n```sh\n(.*?)```",
    (paths.ROOT / "docs/how-to/centre.md").read_text(),
)
OLD, NEW = "2026.11", "2027.05"
SRUN = "srun --quiet -N2 --ntasks-per-node=2 python -m mpi4py"
# The same on every Linux.
DAEMON = 1
# Typed into vi: deletes from the template what is not this cluster's.
KEYS = ':%s/^mpi = "pmix"/mpi = "auto"/\r:v/^summary\\|^mpi = "auto"/d\r:x\r'
# From the machine that made the release; its network is none.
SCP = """#!/bin/sh
for last; do :; done
[ "$last" = login: ]
while [ $# -gt 1 ]; do cp "$1" "$HOME/" || exit 1; shift; done
"""
# Neither the login node nor the others need these.
NAMES = "python3 python perl apt apt-get dpkg dpkg-deb"
LOOKS = f"for name in {NAMES}; do ! command -v $name || exit 1; done"
PYTHONS = "/usr/bin/python* /usr/bin/perl*"
# Reads, after an upgrade, what it has not read before it.
WAITS = """
import os, time
from pathlib import Path
from mpi4py import MPI

comm = MPI.COMM_WORLD
Path(f"{__file__}.{comm.rank}").touch()
while not Path("upgraded").exists():
    time.sleep(0.1)
import h5py, numba, xml.dom.minidom
if comm.allreduce(1) == 4 and comm.rank == 0:
    print(os.environ["HPCPY_SITE_FILE"])
"""


@dataclass(frozen=True)
class Person:
    """An ordinary user of the login node, with a home that all nodes see."""

    cluster: Cluster
    enters: tuple[str, ...]
    home: Path

    def command(self, script: str) -> list[str]:
        return [*self.enters, "bash", "-ec", script]

    def environment(self) -> dict[str, str]:
        shared = self.cluster.shared
        places = (self.cluster.layout.bin, find_apptainer().parent)
        own = {"MODULEPATH": str(shared / "apps/modules/modulefiles"), "LMOD_PAGER": "none"}
        own |= {"HOME": str(self.home), "LANG": "C.UTF-8"}
        return {**own, "PATH": ":".join(map(str, (*places, "/usr/bin", "/bin")))}

    def types(self, script: str, keys: str = "") -> Done:
        """Run commands as a login shell of a strict umask would; programs read the keys."""
        here = {"cwd": self.home, "env": self.environment(), "umask": 0o077, "input": keys}
        return run(*self.command(script), **here)

    @contextlib.contextmanager
    def starts(self, script: str) -> Iterator[subprocess.Popen[str]]:
        """Give a running shell, or what it has become; it ends with a test that fails."""
        with start(*self.command(script), cwd=self.home, env=self.environment()) as process:
            try:
                yield process
            finally:
                process.kill()


class Centre:
    """Who installs, who computes, and the page's commands for the folder of this test."""

    def __init__(self, cluster: Cluster, root: Path, files: Mapping[str, Path], image: str) -> None:
        shared = cluster.shared
        sees = {path: str(path) for path in (cluster.layout.folder, cluster.layout.run)}
        # Where the site has installed Lmod and Apptainer.
        sees |= {path: str(path) for path in (paths.TOOLS, paths.TOOLS.resolve())}
        sees |= install_slurm(root)
        self.image, self.apps, self.release = image, shared / "apps", shared / "release"
        self.staff = Person(cluster, entered(root, NOBODY, sees), shared / "staff")
        self.user = Person(cluster, entered(root, DAEMON, sees), shared / "user")
        owners = {self.apps: NOBODY, self.staff.home: NOBODY, self.user.home: DAEMON}
        for folder, owner in owners.items():
            folder.mkdir()
            os.chown(folder, owner, owner)
        self.release.mkdir()
        for name, file in files.items():
            (self.release / name).symlink_to(file)
        # A release has more files than are copied.
        sums = [*((sha256(file), name) for name, file in files.items()), (64 * "0", "INSTALL")]
        (self.release / "SHA256SUMS").write_text("".join(f"{sum_}  {n}\n" for sum_, n in sums))
        script = (
            "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out private.pem\n"
            "openssl pkey -in private.pem -pubout -out public.pem\n"
            "openssl dgst -sha256 -sign private.pem -out SHA256SUMS.sig SHA256SUMS\n"
        )
        run("sh", "-euc", script, cwd=self.release, check=True)
        executable(shared / "bin/scp", SCP)

    def staff_types(self, commands: str, version: str = OLD) -> str:
        """Run the page's commands; what each began after is printed, in seconds."""
        here = commands.replace("/apps/", f"{self.apps}/").replace(OLD, version)
        done = self.staff.types(f"PS4='+$SECONDS s: '; set -x\n{here}", KEYS)
        print(done.stderr)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def installs(self, version: str) -> None:
        """Do steps 1 to 3 of the page, and look at what they print."""
        copies = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
        own = {"HOME": str(self.staff.home), "PATH": f"{self.release.parent}/bin:/usr/bin:/bin"}
        run(*copies, "sh", "-euc", COPY, cwd=self.release, env=own, check=True)
        module = MODULE.replace("$PWD/hpcpy.sif", f"$PWD/{self.image}")
        shown = self.staff_types(INSTALL + SITE + module, version)
        assert shown.startswith("hpcpy-python: OK\nhpcpy.sif: OK\n")
        site = f"{self.apps}/hpcpy/{version}/site.toml"
        assert re.search(rf'(?m)^mpi = "auto" .*{site}', shown), shown
        for line in ("doctor: n1, n2\n", "MPI sees 8; ", "\n0 failed, "):
            # By the one file, and by the image.
            assert shown.count(line) == 2
        assert shown.endswith(f"\n{self.apps}/modules/modulefiles\n")

    def user_types(self, commands: str) -> str:
        done = self.user.types(f"{module_function('lmod')}module load hpcpy\n{commands}")
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return done.stdout

    def loaded(self) -> str:
        """Return the version of which a new `module load` has python and site file."""
        shown = self.user_types('command -v python; echo "$HPCPY_SITE_FILE"')
        version = Path(shown.splitlines()[-1]).parent.name
        python = f"{self.apps}/modules/hpcpy/{version}/bin/python"
        assert shown == f"{python}\n{self.apps}/hpcpy/{version}/site.toml\n"
        return version


@pytest.fixture(params=["hpcpy.sif", "hpcpy-python"])
def centre(request: pytest.FixtureRequest, sif: str, tmp_path: Path) -> Iterator[Centre]:
    require()
    files = {"hpcpy-python": built(), "hpcpy.sif": Path(sif)}
    require_public(*files.values(), find_apptainer())
    root = rhel_like(tmp_path)
    with own("centre") as layout:
        cluster = started(layout)
        open_fuse(cluster)
        for name in NODES:
            into = ("nsenter", f"--target={cluster.daemon('slurmd', name)}", "--mount")
            run(*into, "sh", "-euc", HIDES, "sh", PYTHONS, "true", check=True)
        yield Centre(cluster, root, files, request.param)


def test_the_pages_commands_install_upgrade_during_a_job_and_remove(centre: Centre) -> None:
    home = centre.user.home
    assert printed(centre.staff.types(f". /etc/os-release; echo $ID; {LOOKS}")) == "rhel\n"
    assert printed(centre.staff.types(f"srun --quiet -N2 sh -c '{LOOKS}'")) == ""
    (home / "ranks.py").write_text(RANKS)
    (home / "waits.py").write_text(WAITS)
    centre.installs(OLD)
    assert centre.loaded() == OLD
    assert centre.user_types(f"{SRUN} ranks.py before 0") == "4|2|before|0\n"
    waits = f"{module_function('lmod')}module load hpcpy\nexec {SRUN} waits.py"
    with centre.user.starts(waits) as job:
        wait_until(lambda: len([*home.glob("waits.py.*")]) == 4, job, every=0.1)
        centre.staff_types(STAYS)
        centre.installs(NEW)
        assert centre.loaded() == OLD
        centre.staff_types(MOVES)
        assert centre.loaded() == NEW
        assert centre.user_types(f"{SRUN} ranks.py after 0") == "4|2|after|0\n"
        (home / "upgraded").touch()
        shown = job.communicate(timeout=SECONDS)
    assert (job.returncode, *shown) == (0, f"{centre.apps}/hpcpy/{OLD}/site.toml\n", "")
    centre.staff_types(REMOVES)
    assert centre.loaded() == NEW
    assert centre.user_types(f"{SRUN} ranks.py last 0") == "4|2|last|0\n"
    assert [*centre.apps.rglob(f"*{OLD}*")] == []
    available = centre.user_types("module --terse avail hpcpy 2>&1")
    assert (f"hpcpy/{NEW}" in available, OLD in available) == (True, False)
