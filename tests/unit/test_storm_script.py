"""A storm's script for a site: what it says, what is refused; no job, no image."""

from __future__ import annotations

from pathlib import Path

import pytest
from hpcpy.launch.request import Request

from hpcpy.commands import run
from hpcpy.errors import HpcpyError, UnavailableError, UsageError
from hpcpy.launch.site import find_site
from sharedfs.at_site import AtSite
from sharedfs.samples import Case

SITE = ("storm", "--site=local", "--dry=1")


def script(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[list[str], list[str]]:
    """Return the lines of a script, and the lines on stderr."""
    assert run([*SITE, *words]) == 0
    said = capsys.readouterr()
    return said.out.splitlines(), said.err.splitlines()


def test_the_job_is_of_the_largest_case(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--nodes=1,100", "--ranks=3,64", "--time=30", "--mpi=pmix", "--folder=/a b")
    lines, _ = script(capsys, *words)
    asked = [line.removeprefix("#SBATCH ") for line in lines if line.startswith("#SBATCH")]
    assert asked[:2] == ["--nodes=100", "--ntasks=6400"]
    assert "--time=30" in asked
    text = "\n".join(lines)
    assert "  storm --in-job " in text
    assert "  '--folder=/a b' " in text
    assert "  --site=local --mpi=pmix --time=30 " in text
    assert "  --nodes=1,100 " in text


def test_what_a_site_cannot_run_is_told_and_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    names = "static-files,static-squash-shared,static-podman-hpc-shared"
    lines, said = script(capsys, f"--configurations={names}")
    assert said == [
        "hpcpy storm: not static-squash-shared: root alone may mount it",
        "hpcpy storm: not static-podman-hpc-shared: its podman-hpc is one of this machine",
    ]
    assert not any("squash" in line or "podman" in line for line in lines)
    assert run(["storm", "--site=perlmutter-cpu", "--account=m1", "--dry=1"]) == 0
    out, err = capsys.readouterr()
    assert err.count("perlmutter-cpu has podman-hpc, and a SIF needs Apptainer") == 9
    (some,) = (line for line in out.splitlines() if "--configurations=" in line)
    assert some.split()[0].count(",") == 5


@pytest.mark.parametrize(
    ("words", "kind", "says"),
    [
        (("--site=locall",), UsageError, "no site 'locall'"),
        (("--site=local", "--time=abc"), UsageError, "TIME=abc is not a time limit"),
        (("--site=perlmutter-cpu",), UsageError, "charges an account"),
        (("--time=5",), UsageError, "name a site: --site="),
        (("--in-job",), UsageError, "name a site: --site="),
        (("--site=local", "--in-job"), UsageError, "the script that `make storm SITE=…` writes"),
        (("--site=local", "--client=keeping"), UsageError, "cannot be chosen at a site"),
        (
            ("--site=local", "--programs=pynamic", "--configurations=venv"),
            UsageError,
            "pynamic is not for a site",
        ),
        (
            ("--site=local", "--programs=libraries", "--configurations=venv"),
            UsageError,
            "libraries is not for a site",
        ),
        (
            ("--site=local", "--configurations=static-squash-shared"),
            UnavailableError,
            "static-squash-shared: root alone may mount it",
        ),
    ],
)
def test_what_cannot_be_meant_is_one_line(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], kind: type[HpcpyError], says: str
) -> None:
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    with pytest.raises(kind) as caught:
        run(["storm", *words])
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_case_runs_on_the_first_nodes_with_the_sites_options() -> None:
    request = Request(program=("storm",), nodes=4, tasks=8)
    nodes = ("a", "b", "c", "d")
    job = AtSite(request, find_site("local"), nodes, Path("/shared"), can_bind=False)
    options = job.options(Case("venv", "core", 2, 2)).split()
    assert "--nodelist=a,b" in options
    # Of all nodes the list would be as long as the machine is large.
    assert "--nodelist" not in job.options(Case("venv", "core", 4, 2))
    assert {"--nodes=2", "--ntasks=4", "--ntasks-per-node=2", "--mpi=pmi2"} <= {*options}
