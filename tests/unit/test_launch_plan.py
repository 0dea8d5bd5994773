"""Plans: what each request, site and engine comes to, word by word."""

from __future__ import annotations

import dataclasses

import pytest

from hpcpy.errors import UsageError
from hpcpy.launch.plan import CurrentJob, Host, make_plan
from hpcpy.launch.request import ENGINES, parse
from hpcpy.launch.site import Site
from hpcpy.launch.words import Launch

SITE = Site(name="there", summary="a site", mpi="pmi2")
HERE = Host(folder="/work", program="engine", image="image")
IN_CONTAINER = ("bash", "-c", "$in_container", "python3")


def plan(*words: str, site: Site = SITE, machine: Host = HERE, is_batch: bool = False) -> Launch:
    return make_plan(parse(["W=pi --impl mpi", *words]), site, machine, is_batch=is_batch)


def words(of: Launch) -> list[str]:
    """Return srun's words outside a job."""
    options = (*of.size, *of.allocation, *of.step, *of.program)
    return [word for option in options for word in option.words]


def inside(of: Launch) -> list[str]:
    """Return all words that the container is given."""
    there = words(of)
    return there[there.index(HERE.image) + 1 :]


@pytest.mark.parametrize("engine", ENGINES)
def test_every_word_but_the_programs_has_a_reason(engine: str) -> None:
    site = dataclasses.replace(
        SITE,
        binds=("/data",),
        modules=("m",),
        setup=("true",),
        environment={"A": "b"},
        options={"allocation": ("--mem=0",), "step": ("--x",), "gpu": ("--y",), engine: ("--z",)},
    )
    made = plan(f"ENGINE={engine}", "GPUS=1", "QOS=q", "TIME=1", site=site)
    options = (*made.size, *made.allocation, *made.step, *made.program)
    silent = {option.words[0] for option in options if not option.why}
    assert silent <= {"engine", "image", "python3"}
    assert all(line.why for line in made.lines)


def test_what_users_forget_is_there() -> None:
    there = words(plan("NODES=2", "TASKS=8", "CPUS=3"))
    assert {
        *("--nodes=2", "--ntasks=8", "--ntasks-per-node=4", "--cpus-per-task=3"),
        *("--cpu-bind=cores", "--kill-on-bad-exit=1", "--export=ALL", "--input=none"),
        *("--mpi=pmi2", "--sharens"),
    } <= set(there)


@pytest.mark.parametrize(("tasks", "is_shared"), [(2, False), (3, True), (4, True)])
def test_a_nodes_only_rank_shares_no_container(tasks: int, is_shared: bool) -> None:
    there = words(plan("NODES=2", f"TASKS={tasks}"))
    assert ("--sharens" in there) == is_shared


def test_slurm_places_ranks_that_do_not_divide() -> None:
    made = plan("NODES=2", "TASKS=7")
    assert not [word for word in words(made) if word.startswith("--ntasks-per-node")]
    assert "do not divide" in made.notes[0]


def test_cores_are_bound_where_this_slurm_can() -> None:
    made = plan(machine=dataclasses.replace(HERE, can_bind=False))
    assert "--cpu-bind=cores" not in words(made)
    assert "not bound" in made.notes[0]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_program_of_the_users_gets_what_a_workload_gets(engine: str) -> None:
    request = parse(["PROGRAM=my.py --its 'a b'", "NODES=2", "DASK=1", f"ENGINE={engine}"])
    own = words(make_plan(request, SITE, HERE))
    workload = words(plan("NODES=2", "DASK=1", f"ENGINE={engine}"))
    assert own[-3:] == ["my.py", "--its", "a b"]
    assert workload[-5:] == ["-m", "workloads", "pi", "--impl", "mpi"]
    renamed = [word.replace("hpcpy-my", "hpcpy-pi") for word in own[:-3]]
    assert renamed == workload[:-5]


@pytest.mark.parametrize(
    ("memory", "options"),
    [("", ["--mem=0"]), ("8G", ["--mem=8G"]), ("500M/cpu", ["--mem-per-cpu=500M"])],
)
def test_memory_is_asked_for_once(memory: str, options: list[str]) -> None:
    site = dataclasses.replace(SITE, options={"allocation": ("--mem=0", "--exclusive")})
    there = words(plan(f"MEM={memory}", site=site))
    assert [word for word in there if word.startswith("--mem")] == options
    assert "--exclusive" in there


@pytest.mark.parametrize("engine", ENGINES)
def test_pythons_variables_stay_outside(engine: str) -> None:
    lines = [line.shell for line in plan(f"ENGINE={engine}").lines]
    assert lines[0] == "unset ${!PYTHON@}"
    assert ("export PYTHONNOUSERSITE=1" in lines) == (engine == "none")


def test_modules_cannot_bring_pythons_variables_back() -> None:
    site = dataclasses.replace(SITE, modules=("python",), setup=("export PYTHONPATH=x",))
    lines = [line.shell for line in plan(site=site).lines]
    assert lines.index("unset ${!PYTHON@}") > lines.index("export PYTHONPATH=x || exit 69")


def test_the_requests_mpi_wins() -> None:
    there = words(plan("MPI=pmix"))
    assert "--mpi=pmix" in there
    assert "--mpi=pmi2" not in there
    silent = words(plan(site=dataclasses.replace(SITE, mpi="")))
    assert not [word for word in silent if word.startswith("--mpi")]


def test_the_workload_is_checked_unless_that_is_switched_off() -> None:
    workload = ["-m", "workloads", "pi", "--impl", "mpi"]
    assert inside(plan()) == [*IN_CONTAINER, "-m", "workloads.preflight", *workload]
    off = plan(machine=dataclasses.replace(HERE, is_checked=False))
    assert inside(off) == [*IN_CONTAINER, *workload]


def test_what_a_site_promises_is_looked_at_in_the_container() -> None:
    there = words(plan(site=dataclasses.replace(SITE, promises="/sites/there.toml")))
    assert "--bind=/sites/there.toml:/sites/there.toml:ro" in there
    assert there[there.index("workloads.preflight") + 1] == "--site=/sites/there.toml"


@pytest.mark.parametrize("kind", ["dask", "spark"])
def test_ranks_become_a_cluster_when_asked(kind: str) -> None:
    workload = ["-m", "workloads", "pi", "--impl", "mpi"]
    checked = ["-m", "workloads.preflight", "-m", f"workloads.on_{kind}"]
    assert inside(plan(f"{kind.upper()}=1")) == [*IN_CONTAINER, *checked, *workload]
    assert f"workloads.on_{kind}" not in words(plan())


def test_within_a_job_the_step_fits_in() -> None:
    job = dataclasses.replace(HERE, job=CurrentJob(nodes=2, is_in_step=False))
    assert plan("NODES=2", machine=job).within_job
    assert "--overlap" not in words(plan(machine=job))
    nested = dataclasses.replace(HERE, job=CurrentJob(nodes=2, is_in_step=True))
    assert "--overlap" in words(plan(machine=nested))
    with pytest.raises(UsageError, match="NODES=3 in a job of 2"):
        plan("NODES=3", machine=job)


def test_a_script_asks_for_a_job_of_its_own() -> None:
    job = dataclasses.replace(HERE, job=CurrentJob(nodes=1, is_in_step=True))
    made = plan("NODES=9", machine=job, is_batch=True)
    assert not made.within_job
    assert "--overlap" not in words(made)


def test_the_first_partition_and_qos_are_the_default() -> None:
    site = dataclasses.replace(SITE, partitions=("main", "gpu"), qos=("debug", "regular"))
    assert {"--partition=main", "--qos=debug"} <= set(words(plan(site=site)))
    asked = words(plan("PARTITION=gpu", "QOS=regular", site=site))
    assert {"--partition=gpu", "--qos=regular"} <= set(asked)
    for word, says in (("QOS=regula", "did you mean regular"), ("PARTITION=x", "there are: main")):
        with pytest.raises(UsageError, match=says):
            plan(word, site=site)


def test_an_account_is_asked_for_only_outside_a_job() -> None:
    site = dataclasses.replace(SITE, account="required")
    with pytest.raises(UsageError, match="name yours: ACCOUNT="):
        plan(site=site)
    assert "--account=m1" in words(plan("ACCOUNT=m1", site=site))
    assert plan(site=site, machine=dataclasses.replace(HERE, job=CurrentJob(1, is_in_step=False)))


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("TASKS=5", "CPUS=2"), "5 ranks a node with CPUS=2 each: a node of there has 8"),
        (("CPUS=9",), "1 rank a node with CPUS=9 each: a node of there has 8"),
        (("TASKS=5", "NODES=2", "GPUS=2"), "3 ranks a node with GPUS=2 each"),
        (("STAGE=1", "ENGINE=podman"), "STAGE=1 copies a SIF"),
    ],
)
def test_what_no_node_has_is_refused(asked: tuple[str, ...], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        plan(*asked, site=dataclasses.replace(SITE, cpus_per_node=8, gpus_per_node=4))


@pytest.mark.parametrize(
    ("engine", "flag"),
    [
        *(("apptainer", "--nv"), ("podman-hpc", "--gpu"), ("shifter", "--module=gpu")),
        ("podman", "--device=nvidia.com/gpu=all"),
    ],
)
def test_gpus_are_handed_in_when_asked_for(engine: str, flag: str) -> None:
    site = dataclasses.replace(SITE, options={"gpu": ("--gpu-bind=none",)})
    assert {flag, "--gpus-per-task=1", "--gpu-bind=none"} <= set(
        words(plan(f"ENGINE={engine}", "GPUS=1", site=site))
    )
    assert not {flag, "--gpu-bind=none"} & set(words(plan(f"ENGINE={engine}", site=site)))


def test_shifter_gets_one_word_for_all_its_modules() -> None:
    # Shifter takes the last of several.
    site = dataclasses.replace(SITE, options={"shifter": ("--module=cuda-mpich", "--verbose")})
    for asked, modules in (("GPUS=1", "gpu,cuda-mpich"), ("GPUS=0", "cuda-mpich")):
        there = words(plan("ENGINE=shifter", asked, site=site))
        assert [word for word in there if word.startswith("--module")] == [f"--module={modules}"]
        assert "--verbose" in there


def test_shifter_takes_an_empty_variable_from_its_surroundings() -> None:
    made = plan("ENGINE=shifter", site=dataclasses.replace(SITE, environment={"A": "", "B": "b"}))
    assert "export A=" in [line.shell for line in made.lines]
    assert [word for word in words(made) if word.startswith("--env")] == ["--env=B=b"]


def test_a_sites_folder_is_bound_under_its_own_name_unless_it_says_another() -> None:
    site = dataclasses.replace(SITE, binds=("/data", "/site/mpi:/mpi:ro"))
    for engine, option in (
        *(("apptainer", "--bind"), ("podman-hpc", "--volume"), ("shifter", "--volume")),
        ("podman", "--volume"),
    ):
        there = words(plan(f"ENGINE={engine}", site=site))
        assert {f"{option}=/data:/data", f"{option}=/site/mpi:/mpi:ro"} <= set(there), engine


def test_variables_reach_the_ranks_of_each_engine() -> None:
    site = dataclasses.replace(SITE, environment={"A": "b,c"})
    assert "export APPTAINERENV_A=b,c" in [line.shell for line in plan(site=site).lines]
    for engine in ("podman-hpc", "shifter", "podman"):
        assert "--env=A=b,c" in words(plan(f"ENGINE={engine}", site=site))
    assert "export A=b,c" in [line.shell for line in plan("ENGINE=none", site=site).lines]


def test_podman_hpcs_module_brings_the_hosts_network_which_podman_takes_once() -> None:
    assert "--network=host" in words(plan("ENGINE=podman-hpc"))
    site = dataclasses.replace(SITE, options={"podman-hpc": ("--cuda-mpi",)})
    there = words(plan("ENGINE=podman-hpc", site=site))
    assert not {"--network=host", "--ipc=host"} & set(there)
    assert {"shared-run", "--cuda-mpi", "--user=0:0"} <= set(there)


def test_another_disk_of_the_node_has_the_caches() -> None:
    site = dataclasses.replace(SITE, node_local="/scratch/$SLURM_JOB_ID")
    made = plan(site=site)
    assert made.needs_job_shell
    lines = [line.shell for line in made.lines]
    assert 'export APPTAINERENV_TMPDIR="/scratch/$SLURM_JOB_ID"' in lines


def test_the_login_shells_tmpdir_stays_there() -> None:
    assert "unset TMPDIR" in [line.shell for line in plan().lines]
    # Within a job it may be the site's own choice.
    job = dataclasses.replace(HERE, job=CurrentJob(1, is_in_step=False))
    for made in (plan(machine=job), plan(is_batch=True)):
        assert "unset TMPDIR" not in [line.shell for line in made.lines]


@pytest.mark.parametrize("engine", ENGINES)
def test_an_images_name_is_taken_as_it_is(engine: str) -> None:
    image = "/images/a $HOME b.sif"
    made = plan(f"ENGINE={engine}", machine=dataclasses.replace(HERE, image=image))
    shells = {option.shell for option in made.program}
    assert shells & {f"'{image}'", f"'--image={image}'"}, shells


def test_a_staged_image_is_copied_used_and_removed() -> None:
    made = plan("STAGE=1", "NODES=3", "TASKS=6")
    copy = '"$staged/hpcpy.sif"'
    lines = [line.shell for line in made.lines]
    (copying,) = [number for number, line in enumerate(lines) if line.startswith("sbcast ")]
    assert lines[copying] == f"sbcast image {copy} || exit 73"
    assert made.needs_job_shell
    assert copy in [option.shell for option in made.program]
    # What removes the copy waits on every node before there is a copy.
    (keeping,) = [number for number, line in enumerate(lines) if line.startswith("coproc ")]
    assert keeping < copying
    assert "--nodes=3 --ntasks=3 --ntasks-per-node=1" in lines[keeping]
    assert made.afterwards
