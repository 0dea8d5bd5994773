"""Make a plan from a request, a site and this machine, without side effects."""

from __future__ import annotations

from dataclasses import dataclass

from hpcpy.errors import UsageError
from hpcpy.launch import slurm, staging
from hpcpy.launch.engines import STARTS, Container
from hpcpy.launch.request import Request, counted, meant
from hpcpy.launch.site import REQUIRED, Site
from hpcpy.launch.words import Expanded, Launch, Line, Option, Variable, option, quoted

_OF_LOGIN = Line(
    "unset TMPDIR", "the login shell's: a node may lack the folder, or have it on a shared disk"
)


@dataclass(frozen=True)
class CurrentJob:
    """The job that this runs in: how many nodes it has, and whether this is in a step of it."""

    nodes: int
    is_in_step: bool


@dataclass(frozen=True)
class Host:
    """What a plan needs of this machine.

    Parameters
    ----------
    folder
        The working directory.
    program
        The engine's program.
    image
        A file or a reference; for ``none`` the interpreter.
    job
        The job this runs in.
    is_checked
        Whether ranks are to look at their surroundings first.
    can_bind
        Whether this Slurm can keep ranks on their cores; None lets the script ask it.
    slurm
        Which Slurm is asked; empty for the machine's own.
    surroundings
        Shell lines that make a script ask that Slurm.
    """

    folder: str
    program: str
    image: str
    job: CurrentJob | None = None
    is_checked: bool = True
    can_bind: bool | None = True
    slurm: str = ""
    surroundings: tuple[Line, ...] = ()


def engine_of(request: Request, site: Site) -> str:
    """Return the engine's name."""
    return request.engine or site.engine


def make_plan(request: Request, site: Site, machine: Host, *, is_batch: bool = False) -> Launch:
    """Plan a launch.

    Parameters
    ----------
    request, site, machine
        What is asked for, where, and what there is.
    is_batch
        For a script: it asks for a job whether or not this runs in one.

    Raises
    ------
    UsageError
        When the site or the job cannot fulfil the request.
    """
    job = None if is_batch else machine.job
    check(request, site, job)
    name = engine_of(request, site)
    container = Container(
        program=machine.program,
        image=staging.COPY if request.stage else machine.image,
        folder=machine.folder,
        has_gpus=request.gpus > 0,
        variables=site_variables(site),
        is_shared=request.per_node > 1,
    )
    start = STARTS[name](container, site)
    login = () if job or is_batch or site.node_local != "/tmp" else (_OF_LOGIN,)  # noqa: S108
    copying = staging.before(request, machine.image, site.node_local) if request.stage else ()
    asking = (slurm.BINDING,) if machine.can_bind is None else ()
    lines = (*modules(site), *login, *start.lines, *asking, *copying)
    program = (*start.words, *_python(request, site, machine, name))
    return Launch(
        title=_title(request, site, name, "" if is_batch else machine.slurm),
        size=tuple(slurm.size(request, site)),
        allocation=tuple(slurm.allocation(request, site)),
        lines=lines,
        step=tuple(
            slurm.step(
                request,
                site,
                is_nested=bool(job and job.is_in_step),
                can_bind=bool(machine.can_bind),
            )
        ),
        program=program,
        afterwards=staging.afterwards() if request.stage else (),
        notes=_notes(request, name, machine),
        within_job=job is not None,
        needs_job_shell=bool(request.stage or _names_job(site)),
        # Within sbatch's job, Slurm's commands ask the Slurm that runs it.
        surroundings=() if is_batch else machine.surroundings,
    )


def _names_job(site: Site) -> bool:
    texts = (site.node_local, *site.setup, *site.binds, *site.environment.values())
    return any(name.startswith("SLURM_") for text in texts for name in Expanded(text).names)


def check(request: Request, site: Site, job: CurrentJob | None) -> None:
    """Refuse what the site or the job cannot fulfil.

    Raises
    ------
    UsageError
        For the first such thing.
    """
    if job and request.nodes > job.nodes:
        raise UsageError(f"NODES={request.nodes} in a job of {job.nodes}")
    for what, each, there in (
        ("CPUS", request.cpus, site.cpus_per_node),
        ("GPUS", request.gpus, site.gpus_per_node),
    ):
        if there and each * request.per_node > there:
            raise UsageError(
                f"{counted(request.per_node, 'rank')} a node with {what}={each} each: "
                f"a node of {site.name} has {there}",
                hint="more NODES, or fewer TASKS",
            )
    if request.stage and engine_of(request, site) != "apptainer":
        raise UsageError("STAGE=1 copies a SIF: the other engines have a store of their own")
    if job:
        return
    if site.account == REQUIRED and not request.account:
        raise UsageError(f"{site.name} charges an account", hint="name yours: ACCOUNT=…")
    for name, asked, known in (
        ("PARTITION", request.partition, site.partitions),
        ("QOS", request.qos, site.qos),
    ):
        if asked and known and asked not in known:
            raise UsageError(f"{site.name} has no {name}={asked}", hint=meant(asked, known))


def _title(request: Request, site: Site, engine: str, slurm: str) -> str:
    each = counted(request.cpus, "CPU")
    if request.gpus:
        each += f" and {counted(request.gpus, 'GPU')}"
    size = f"ranks {request.tasks}, nodes {request.nodes}, {each} a rank"
    # One line, even for a name with line breaks.
    name = " ".join(request.title.split())
    where = f"site {site.name}, engine {engine}" + (f", {slurm}" if slurm else "")
    return f"{name}: {size}; {where}"


def site_variables(site: Site) -> tuple[Variable, ...]:
    """Return the variables that a site sets for its ranks: TMPDIR first, if not on ``/tmp``."""
    own = []
    if site.node_local != "/tmp":  # noqa: S108
        why = "caches and temporary files on the node's own disk"
        own.append(Variable("TMPDIR", Expanded(site.node_local), why))
    given = [
        Variable(name, Expanded(value), f"site {site.name}")
        for name, value in site.environment.items()
    ]
    return (*own, *given)


def modules(site: Site) -> tuple[Line, ...]:
    """Return the lines that load a site's modules, run its setup, and unset ``PYTHON*``."""
    why = f"site {site.name}"
    lines = [Line(f"module load {quoted(name)} || exit 69", why) for name in site.modules]
    if lines:
        shell = "type module >/dev/null 2>&1 || . /etc/profile"
        lines.insert(0, Line(shell, "where a script's shell does not know `module`"))
    return (
        *lines,
        *(Line(f"{shell} || exit 69", why) for shell in site.setup),
        Line("unset ${!PYTHON@}", "PYTHONPATH and the like: for another Python than the image's"),
    )


def _python(request: Request, site: Site, machine: Host, engine: str) -> tuple[Option, ...]:
    interpreter = machine.image if engine == "none" else "python3"
    check = [
        option(
            *("-m", "workloads.preflight"),
            why="is MPI's size Slurm's? which library, fabric? HPCPY_PREFLIGHT=off: not",
        ),
        *(
            [option(f"--site={site.promises}", why="and is all there that the site promises?")]
            if site.promises
            else []
        ),
    ]
    clusters = {"dask": request.dask, "spark": request.spark}
    is_ranks = not (request.workload or any(clusters.values()))
    run_by_mpi4py = option("-m", "mpi4py", why="a rank that fails ends all")
    why = "of each rank a worker of one cluster, whose program runs once"
    return (
        option(interpreter),
        *(check if machine.is_checked else [run_by_mpi4py] if is_ranks else []),
        *(
            option("-m", f"workloads.on_{name}", why=f"{name.upper()}: {why}")
            for name, is_asked in clusters.items()
            if is_asked
        ),
        option(*request.python_words, why="W" if request.workload else "PROGRAM"),
    )


def _notes(request: Request, engine: str, machine: Host) -> tuple[str, ...]:
    notes = []
    if request.tasks % request.nodes:
        notes.append("Ranks do not divide by nodes: Slurm fills the first node.")
    if machine.can_bind is False:
        notes.append("Cores are not bound: this Slurm has no task plugin (TaskPlugin).")
    if engine == "none":
        return tuple(notes)
    return (
        *notes,
        f"Threads of BLAS and numba: {request.cpus} a rank by itself, from SLURM_CPUS_PER_TASK "
        "(docs/linalg.md); an OMP_NUM_THREADS of yours wins.",
        "~/.local: the image sets PYTHONNOUSERSITE.",
        "Caches of numba, matplotlib, CuPy, PoCL: $TMPDIR/hpcpy-<uid>, or below the node's /tmp.",
    )
