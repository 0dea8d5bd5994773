"""The script that a plan becomes: bash reads each word back as it was planned."""

from __future__ import annotations

import dataclasses
import os
import shlex
import signal
import subprocess

import pytest

from hpcpy.launch.plan import CurrentJob, Host, make_plan
from hpcpy.launch.request import parse
from hpcpy.launch.script import batch_script, launch_script
from hpcpy.launch.site import Site
from hpcpy.launch.words import Expanded, Launch, Line, quoted

WILD = """it's "$HOME" `x` $(y) \\ *"""


def bash(script: str, **environment: str) -> str:
    ended = subprocess.run(
        ["bash", "-c", script],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stderr == ""
    return ended.stdout


def planned(*words: str, job: CurrentJob | None = None, **site: object) -> Launch:
    there = Site(name="there", summary="a site", **site)  # type: ignore[arg-type]
    request = parse(["W=pi", *words])
    return make_plan(request, there, Host("/work", "engine", "image", job))


@pytest.mark.parametrize("word", [WILD, "", "a", "-x=1", "two\nlines"])
def test_a_word_is_read_back(word: str) -> None:
    assert bash(f"printf %s {quoted(word)}") == word


@pytest.mark.parametrize(
    ("word", "read"),
    [
        ("/scratch/$U/a b", "/scratch/me/a b"),
        ("${U}x$U", "mexme"),
        ('$U/`x`$(y)"\\', 'me/`x`$(y)"\\'),
        ("a$", "a$"),
        ("$1 $U", "$1 me"),
        ("no variable $(x)", "no variable $(x)"),
    ],
)
def test_of_a_sites_word_variables_alone_are_the_jobs(word: str, read: str) -> None:
    assert bash(f"printf %s {quoted(Expanded(word))}", U="me") == read


def test_comments_are_no_words() -> None:
    script = launch_script(planned("NODES=2", "TASKS=4"))
    array = script[script.index("at_node=") : script.rindex("exec ")]
    shown = bash(array + "printf '%s\\n' \"${step[@]}\"").splitlines()
    assert shown[:4] == ["srun", "--nodes=2", "--ntasks=4", "--ntasks-per-node=2"]
    assert shown[-6:] == ["python3", "-m", "workloads.preflight", "-m", "workloads", "pi"]


def test_srun_alone_asks_for_the_job() -> None:
    script = launch_script(planned("TIME=5", partitions=("main",)))
    assert "salloc" not in script
    assert "--partition=main" in script
    assert script.endswith('exec "${step[@]}"\n')


def test_within_a_job_nothing_is_asked_for() -> None:
    script = launch_script(
        planned(job=CurrentJob(1, is_in_step=False), partitions=("main",), time="5")
    )
    assert "--partition" not in script
    assert "--time" not in script
    assert "salloc" not in script


def test_a_word_of_the_job_is_read_within_the_job() -> None:
    script = launch_script(planned(node_local="/scratch/$SLURM_JOB_ID"))
    before, within = script.split('exec "${job[@]}" bash -s <<', 1)
    assert "$SLURM_JOB_ID" not in before
    assert "$SLURM_JOB_ID" in within
    assert "salloc" in before


@pytest.mark.parametrize("code", [0, 3])
def test_what_was_staged_goes_whatever_the_end_was(code: int) -> None:
    # `tests/launch/test_launch_nodes.py` looks at this on a cluster.
    plan = planned("STAGE=1", job=CurrentJob(1, is_in_step=False))
    script = launch_script(dataclasses.replace(plan, afterwards=(Line("echo swept", ""),)))
    # A step that ends with the code replaces the real one; the rest runs as it is.
    guard = script[script.index("early=") :]
    ended = subprocess.run(
        ["bash", "-c", f"step=(bash -c 'exit {code}')\n{guard}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == code
    assert "swept" in ended.stdout


# In a slow shell the signal comes before the shell has seen that its step runs.
@pytest.mark.long
@pytest.mark.parametrize("shell", ["", "trap 'sleep 0.1' DEBUG\n"], ids=["quick", "slow"])
def test_a_ctrl_c_of_a_terminal_is_one_for_the_step(shell: str) -> None:
    # srun kills the ranks at a second one.
    plan = planned("STAGE=1", job=CurrentJob(1, is_in_step=False))
    script = launch_script(dataclasses.replace(plan, afterwards=(Line("echo swept", ""),)))
    guard = script[script.index("early=") :]
    # The step goes on for a second after its first signal, however late that comes.
    step = (
        "trap 'echo INT; got=1' INT; echo ready; until [ $got ]; do sleep 0.05; done;"
        "for i in $(seq 20); do sleep 0.05; done; exit 4"
    )
    process = subprocess.Popen(
        ["bash", "-c", f"step=(bash -c {shlex.quote(step)})\n{shell}{guard}"],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    os.killpg(process.pid, signal.SIGINT)
    assert (process.communicate(timeout=300)[0], process.returncode) == ("INT\nswept\n", 4)


def test_sbatch_reads_its_options_from_the_top() -> None:
    script = batch_script(planned("NODES=2", "ACCOUNT=m1", time="5", partitions=("main",)))
    lines = script.splitlines()
    assert lines[0] == "#!/bin/bash"
    options = [line for line in lines if line.startswith("#SBATCH ")]
    assert {"#SBATCH --nodes=2", "#SBATCH --account=m1", "#SBATCH --partition=main"} <= set(options)
    first_command = next(n for n, line in enumerate(lines) if line and not line.startswith("#"))
    assert max(lines.index(option) for option in options) < first_command
    assert "--account" not in script[script.index("step=(") :]
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def test_a_title_is_one_line() -> None:
    plan = make_plan(
        parse(["W='a\nrm -rf x' b"]),
        Site(name="there", summary="a site"),
        Host("/work", "engine", "image"),
    )
    assert launch_script(plan).splitlines()[1].startswith("# a rm -rf x: ranks 1")
