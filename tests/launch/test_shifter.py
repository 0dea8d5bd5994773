"""Shifter itself over two nodes of the local Slurm, as an ordinary user: it refuses root."""

import dataclasses
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import rank_ends
import shifter_site
from injection_ways import NOBODY, PROGRAM
from launching import said
from local_cluster import Cluster
from mpi_libraries import NEWER, module, unpacked
from rank_ends import ACTS
from shifter_site import MODULE, Site
from site_user import User, public_python, site_with_mpich

from hpcpy.core import paths
from running import printed
from tiers import sampled


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    shifter_site.require()
    with tempfile.TemporaryDirectory(dir=paths.BUILD, prefix="mpich.") as folder:
        libraries = unpacked(Path(folder))
        yield shifter_site.installed(module(libraries, libraries / "module"))


@pytest.fixture(scope="module")
def user(cluster: Cluster, site: Site) -> Iterator[User]:
    with tempfile.TemporaryDirectory(dir=paths.BUILD, prefix="user.") as name:
        os.chown(name, NOBODY, NOBODY)
        own = dataclasses.replace(cluster, shared=Path(name))
        yield User(own, "shifter", site.image, Path(public_python()), NOBODY, site.environment)


def test_two_nodes_have_the_answers(user: User) -> None:
    user.has_the_answers_of_two_nodes()


def test_its_module_puts_the_sites_mpich_in_place_of_the_images(user: User) -> None:
    start = ("srun", "--quiet", "-N2", "--ntasks-per-node=2", "--mpi=pmi2")
    given = ("--env=MPIR_CVAR_CH4_NETMOD=ofi", "--env=FI_PROVIDER=tcp")
    options = (f"--image={user.image}", "--module=mpich", *given)
    program = PROGRAM.replace("/tmp/", f"{user.cluster.shared}/")  # noqa: S108
    shown = printed(user.run(*start, "shifter", *options, "python3", "-c", program))
    expected = [f"{rank} 4 {NEWER.version} {MODULE}/libmpi.so.12" for rank in range(4)]
    assert sorted(shown.splitlines()) == expected


def test_a_launch_with_the_module_finds_what_the_site_promises(user: User) -> None:
    shared = user.cluster.shared
    (shared / "site.toml").write_text(
        site_with_mpich("shifter", "--module=mpich", f"{shared}:/mnt")
    )
    asked = ("NODES=2", "TASKS=4", "SITE=site.toml")
    done = user.run(*user.launch("W=pi --impl mpi --json /mnt/pi.json", *asked))
    assert (done.returncode, said(done)) == (0, [])
    assert "15,703,353 hits" in done.stdout
    assert (shared / "pi.json").stat().st_size


@pytest.mark.parametrize("act", sampled(ACTS))
def test_a_rank_ends(user: User, act: str) -> None:
    program = rank_ends.word(user.cluster.shared, 1, act)
    rank_ends.check(user.run(*user.launch(program, "NODES=2", "TASKS=4")), 1, act)
