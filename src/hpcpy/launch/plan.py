"""Plan a launch from a request, a site and the facts of this host, without side effects."""

from __future__ import annotations

from dataclasses import dataclass

from hpcpy.core.errors import UsageError, suggestion
from hpcpy.launch import on_nodes, slurm
from hpcpy.launch.engines import RANKS, Container, module_lines, site_variables
from hpcpy.launch.options import Request, counted
from hpcpy.launch.shell import Expanded, LaunchPlan, Line, Option, option
from hpcpy.launch.site import REQUIRED, Site

_UNSET_TMPDIR = Line(
    "unset TMPDIR", "the login shell's: a node may lack the folder, or have it on a shared disk"
)
_UNSET_PYTHON = Line(
    "unset ${!PYTHON@}", "PYTHONPATH and the like: for another Python than the image's"
)


@dataclass(frozen=True)
class CurrentJob:
    """The job that this runs in: how many nodes it has, and whether this is in a step of it."""

    nodes: int
    is_in_step: bool


@dataclass(frozen=True)
class HostFacts:
    """What a plan needs of this machine."""

    folder: str  # The working directory
    program: str  # The engine's program
    image: str  # A file or a reference; for ``standalone`` and ``none`` the interpreter
    # The job this runs in, and that the ranks will be in; None if a new one is asked for.
    job: CurrentJob | None = None
    is_checked: bool = True  # Whether ranks are to look at their surroundings first
    # Whether this Slurm can keep ranks on their cores; None lets the script ask it.
    can_bind: bool | None = True
    slurm: str = ""  # Which Slurm is asked; empty for the machine's own
    surroundings: tuple[Line, ...] = ()  # Shell lines that make a script ask that Slurm


def engine_of(request: Request, site: Site) -> str:
    """Return the engine's name."""
    return request.engine or site.engine


def is_staged(request: Request, site: Site) -> bool:
    """Return whether the image is copied to each node's own disk, as the standalone file is."""
    return request.stage or engine_of(request, site) == "standalone"


def plan_launch(
    request: Request, site: Site, facts: HostFacts, *, is_batch: bool = False
) -> LaunchPlan:
    """Plan a request that `check_request` has let through."""
    job = facts.job
    engine = engine_of(request, site)
    start = RANKS[engine](_container(request, site, facts), site)
    login = () if job or is_batch or site.node_local != "/tmp" else (_UNSET_TMPDIR,)  # noqa: S108
    staging: tuple[Line, ...] = ()
    afterwards: tuple[Line, ...] = ()
    if staged := is_staged(request, site):
        staging = on_nodes.staging_lines(
            request.nodes, facts.image, site.node_local, on_nodes.COPIES[engine]
        )
        afterwards = on_nodes.ending_lines()
    binding = (slurm.BINDING,) if facts.can_bind is None else ()
    step = slurm.step_options(
        request,
        site,
        is_nested=bool(job and job.is_in_step),
        can_bind=bool(facts.can_bind),
    )
    return LaunchPlan(
        title=_title(request, site, facts),
        size=tuple(slurm.size_options(request, site)),
        allocation=tuple(slurm.job_options(request, site)),
        lines=(*environment_lines(site), *login, *start.lines, *binding, *staging),
        step=tuple(step),
        program=(*start.words, *_python(request, site, facts)),
        afterwards=afterwards,
        notes=_notes(request, engine, facts),
        within_job=job is not None,
        needs_job_shell=staged or _names_job(site),
        surroundings=facts.surroundings,
    )


def check_request(request: Request, site: Site, job: CurrentJob | None) -> None:
    """Refuse what the site or the job cannot fulfil."""
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
    if request.stage and engine_of(request, site) not in on_nodes.COPIES:
        raise UsageError(
            "STAGE=1 copies a SIF or hpcpy-python: the other engines have a store of their own"
        )
    if job:
        return
    if site.account == REQUIRED and not request.account:
        raise UsageError(f"{site.name} charges an account", hint="name yours: ACCOUNT=…")
    for name, asked, known in (
        ("PARTITION", request.partition, site.partitions),
        ("QOS", request.qos, site.qos),
    ):
        if asked and known and asked not in known:
            raise UsageError(f"{site.name} has no {name}={asked}", hint=suggestion(asked, known))


def environment_lines(site: Site) -> tuple[Line, ...]:
    """Return the lines that load a site's modules, run its setup, and unset ``PYTHON*``."""
    return (*module_lines(site), _UNSET_PYTHON)


def _container(request: Request, site: Site, facts: HostFacts) -> Container:
    return Container(
        program=facts.program,
        image=_image(request, site, facts),
        folder=facts.folder,
        has_gpus=request.gpus > 0,
        variables=site_variables(site),
        is_shared=request.per_node > 1,
    )


def _image(request: Request, site: Site, facts: HostFacts) -> str:
    engine = engine_of(request, site)
    return on_nodes.COPIES[engine] if is_staged(request, site) else facts.image


def _names_job(site: Site) -> bool:
    texts = (site.node_local, *site.setup, *site.binds, *site.environment.values())
    return any(name.startswith("SLURM_") for text in texts for name in Expanded(text).names)


def _title(request: Request, site: Site, facts: HostFacts) -> str:
    each = counted(request.cpus, "CPU")
    if request.gpus:
        each += f" and {counted(request.gpus, 'GPU')}"
    size = f"ranks {request.tasks}, nodes {request.nodes}, {each} a rank"
    # One line, even for a name with line breaks.
    name = " ".join(request.title.split())
    slurm_name = f", {facts.slurm}" if facts.slurm else ""
    return f"{name}: {size}; site {site.name}, engine {engine_of(request, site)}{slurm_name}"


def _python(request: Request, site: Site, facts: HostFacts) -> tuple[Option, ...]:
    """Return the interpreter, what it runs before the program, and the program."""
    is_own = engine_of(request, site) in ("standalone", "none")
    interpreter = _image(request, site, facts) if is_own else "python3"
    why = "is MPI's size Slurm's? which library, fabric? HPCPY_PREFLIGHT=off: not"
    preflight = [option("-m", "workloads.preflight", why=why)]
    if site.promises:
        promised = "and is all there that the site promises?"
        preflight.append(option(f"--site={site.promises}", why=promised))
    clusters = [name for name in ("dask", "spark") if getattr(request, name)]
    is_ranks = not (request.workload or clusters)
    run_by_mpi4py = [option("-m", "mpi4py", why="a rank that fails ends all")]
    why = "of each rank a worker of one cluster, whose program runs once"
    return (
        option(interpreter),
        *(preflight if facts.is_checked else run_by_mpi4py if is_ranks else []),
        *(option("-m", f"workloads.on_{name}", why=f"{name.upper()}: {why}") for name in clusters),
        option(*request.program, why="W" if request.workload else "PROGRAM"),
    )


def _notes(request: Request, engine: str, facts: HostFacts) -> tuple[str, ...]:
    notes = []
    if request.tasks % request.nodes:
        notes.append("Ranks do not divide by nodes: Slurm fills the first node.")
    if facts.can_bind is False:
        notes.append("Cores are not bound: this Slurm has no task plugin (TaskPlugin).")
    if engine in ("standalone", "none"):
        return tuple(notes)
    return (
        *notes,
        f"Threads of BLAS and numba: {request.cpus} a rank by itself, from SLURM_CPUS_PER_TASK "
        "(docs/reference/linalg.md); an OMP_NUM_THREADS of yours wins.",
        "~/.local: the image sets PYTHONNOUSERSITE.",
        "Caches of numba, matplotlib, CuPy, PoCL: $TMPDIR/hpcpy-<uid>, or below the node's /tmp.",
    )
