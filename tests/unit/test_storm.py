"""What a storm reads, prints and would start; nothing is started."""

from __future__ import annotations

import argparse
import dataclasses
import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hpcpy.cluster import life
from hpcpy.cluster.layout import Layout
from hpcpy.core import paths
from hpcpy.core.errors import UnavailableError
from hpcpy.core.stages import Stage
from hpcpy.launch.site import find_site
from podman_hpc import Installed
from sharedfs import at_site, machines, programs, report
from sharedfs.configuration import Around, Configuration, Images
from sharedfs.configurations import CONFIGURATIONS
from sharedfs.counts import Asked, between, keep_alives, parse
from sharedfs.launch import Job, Launch, RanksError, launch
from sharedfs.plan import Plan, in_turns
from sharedfs.samples import TEMPERATURES, Case, Sample

ALL = pytest.mark.parametrize("one", CONFIGURATIONS.values(), ids=CONFIGURATIONS.keys())


def images_below(folder: Path) -> Images:
    """Return images in every form that are paths alone."""
    names = ("hpcpy", "wheels")
    return Images(
        {name: folder / f"{name}.sif" for name in names},
        {name: folder / name for name in names},
        folder / "apptainer",
        {name: folder / f"{name}.squash" for name in names},
        podman_hpc=Installed(folder / "podman-hpc", folder / "venv"),
    )


def counters(packets: int, sent: int, **operations: int) -> dict[str, int]:
    named = {f"fuse_ops.{name}": value for name, value in operations.items()}
    sizes = {"master.bytes_sent": sent, "master.bytes_received": 2 * sent}
    return {"master.packets_sent": packets, **sizes, **named}


def test_what_was_asked_is_the_difference_without_our_own_looks() -> None:
    # As mfsmount 3.0.117 writes it.
    text = "fuse_ops.lookup.cached: 3\nmaster.packets_sent: 24\nmaster.reconnects: none\n: 5\n"
    assert parse(text) == {"fuse_ops.lookup.cached": 3, "master.packets_sent": 24}
    before = counters(10, 300, open=5, read=4, lookup=2)
    after = counters(15, 424, open=9, read=20, lookup=2, getattr=7)
    asked = between(before, after, silent=1, looks=3)
    # Three looks: an open, a getattr and two reads each.
    assert asked == Asked(4, 124, 248, 1, {"open": 1, "read": 10, "getattr": 4})


@pytest.mark.parametrize(
    ("packets", "sent", "silent"),
    [(0, 0, 0), (1, 12, 1), (2, 24, 2), (1, 20, 0), (3, 60, 0), (2, 36, 0)],
)
def test_keep_alives_are_told_from_requests_by_their_length(
    packets: int, sent: int, silent: int
) -> None:
    assert keep_alives(counters(7, 100), counters(7 + packets, 100 + sent)) == silent


def test_ranks_are_read_in_order_among_other_lines() -> None:
    found = programs.reported(["a warning", 'storm {"rank": 10}', 'storm {"rank": 2}', "storms"])
    assert [rank["rank"] for rank in found] == [2, 10]


@pytest.mark.parametrize(
    ("script", "patience", "message"),
    [
        ("echo 'storm {\"rank\": 0}'; echo why >&2", 60, "1 of 2 ranks reported.*: why"),
        ("exit 3", 60, "0 of 2 ranks reported.*: srun ended with 3 and no message"),
        ("sleep 60", 1, "not done after 1 s"),
    ],
)
def test_ranks_that_fail_are_told_in_one_line(script: str, patience: int, message: str) -> None:
    with pytest.raises(RanksError, match=message) as caught:
        launch(["sh", "-c", script], 2, patience)
    assert "\n" not in str(caught.value)


def test_servers_keep_to_their_folder(tmp_path: Path) -> None:
    texts = machines.server_files(tmp_path, "198.18.1.3")
    for text in texts.values():
        # "/" is the root of the file system that they serve.
        named = [word for word in text.split() if word.startswith("/") and word != "/"]
        assert all(Path(path).is_relative_to(tmp_path) for path in named)
    assert "MASTER_HOST = 198.18.1.3\n" in texts["chunkserver.cfg"]


@ALL
@pytest.mark.parametrize("name", programs.PROGRAMS)
def test_programs_import_nothing_from_files_before_they_begin(
    name: str, one: Configuration
) -> None:
    text = programs.source(name, one.imports)
    compile(text, name, "exec")
    assert text.partition("begin =")[0].strip() == "import os, time"


@ALL
def test_configurations_keep_to_the_folder_that_nodes_mount(
    one: Configuration, tmp_path: Path
) -> None:
    images = images_below(tmp_path)
    for files in one.files(images):
        assert Path(files.target).is_relative_to(one.folder)
        assert files.source.is_relative_to(tmp_path) or files.source.is_file()
    words = one.command(images, tmp_path / "tree", ["-c", "pass"])
    assert words[-2:] == ["-c", "pass"]
    assert (words[0] == "chroot") == (one.needs in ("root", "squash"))
    # Where nobody is root, each rank mounts a tree.
    as_user = dataclasses.replace(images, has_mounts=False)
    words = one.command(as_user, tmp_path / "tree", ["-c", "pass"])
    assert (words[0] == "unshare") == (one.needs == "root")
    assert (str(tmp_path / "tree") in words) == one.is_tree


def test_what_comes_around_the_ranks_is_a_script_of_the_job(tmp_path: Path) -> None:
    layout = Layout(tmp_path, ("n1", "n2"))
    alone = Job(2, 4, ["python3", "-c", "a 'b'"])
    assert alone.words(layout)[0] == str(layout.bin / "srun")
    assert alone.words(layout)[-3:] == ["python3", "-c", "a 'b'"]
    # The home folder is the machine's, where other clusters' nodes have the same names.
    (given,) = (word for word in alone.words(layout) if word.startswith("--export="))
    assert ",APPTAINER_CONFIGDIR=/tmp/" in given
    around = Around(("copy || exit 73",), ("remove",))
    job = dataclasses.replace(alone, around=around, entering=["enter"])
    first, *rest, script = job.words(layout)
    assert (first, rest[-2:]) == ("enter", ["bash", "-c"])
    lines = script.splitlines()
    assert [lines[0], *lines[2:]] == ["copy || exit 73", "code=$?", "remove", "exit $code"]
    assert shlex.split(lines[1])[-3:] == ["python3", "-c", "a 'b'"]


@ALL
def test_what_nodes_run_around_the_ranks_is_shell(one: Configuration, tmp_path: Path) -> None:
    if one.around and one.needs != "squash":
        around = one.around(tmp_path, 2)
        lines = [*around.before, *around.afterwards]
        subprocess.run(["bash", "-n", "-c", "\n".join(lines)], check=True)
        scripts = [shlex.split(line.partition(" sh -c ")[2])[:1] for line in lines]
        for script in filter(None, scripts):
            subprocess.run(["sh", "-n", "-c", *script], check=True)


def sample(case: Case, temperature: str, packets: int, *, is_counted: bool = True) -> Sample:
    ranks: list[dict[str, Any]] = [
        {"rank": number, "cpu": 0.25, "private": 2_000_000}
        for number in range(case.nodes * case.ranks)
    ]
    asked = [Asked(packets // case.nodes, 1000, 500, 0, {})] * case.nodes if is_counted else []
    return Sample(case, temperature, Launch(0.5, 1.3, ranks), asked, packets * 1_000_000)


@pytest.mark.parametrize("is_counted", [True, False])
def test_the_table_has_what_a_further_rank_and_a_further_node_ask(*, is_counted: bool) -> None:
    plan = Plan(["venv", "static-sif"], ["core"], [1, 2], [1, 4], 1)
    cost = {(1, 1): 100, (1, 4): 130, (2, 1): 180, (2, 4): 240}
    samples = [
        sample(case, temperature, cost[case.nodes, case.ranks], is_counted=is_counted)
        for case in plan.cases()
        for temperature in TEMPERATURES
    ]
    parts = report.table(samples, {"venv": 5_000_000, "static-sif": 0}).split("\n\n")
    assert [part.split("|")[1].strip() for part in parts] == ["core, cold", "core, warm"]
    cells = [cell.strip() for cell in parts[0].splitlines()[2].split("|")[1:-1]]
    counted = ["100", "10.0", "80.0", "100"] if is_counted else []
    assert cells == ["venv", *counted, "5", "0.25", "2", "1.30", "1.30"]


def test_what_was_measured_before_a_failure_is_kept(tmp_path: Path) -> None:
    plan = Plan(["venv", "conda"], ["core"], [1], [1], 1)

    def take(case: Case) -> list[Sample]:
        if case.configuration == "conda":
            raise RanksError("1 of 2 ranks reported what they took", "why")
        return [sample(case, "cold", 7)]

    current = Stage("cases", tmp_path / "log")
    with pytest.raises(RanksError, match="1 of 2 ranks"):
        report.recorded(
            tmp_path / "storm.json", {"cores": 2}, lambda keep: in_turns(plan, take, current, keep)
        )
    kept = json.loads((tmp_path / "storm.unfinished.json").read_text())
    assert [one["configuration"] for one in kept["samples"]] == ["venv"]
    assert (kept["cores"], kept["samples"][0]["ranks_told"]["cpu"]) == (2, [0.25])
    assert current.log.read_text().endswith("why")


def test_a_kernel_without_fuse_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(life, "require_root", lambda _: None)
    monkeypatch.setattr(machines, "_FUSE", tmp_path / "fuse")
    with pytest.raises(UnavailableError, match="modprobe fuse") as caught:
        machines.require()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["local", "perlmutter-cpu", "biowulf"])
def test_the_job_of_a_script_is_of_the_largest_case(name: str, tmp_path: Path) -> None:
    options = argparse.Namespace(site=name, mpi="pmix", folder=tmp_path / "a b", out=tmp_path)
    plan = Plan(["venv"], ["core"], [1, 100], [3, 64], 2)
    text = at_site.script(options, plan, find_site(name))
    asked = [line.removeprefix("#SBATCH ") for line in text.splitlines() if "#SBATCH" in line]
    assert asked[:2] == ["--nodes=100", "--ntasks-per-node=64"]
    assert not any("account" in one for one in asked)
    (measure,) = (line for line in text.splitlines() if "--in-job" in line)
    words = shlex.split(measure)
    assert {f"--site={name}", "--mpi=pmix", "--nodes=1,100", "--ranks=3,64"} < {*words}
    assert f"--folder={tmp_path}/a b" in words
    subprocess.run(["bash", "-n", "-c", text], check=True)


def test_a_case_runs_on_the_first_nodes_with_the_sites_options(tmp_path: Path) -> None:
    site, nodes = find_site("local"), ("a", "b", "c", "d")
    job = at_site.AtSite("pmi2", site, nodes, Path("/shared"), images_below(tmp_path), {})
    options = job.options(Case("venv", "core", 2, 2)).split()
    assert {"--nodelist=a,b", "--nodes=2", "--ntasks=4", "--mpi=pmi2"} <= {*options}
    # Of all nodes the list would be as long as the machine is large.
    assert "--nodelist" not in job.options(Case("venv", "core", 4, 2))


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--nodes=0"], 2, "--nodes 0: numbers from 1 to 64"),
        (["--configurations=venvv"], 2, "no configuration 'venvv'"),
        (["--programs=pynamic"], 2, "no program 'pynamic'"),
        (["--repetitions=0"], 2, "--repetitions 0"),
        (["--site=locall"], 2, "no site 'locall'"),
        (["--mpi=pmix"], 2, "name a site: --site="),
        (["--site=local", "--in-job"], 2, "the script that --site prints"),
        (["--site=local", "--configurations=static-squash-shared"], 69, "root alone may mount it"),
    ],
)
def test_what_cannot_be_meant_is_one_line(words: list[str], code: int, message: str) -> None:
    done = subprocess.run(
        [sys.executable, paths.ROOT / "benchmarks/storm.py", *words],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
