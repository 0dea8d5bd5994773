"""The script that a plan becomes: bash reads each word back as it was planned."""

import dataclasses
import os
import shlex
import signal
import subprocess

import pytest
from requested import requested

from hpcpy.launch import on_nodes
from hpcpy.launch.plan import plan_launch
from hpcpy.launch.running import completed
from hpcpy.launch.shell import (
    Expanded,
    HostFacts,
    LaunchPlan,
    Line,
    batch_script,
    launch_script,
    quoted,
    variable_of_script,
)
from hpcpy.launch.site import Site
from running import first_line, run

WILD = """it's "$HOME" `x` $(y) \\ *"""


def bash(script: str, **environment: str) -> str:
    env = {"PATH": os.environ["PATH"], **environment}
    ended = run("bash", "-c", script, env=env, check=True)
    assert ended.stderr == ""
    return ended.stdout


def planned(*words: str, job: int = 0, **site: object) -> LaunchPlan:
    there = Site(name="there", summary="a site", **site)  # type: ignore[arg-type]
    request = completed(requested(*words), there)
    return plan_launch(request, there, HostFacts("/work", "engine", "image", job))


def test_a_word_is_read_back() -> None:
    for word in (WILD, "", "a", "-x=1", "two\nlines"):
        assert bash(f"printf %s {quoted(word)}") == word
    for word, read in (
        ("/scratch/$U/a b", "/scratch/me/a b"),
        ("${U}x$U", "mexme"),
        ('$U/`x`$(y)"\\', 'me/`x`$(y)"\\'),
        ("a$", "a$"),
        ("$1 $U", "$1 me"),
        ("no variable $(x)", "no variable $(x)"),
    ):
        assert bash(f"printf %s {quoted(Expanded(word))}", U="me") == read


@pytest.mark.parametrize("text", [WILD, f"{WILD}\nX\n\tx ) esac \\\n'\nX_\nend"])
def test_a_script_in_a_variable_is_read_back(text: str) -> None:
    line = variable_of_script("x", text, "why")
    assert bash(f'{line.shell}\nprintf %s "$x"') == text


def test_a_job_is_asked_for_once_and_where_it_is_needed() -> None:
    script = launch_script(planned("--time=5", partitions=("main",)))
    assert "salloc" not in script
    assert "--partition=main" in script
    assert script.endswith('exec "${step[@]}"\n')
    script = launch_script(planned(job=1, partitions=("main",), time="5"))
    assert not [word for word in ("--partition", "--time", "salloc") if word in script]
    script = launch_script(planned(node_local="/scratch/$SLURM_JOB_ID"))
    before, within = script.split('exec "${job[@]}" bash -s <<', 1)
    assert "$SLURM_JOB_ID" not in before
    assert "$SLURM_JOB_ID" in within
    assert "salloc" in before


def guard() -> str:
    """Return the part of a staged launch's script that starts the step and ends it."""
    # `tests/launch/test_launch_nodes.py` looks at the rest on a cluster.
    plan = planned("--stage", job=1)
    plan = dataclasses.replace(plan, afterwards=(plan.afterwards[0], Line("echo swept", "")))
    script = launch_script(plan)
    return script[script.index(on_nodes.text("guarded")) :]


@pytest.mark.long
def test_a_ctrl_c_of_a_terminal_is_one_for_the_step() -> None:
    # srun kills the ranks at a second one.
    # The step goes on for a second after its first signal, however late that comes.
    step = (
        "trap 'echo INT; got=1' INT; echo ready; until [ $got ]; do sleep 0.05; done;"
        "for i in $(seq 20); do sleep 0.05; done; exit 4"
    )
    process = subprocess.Popen(
        ["bash", "-c", f"step=(bash -c {shlex.quote(step)})\n{guard()}"],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert first_line(process) == "ready\n"
    os.killpg(process.pid, signal.SIGINT)
    assert (process.communicate(timeout=300)[0], process.returncode) == ("INT\nswept\n", 4)


def test_sbatch_reads_its_options_from_the_top() -> None:
    words = ("--nodes=2", "--account=a\\b")
    script = batch_script(planned(*words, time="5", partitions=("main",)))
    lines = script.splitlines()
    assert lines[0] == "#!/bin/bash"
    options = [line.split(" # ")[0].rstrip() for line in lines if line.startswith("#SBATCH ")]
    # sbatch takes one backslash away, also within quotes; srun and salloc get words from bash.
    account = "#SBATCH '--account=a\\\\b'"
    assert {"#SBATCH --nodes=2", account, "#SBATCH --partition=main"} <= set(options)
    first_command = next(n for n, line in enumerate(lines) if line and not line.startswith("#"))
    assert max(n for n, line in enumerate(lines) if line.startswith("#SBATCH ")) < first_command
    assert "--account" not in script[script.index("step=(") :]
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
