"""A storm within a Slurm job of a site: nobody is root, and the file system is the site's.

Nobody counts there what a node asks of it.  A cold start needs files that its nodes have
never seen, since no user can empty a node's memory: so each case has a copy of its own,
which the job's last node writes.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from hpcpy.launch import slurm
from hpcpy.launch.options import Request
from hpcpy.launch.site import Site
from hpcpy.stages import StageError
from sharedfs import fill
from sharedfs.configurations import CONFIGURATIONS, Configuration, Images
from sharedfs.launch import Job, launch
from sharedfs.programs import source
from sharedfs.samples import TEMPERATURES, Case, Sample

# The job's own time limit comes before.
_PATIENCE = 24 * 3600.0


def why_not(configuration: Configuration, site: Site) -> str:
    """Return why a configuration cannot be run at a site; empty when it can."""
    if configuration.needs_squash:
        return "root alone may mount it"
    if configuration.needs_podman_hpc:
        return "its podman-hpc is one of this machine"
    if not configuration.needs_root and site.engine != "apptainer":
        return f"{site.name} has {site.engine}, and a SIF needs Apptainer"
    return ""


@dataclass(frozen=True)
class AtSite:
    """The job that this runs in.

    Attributes
    ----------
    request, site
        What the job was asked for, and where.
    nodes
        Its nodes' names.
    folder
        Of the shared file system, this job's alone.
    can_bind
        Whether this Slurm can keep ranks on their cores.
    """

    request: Request
    site: Site
    nodes: tuple[str, ...]
    folder: Path
    can_bind: bool

    def run(self, *words: str | Path) -> str:
        """Run a command on the last node, which cases of fewer nodes do not use.

        Raises
        ------
        StageError
            When it fails.
        """
        where = ["--nodes=1", "--ntasks=1", "--ntasks-per-node=1", f"--nodelist={self.nodes[-1]}"]
        srun = ["srun", "--overlap", "--quiet", "--mpi=none", "--chdir=/", *where]
        done = subprocess.run(
            [*srun, *(str(word) for word in words)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = (done.stderr.strip().splitlines() or ["it says nothing"])[0]
            raise StageError(f"{words[0]} on {self.nodes[-1]}: {said}")
        return done.stdout

    def options(self, case: Case) -> str:
        """Return srun's options for a case, as a shell takes them."""
        sized = replace(self.request, nodes=case.nodes, tasks=case.nodes * case.ranks)
        step = slurm.step_options(sized, self.site, is_nested=False, can_bind=self.can_bind)
        given = [one.shell for one in (*slurm.size_options(sized, self.site), *step)]
        if case.nodes < len(self.nodes):
            given.append(f"--nodelist={','.join(self.nodes[: case.nodes])}")
        return " ".join(["--quiet --chdir=/", *given])

    def tried(self, images: Images, failed: dict[str, str], case: Case) -> list[Sample]:
        """Start a case unless its configuration has failed before; a failure ends no other.

        Parameters
        ----------
        images
            With what.
        failed
            Configuration -> why it failed; one that fails now is added.
        case
            Which.

        Raises
        ------
        StageError
            When nothing can be started any more: the job is over.
        """
        if case.configuration in failed:
            return []
        try:
            return self.take(images, case)
        except StageError as error:
            with contextlib.suppress(StageError):
                self.run("true")
                failed[case.configuration] = str(error)
                print(f"storm.py: not {case.configuration}: {error}", file=sys.stderr)
                return []
            raise

    def take(self, images: Images, case: Case) -> list[Sample]:
        """Start a case twice, cold and warm.

        Raises
        ------
        StageError
            When a rank fails, or files cannot be copied.
        """
        configuration = CONFIGURATIONS[case.configuration]
        with self._copied(images, configuration) as folder:
            words = ["-c", source(case.program, configuration.imports)]
            command = configuration.command(images, folder, words)
            around = configuration.around and configuration.around(images, folder, case.nodes)
            job = Job(case.nodes, case.ranks, command, around or None)
            started = job.within(self.options(case))
            everybody = case.nodes * case.ranks
            return [
                Sample(case, temperature, launch(started, everybody, _PATIENCE), ())
                for temperature in TEMPERATURES
            ]

    @contextlib.contextmanager
    def _copied(self, images: Images, configuration: Configuration) -> Iterator[Path]:
        try:
            fill.copy(self, configuration.files(images))
            yield self.folder / configuration.folder
        finally:
            # Or the script does so, at the job's end.
            with contextlib.suppress(StageError):
                self.run("rm", "-rf", self.folder)
