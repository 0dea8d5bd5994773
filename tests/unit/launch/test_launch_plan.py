"""What each request of a launch, each site and engine comes to, word by word."""

import contextlib
import dataclasses
import os
import shlex
import subprocess
from typing import Any

import pytest
from requested import requested

from hpcpy.launch.controller import Controller
from hpcpy.launch.options import ENGINES
from hpcpy.launch.plan import check_request, plan_launch
from hpcpy.launch.running import completed
from hpcpy.launch.shell import HostFacts, LaunchPlan
from hpcpy.launch.site import Site
from hpcpy_common.errors import UsageError

PI = "-- -m workloads pi"


SITE = Site(name="there", summary="a site", mpi="pmi2")
HERE = HostFacts(folder="/work", program="engine", image="image")
JOB = dataclasses.replace(HERE, job_nodes=2)
STEP = dataclasses.replace(HERE, job_nodes=2, is_in_step=True)


def plan(asked: str = "", facts: HostFacts = HERE, **site: Any) -> LaunchPlan:
    there = dataclasses.replace(SITE, **site)
    request = completed(requested(*asked.split()), there)
    check_request(request, there, facts.job_nodes)
    return plan_launch(request, there, facts)


def words(of: LaunchPlan) -> list[str]:
    options = (*of.size, *of.allocation, *of.step, *of.program)
    return [word for option in options for word in shlex.split(option.shell)]


def shells(of: LaunchPlan) -> list[str]:
    return [line.shell for line in of.lines]


MEMORY: dict[str, Any] = {"options": {"allocation": ("--mem=0", "--exclusive")}}
BINDS: dict[str, Any] = {"binds": ("/data", "/site/mpi:/mpi:ro")}
BOUND = "=/data:/data {0}=/site/mpi:/mpi:ro"
DISK: dict[str, Any] = {"node_local": "/disk/$USER"}
GPU_BIND: dict[str, Any] = {"options": {"gpu": ("--gpu-bind=none",)}}
SHIFTER: dict[str, Any] = {"options": {"shifter": ("--module=gpu,cuda-mpich", "--verbose")}}
HPC_MODULE: dict[str, Any] = {"options": {"podman-hpc": ("--cuda-mpi",)}}
DEFAULTS: dict[str, Any] = {"partitions": ("main", "gpu"), "qos": ("debug", "regular")}
VARIABLES: dict[str, Any] = {"environment": {"A": "", "B": "b,c"}}


@pytest.mark.parametrize(
    ("site", "has_site_file", "file"),
    [
        ({}, True, "/dev/null"),
        ({"files": {"promises": "/s.toml"}}, True, "/s.toml"),
        ({}, False, ""),
    ],
)
def test_a_launch_takes_no_promises_but_its_sites(
    site: dict[str, Any], has_site_file: bool, file: str
) -> None:
    facts = dataclasses.replace(HERE, has_site_file=has_site_file)
    named = [word for word in words(plan(facts=facts, **site)) if word.startswith("--site=")]
    assert named == ([f"--site={file}"] if file else [])


@pytest.mark.parametrize(
    ("asked", "site", "there", "absent"),
    [
        ("--nodes=2 --tasks=8 --cpus=3", {}, "--nodes=2 --ntasks=8 --ntasks-per-node=4", ""),
        ("--cpus=3", {}, "--cpus-per-task=3 --kill-on-bad-exit=1", "--sharens"),
        ("", {}, "--export=ALL --input=none --mpi=pmi2", "--overlap on_dask --nv"),
        # A node's only rank shares no container.
        ("--nodes=2 --tasks=3", {}, "--sharens", "--ntasks-per-node=1 --ntasks-per-node=2"),
        ("--mpi=pmix", {}, "--mpi=pmix", "--mpi=pmi2"),
        # Slurm takes one option for memory.
        ("", MEMORY, "--mem=0 --exclusive", ""),
        ("--mem=8G", MEMORY, "--mem=8G --exclusive", "--mem=0"),
        ("--mem=8G/node", MEMORY, "--mem=8G --exclusive", "--mem=0"),
        ("--mem=500M/cpu", MEMORY, "--mem-per-cpu=500M --exclusive", "--mem=0"),
        ("", DEFAULTS, "--partition=main --qos=debug", ""),
        ("--partition=gpu --qos=regular", DEFAULTS, "--partition=gpu --qos=regular", "--qos=debug"),
        ("--account=m1", {"account": "required"}, "--account=m1", ""),
        ("--gpus=1", GPU_BIND, "--nv --gpus-per-task=1 --gpu-bind=none", ""),
        ("--engine=podman", GPU_BIND, "", "--gpu-bind=none --device=nvidia.com/gpu=all"),
        ("--gpus=1 --engine=podman-hpc", {}, "--gpu", ""),
        ("--gpus=1 --engine=podman", {}, "--device=nvidia.com/gpu=all", ""),
        ("--gpus=1 --engine=shifter", {}, "--module=gpu", ""),
        # Shifter takes the last of several modules, and no empty variable.
        ("--gpus=1 --engine=shifter", SHIFTER, "--module=gpu,cuda-mpich --verbose", "--module=gpu"),
        ("--engine=shifter", VARIABLES, "--env=B=b,c", "--env=A="),
        ("--engine=podman-hpc", VARIABLES, "--env=B=b,c --env=A=", ""),
        ("--engine=podman", VARIABLES, "--env=B=b,c --env=A=", ""),
        # A site's folder has its own name inside unless it says another.
        ("", BINDS, f"--bind{BOUND.format('--bind')}", ""),
        *(
            (f"--engine={engine}", BINDS, f"--volume{BOUND.format('--volume')}", "")
            for engine in ("podman-hpc", "shifter", "podman")
        ),
        # podman takes the host's network once, and podman-hpc's module brings it.
        *(
            (f"--engine={engine}", DISK, "--volume=/disk/$USER:/disk/$USER", "")
            for engine in ("podman-hpc", "podman")
        ),
        # podman refuses a second one.
        ("--engine=podman", DISK | {"binds": ("/disk/$USER:/x",)}, "--volume=/disk/$USER:/x", ""),
        ("--engine=podman-hpc", {}, "--network=host --ipc=host shared-run", ""),
        ("--engine=podman-hpc", HPC_MODULE, "--cuda-mpi --user=0:0", "--network=host --ipc=host"),
    ],
)
def test_words_of_a_plan(asked: str, site: dict[str, Any], there: str, absent: str) -> None:
    made = words(plan(asked, **site))
    assert [word for word in there.split() if word not in made] == []
    assert [word for word in absent.split() if word in made] == []


@pytest.mark.parametrize(
    ("engine", "folder", "mount"),
    [
        ("apptainer", "/a b", "--bind=/a b:/a b"),
        ("apptainer", "/a:b", "--mount=type=bind,source=/a:b,destination=/a:b"),
        ("apptainer", '/a,"', '--mount=type=bind,"source=/a,""","destination=/a,"""'),
        ("podman", "/a,b", "--volume=/a,b:/a,b"),
        ("podman-hpc", "/a:b", "--mount=type=bind,source=/a:b,destination=/a:b"),
    ],
)
def test_a_working_folder_may_have_any_name(engine: str, folder: str, mount: str) -> None:
    made = words(plan(f"--engine={engine}", dataclasses.replace(HERE, folder=folder)))
    assert mount in made
    assert {f"--pwd={folder}", f"--workdir={folder}"} & set(made)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_takes_any_image_and_program(engine: str) -> None:
    options = {"allocation": ("--mem=0",), "step": ("--x",), "gpu": ("--y",), engine: ("--z",)}
    site: dict[str, Any] = {"binds": ("/data",), "modules": ("m",), "setup": ("true",)}
    site |= {"environment": {"A": "b"}, "options": options}
    image = "/images/a $HOME b.sif"
    facts = dataclasses.replace(HERE, image=image)
    made = plan(f"--engine={engine} --gpus=1 --qos=q --time=1", facts, **site)
    lines = shells(made)
    given = {option.shell for option in (*made.step, *made.program)}
    named = f"hpcpy_image='{image}'" in " ".join(lines) and engine == "standalone"
    assert named or given & {f"'{image}'", f"'--image={image}'"}
    setup = next(n for n, line in enumerate(lines) if "{ true\n}" in line)
    # No Python of the host's gets into an image, whatever the site's modules set.
    assert ("unset ${!PYTHON@}" in lines[setup:]) == (engine != "none")
    assert ("export PYTHONNOUSERSITE=1" in lines) == (engine in ("standalone", "none"))
    own = words(plan(f"--engine={engine} --dask -- my.py --its x"))
    assert own[-3:] == ["my.py", "--its", "x"]
    workload = words(plan(f"--engine={engine} --dask"))
    assert [word.replace("hpcpy-my", "hpcpy-pi") for word in own[:-3]] == workload[:-5]


@pytest.mark.parametrize(
    ("asked", "facts", "site", "says"),
    [
        ("--nodes=3", JOB, {}, "NODES=3: this job has 2 nodes"),
        ("--qos=regula", HERE, DEFAULTS, "has no QOS=regula; did you mean regular"),
        ("--partition=x", HERE, DEFAULTS, "there are: main"),
        ("", HERE, {"account": "required"}, "name yours: ACCOUNT="),
        ("--tasks=5 --cpus=2", HERE, {}, "5 ranks a node with CPUS=2 each: a node of there has 8"),
        ("--cpus=9", HERE, {}, "1 rank a node with CPUS=9 each: a node of there has 8"),
        ("--tasks=5 --nodes=2 --gpus=2", HERE, {}, "3 ranks a node with GPUS=2 each"),
        ("--tasks=3 --nodes=2 --engine=podman-hpc", HERE, {}, "podman-hpc starts as many on each"),
        ("--stage --engine=podman", HERE, {}, "STAGE=1 copies a SIF"),
    ],
)
def test_what_site_or_job_cannot_give_is_refused(
    asked: str, facts: HostFacts, site: dict[str, Any], says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        plan(asked, facts, cpus_per_node=8, gpus_per_node=4, **site)


@pytest.mark.parametrize(
    ("variables", "is_within", "is_refused"),
    [
        ({}, False, False),
        ({"SLURM_JOB_NUM_NODES": "2"}, False, False),
        ({"SLURM_JOB_ID": "7", "SLURM_JOB_NUM_NODES": "2"}, True, True),
        ({"SLURM_JOB_ID": "7", "SLURM_JOB_NUM_NODES": "3"}, True, False),
        # Set by hand, as srun takes it: only srun knows how many nodes there are.
        ({"SLURM_JOB_ID": "7"}, True, False),
        ({"SLURM_JOB_ID": "7", "SLURM_JOB_NUM_NODES": ""}, True, False),
    ],
)
def test_nodes_of_a_job_are_those_that_slurm_has_said(
    variables: dict[str, str], *, is_within: bool, is_refused: bool
) -> None:
    facts = dataclasses.replace(HERE, job_nodes=Controller(variables).job_nodes())
    refused = pytest.raises(UsageError, match="this job has 2 nodes")
    with refused if is_refused else contextlib.nullcontext():
        assert plan("--nodes=3", facts).within_job == is_within


def test_within_a_job_the_step_fits_in() -> None:
    assert plan("--nodes=2", JOB).within_job
    assert "--overlap" not in words(plan("", JOB))
    assert "--overlap" in words(plan("", STEP))
    assert plan("", JOB, account="required")
    made = plan_launch(completed(requested(), SITE), SITE, HERE, is_batch=True)
    assert "unset TMPDIR" not in shells(made)


ON_NODES: dict[str, Any] = {"node_local": "/scratch/$SLURM_JOB_ID"}


@pytest.mark.parametrize(
    ("asked", "facts", "site", "line", "is_there"),
    [
        # Variables are exported where no option of the engine takes them.
        ("", HERE, VARIABLES, "export APPTAINERENV_B=b,c", True),
        # The job's shell may need its own PATH.
        ("--engine=none", HERE, VARIABLES, "export B=b,c", False),
        ("--engine=shifter", HERE, VARIABLES, "export A=''", True),
        ("", HERE, ON_NODES, 'export APPTAINERENV_TMPDIR="/scratch/$SLURM_JOB_ID"', True),
        # The login shell's stays there; within a job it may be the site's own choice.
        ("", HERE, {}, "unset TMPDIR", True),
        ("", JOB, {}, "unset TMPDIR", False),
    ],
)
def test_lines_before_the_step(
    asked: str, facts: HostFacts, site: dict[str, Any], *, line: str, is_there: bool
) -> None:
    made = plan(asked, facts, **site)
    assert (line in shells(made)) == is_there
    assert made.needs_job_shell == ("node_local" in site)


# What `srun --mpi=list` prints, from Slurm 22.05 on to stdout, before to stderr.
OLD = "srun: MPI types are...\nsrun: none\nsrun: openmpi\nsrun: pmi2\n"
NEW = "MPI plugin types are...\n\tnone\n\tpmi2\n\tcray_shasta\n\tpmix\n"
OTHERS = "MPI plugin types are...\n\tnone\n\tcray_shasta\n"
VERSIONS = "specific pmix plugin versions available: pmix_v3,pmix_v4\n"


@pytest.mark.parametrize(
    ("listed", "engine", "kind", "says"),
    [
        (OLD, "apptainer", "--mpi=pmi2", ""),
        (NEW + VERSIONS, "apptainer", "--mpi=pmix", ""),
        (NEW + VERSIONS, "standalone", "--mpi=pmi2", ""),
        (NEW + VERSIONS, "podman-hpc", "--mpi=pmi2", ""),
        (OTHERS, "apptainer", "", "has no pmix or pmi2, so the default is taken; if each"),
        (OTHERS, "standalone", "", "has no pmi2, so the default is taken; if each rank is"),
        (OTHERS + "\topenmpi\n", "apptainer", "", "has no pmix or pmi2"),
        ("", "apptainer", "", "has no pmix or pmi2, so the default is taken"),
        # No kind of that name is listed.
        (f"{OTHERS}\tpmi2\nsrun: error: no context for mpi/pmix\n", "apptainer", "--mpi=pmi2", ""),
        # srun's own error comes at the step.
        ("srun: error: x", "apptainer", "", ""),
    ],
)
@pytest.mark.parametrize("verbose", ["", "1"])
def test_auto_takes_what_slurm_and_the_image_both_have(
    listed: str, engine: str, kind: str, says: str, verbose: str
) -> None:
    request = dataclasses.replace(requested(*PI.split()), engine=engine, mpi="auto")
    plan = plan_launch(request, Site("x"), HostFacts("/work", engine, "/x.sif"))
    chosen = "\n".join(
        line.shell for line in plan.lines if "=list" in line.shell or "hpcpy_mpi" in line.shell
    )
    (word,) = [line.shell for line in plan.step if "hpcpy_mpi" in line.shell]
    # Slurm's own program is asked by the launch tests.
    script = (
        f'srun() {{ printf %s "$0"; [[ $0 != "srun: error"* ]]; }}\n{chosen}\nprintf "%s\\n" {word}'
    )
    done = subprocess.run(
        ["bash", "-c", script, listed],
        env={**os.environ, "HPCPY_VERBOSE": verbose},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == kind
    expected = [f"hpcpy: srun --mpi=list {says}"] if says else []
    expected += [f"hpcpy: srun {kind}"] if verbose and kind else []
    lines = done.stderr.splitlines()
    assert [line[: len(begin)] for line, begin in zip(lines, expected, strict=True)] == expected
