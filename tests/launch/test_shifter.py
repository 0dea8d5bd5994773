"""Shifter itself over two nodes of the local Slurm, as an ordinary user: it refuses root."""

from __future__ import annotations

import dataclasses
import os
import re
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import shifter_site
from injection_ways import NOBODY, PROGRAM
from launching import LONG, said, wait_for_ranks
from local_cluster import Cluster
from mpi_libraries import NEWER, module, unpacked
from shifter_site import MODULE, Site
from site_user import SECONDS, User, public_python, site_with_mpich

from hpcpy import paths
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


@pytest.mark.parametrize("each", sampled([2, 1, 4]))
def test_two_nodes_have_the_answers(user: User, each: int) -> None:
    user.has_the_answers_of_two_nodes(each)


@pytest.mark.parametrize("kind", ["pmi2", "pmix"])
def test_pi_unevenly_spread(user: User, kind: str) -> None:
    asked = ("W=pi --impl mpi -n 1000000", f"MPI={kind}")
    done = user.run(*user.launch(*asked, "NODES=2", "TASKS=5"))
    assert (done.returncode, said(done)) == (0, [])
    assert "seeded, 5 at work: " in done.stdout
    assert "matches" in done.stdout


def test_its_module_puts_the_sites_mpich_in_place_of_the_images(user: User) -> None:
    start = ("srun", "--quiet", "-N2", "--ntasks-per-node=2", "--mpi=pmi2")
    given = ("--env=MPIR_CVAR_CH4_NETMOD=ofi", "--env=FI_PROVIDER=tcp")
    options = (f"--image={user.image}", "--module=mpich", *given)
    program = PROGRAM.replace("/tmp/", f"{user.cluster.shared}/")  # noqa: S108
    done = user.run(*start, "shifter", *options, "python3", "-c", program)
    assert (done.returncode, done.stderr) == (0, "")
    expected = [f"{rank} 4 {NEWER.version} {MODULE}/libmpi.so.12" for rank in range(4)]
    assert sorted(done.stdout.splitlines()) == expected


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


@pytest.mark.long
def test_a_dead_rank_ends_the_job(user: User) -> None:
    with user.started(f"W={LONG}", "NODES=2", "TASKS=4") as process:
        os.kill(wait_for_ranks(user.cluster, LONG, 4)[0], signal.SIGKILL)
        _, err = process.communicate(timeout=SECONDS)
    assert process.returncode not in (0, None)
    *_, last = err.splitlines()
    # MPI on the others may notice it first, and is killed for that.
    assert re.match(r"hpcpy launch: ranks? [0-9,-]+ on n[12]: ", last), err
    user.wait_until_no_rank_is_left(LONG)


@pytest.mark.long
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_ranks(user: User, sent: signal.Signals) -> None:
    picture = f"{LONG} --out unfinished.png"
    with user.started(f"W={picture}", "NODES=2", "TASKS=4") as process:
        wait_for_ranks(user.cluster, picture, 4)
        process.send_signal(sent)
        _, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 128 + sent
    assert err.splitlines()[-1] == f"hpcpy launch: stopped by {sent.name}"
    user.wait_until_no_rank_is_left(picture)
    # One of a repetition that was finished is whole.
    left = {path.name for path in user.cluster.shared.glob("*unfinished*")}
    assert left <= {"unfinished.png"}
