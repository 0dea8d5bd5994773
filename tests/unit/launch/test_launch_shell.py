"""The script that a plan becomes: bash reads each word back as it was planned."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
from requested import requested

from hpcpy.launch.plan import plan_launch
from hpcpy.launch.running import completed
from hpcpy.launch.shell import (
    Expanded,
    HostFacts,
    LaunchPlan,
    batch_script,
    launch_script,
    quoted,
    variable_of_script,
)
from hpcpy.launch.site import Site
from running import executable, run

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
    before, within = script.split("exec \"${job[@]}\" bash -c 'bash -s || exit' <<", 1)
    assert "$SLURM_JOB_ID" not in before
    assert "$SLURM_JOB_ID" in within
    assert "salloc" in before


def test_a_step_that_is_killed_is_an_exit_code_of_sallocs_child(tmp_path: Path) -> None:
    # salloc 22.05 would return 0 where a signal has killed that.
    executable(tmp_path / "salloc", '#!/bin/bash\nexec "${@: -3}"\n')
    executable(tmp_path / "srun", '#!/bin/bash\n[ "$1" = --mpi=list ] || kill -KILL $$\n')
    script = launch_script(planned(node_local="/scratch/$SLURM_JOB_ID"))
    done = run("bash", "-c", script, env={"PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert done.returncode == 128 + signal.SIGKILL


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
