"""Plan a launch from a request, a site and the facts of this host, without side effects."""

from __future__ import annotations

from dataclasses import replace

from hpcpy.launch.engines import RANKS, module_lines
from hpcpy.launch.on_nodes import COPIES, staging_lines
from hpcpy.launch.options import CONTAINERS, ENGINES, Request, counted
from hpcpy.launch.shell import Expanded, HostFacts, LaunchPlan, Line, option, quoted
from hpcpy.launch.site import AUTO, IMAGES_OWN, REQUIRED, Site
from hpcpy_common.errors import UsageError, suggestion

# In place of --cpu-bind, about which srun complains if Slurm has no task plugin.
_BINDING = Line(
    "scontrol show config 2>/dev/null | grep -q '^TaskPlugin *= *task/[ac]' && "
    "export SLURM_CPU_BIND=cores",
    "a rank stays on its cores, beside its memory, where this Slurm can",
)
# The first of them that Slurm has: the one file's own MPICH has no PMIx, and Slurm's refuses ranks
# as root of a user namespace, as podman's are.
KINDS = dict.fromkeys(ENGINES, ("pmi2",)) | {"apptainer": ("pmix", "pmi2")}


def no_kind(engine: str, remedy: str = "name another kind (--mpi=KIND)") -> str:
    """Return what is said where Slurm lists none of an engine's kinds."""
    return (
        f"srun --mpi=list has no {' or '.join(KINDS[engine])}, so the default is taken;"
        f" if each rank is rank 0 of 1, {remedy} or ask the site for pmi2"
    )


def _kind(engine: str) -> tuple[Line, ...]:
    known = "|".join(KINDS[engine])
    # An error names a kind, too.
    words = "grep -v error: <<<\"$hpcpy_listed\" | tr -s '[:space:],' '\\n'"
    asked = "$hpcpy_mpi:${HPCPY_VERBOSE:-}:${hpcpy_failed:-}"
    said = quoted(f"hpcpy: {no_kind(engine)}")
    return (
        Line(
            "hpcpy_listed=$(srun --mpi=list 2>&1) || hpcpy_failed=${hpcpy_listed:+1}",
            "if that fails, the step says why",
        ),
        Line(
            f"hpcpy_mpi=$({words} | grep -xE '{known}' | sort | tail -n 1)",
            f"how ranks find each other: of {known} the first that this Slurm has",
        ),
        Line(
            f"case {asked} in :*:1) ;; :*) echo {said} ;;"
            ' ?*:1:*) echo "hpcpy: srun --mpi=$hpcpy_mpi" ;; esac >&2',
            "without one srun may start each rank alone",
        ),
    )


def size_options(request: Request, site: Site) -> list[Line]:
    """Return the options of size, which the job and the step both get."""
    options = [
        option(f"--nodes={request.nodes}", why="NODES"),
        option(f"--ntasks={request.tasks}", why="TASKS: ranks in all"),
    ]
    if request.tasks % request.nodes == 0:
        # Only if it divides evenly: Slurm refuses a number that does not match --ntasks.
        why = "as many on each: Slurm would give all but the first node one rank"
        options.append(option(f"--ntasks-per-node={request.per_node}", why=why))
    why = "CPUS: srun has not taken it from the job since Slurm 22.05"
    options.append(option(f"--cpus-per-task={request.cpus}", why=why))
    if request.mem:
        amount, is_each, _ = request.mem.partition("/")
        options.append(option(f"--mem{'-per-cpu' if is_each else ''}={amount}", why="MEM"))
    if request.gpus:
        options.append(option(f"--gpus-per-task={request.gpus}", why="GPUS"))
        options += [option(word, why=f"site {site.name}") for word in site.options.get("gpu", ())]
    return options


def job_options(request: Request, site: Site) -> list[Line]:
    """Return the job's other options."""
    asked = {
        "partition": request.partition or "".join(site.partitions[:1]),
        "qos": request.qos or "".join(site.qos[:1]),
        "constraint": site.constraint,
        "account": request.account or site.account.replace(REQUIRED, ""),
        "time": request.time or site.time,
    }
    of_site = f"site {site.name}"
    return [
        option(f"--job-name=hpcpy-{request.name}", why="what squeue shows"),
        *(
            option(f"--{name}={value}", why=name.upper() if getattr(request, name, "") else of_site)
            for name, value in asked.items()
            if value
        ),
        *(
            option(word, why=of_site)
            for word in site.options.get("allocation", ())
            # Slurm refuses two options for memory: the request's replaces the site's.
            if not (request.mem and word.startswith("--mem"))
        ),
    ]


def step_options(request: Request, site: Site, *, is_nested: bool) -> list[Line]:
    """Return srun's options; `is_nested`: in a step that holds the job's processors."""
    kind = request.mpi or site.kind_of_mpi(request.engine)
    chosen = [Line('${hpcpy_mpi:+"--mpi=$hpcpy_mpi"}', "see above")] if kind == AUTO else []
    overlap = "within a step that holds the job's processors: share them"
    wrong_kind = "how ranks find each other; a wrong kind gives N times rank 0"
    kill = "a rank that dies ends all: the others would wait for it"
    return [
        *([option("--overlap", why=overlap)] if is_nested else []),
        *(chosen or ([option(f"--mpi={kind}", why=wrong_kind)] if kind else [])),
        option("--kill-on-bad-exit=1", why=kill),
        option("--disable-status", why="Ctrl-C reaches the ranks; twice ends them at once"),
        option("--wait=0", why="a rank that ends well ends none of those that still compute"),
        option("--export=ALL", why="the variables here, whatever the job was submitted with"),
        option("--input=none", why="srun would read what your script was to read"),
        *(option(Expanded(word), why=f"site {site.name}") for word in site.options.get("step", ())),
    ]


_UNSET_TMPDIR = Line(
    "unset TMPDIR", "the login shell's: a node may lack the folder, or have it on a shared disk"
)
_UNSET_PYTHON = Line(
    "unset ${!PYTHON@}", "PYTHONPATH and the like: for another Python than the image's"
)


def is_staged(request: Request) -> bool:
    """Return whether the image is copied to each node's own disk, as the standalone file is."""
    return request.stage or request.engine == "standalone"


def plan_launch(
    request: Request, site: Site, facts: HostFacts, *, is_batch: bool = False
) -> LaunchPlan:
    """Plan a request that is completed and `check_request` has let through."""
    engine = request.engine
    staged, image = is_staged(request), facts.image
    if staged:
        facts = replace(facts, image=COPIES[engine])
    starting, start = RANKS[engine](request, site, facts)
    # Without an image the modules' Python is the one that runs, and finds its packages so.
    pythons = () if engine == "none" else (_UNSET_PYTHON,)
    login = () if facts.job_nodes or is_batch or site.node_local != "/tmp" else (_UNSET_TMPDIR,)  # noqa: S108
    copying = staging_lines(image, site.node_local, COPIES[engine]) if staged else ()
    needs_job = staged or _names_job(site)
    kinds = _kind(engine) if (request.mpi or site.kind_of_mpi(engine)) == AUTO else ()
    step = step_options(request, site, is_nested=facts.is_in_step)
    return LaunchPlan(
        title=_title(request, site, facts),
        size=tuple(size_options(request, site)),
        allocation=tuple(job_options(request, site)),
        lines=(*module_lines(site), *pythons, *login, *starting, _BINDING, *kinds, *copying),
        step=tuple(step),
        program=(*start, *_python(request, site, facts)),
        within_job=facts.job_nodes > 0,
        needs_job_shell=needs_job,
        surroundings=facts.surroundings,
    )


def check_request(request: Request, site: Site, job_nodes: int) -> None:
    """Refuse what the site or the job cannot fulfil."""
    if 0 < job_nodes < request.nodes:
        raise UsageError(f"NODES={request.nodes}: this job has {counted(job_nodes, 'node')}")
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
    if request.stage and request.engine not in COPIES:
        raise UsageError(
            "STAGE=1 copies a SIF or hpcpy-python: the other engines have a store of their own"
        )
    if request.engine == "podman-hpc" and request.tasks % request.nodes:
        # As of podman-hpc 1.2 a container on a node with fewer ranks never ends.
        raise UsageError(
            f"TASKS={request.tasks} on NODES={request.nodes}: podman-hpc starts as many on each"
        )
    if job_nodes:
        return
    if site.account == REQUIRED and not request.account:
        raise UsageError(f"{site.name} charges an account", hint="name yours: ACCOUNT=…")
    for name, asked, known in (
        ("PARTITION", request.partition, site.partitions),
        ("QOS", request.qos, site.qos),
    ):
        if asked and known and asked not in known:
            raise UsageError(f"{site.name} has no {name}={asked}", hint=suggestion(asked, known))


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
    return f"{name}: {size}; site {site.name}, engine {request.engine}{slurm_name}"


def _python(request: Request, site: Site, facts: HostFacts) -> tuple[Line, ...]:
    """Return the interpreter, what it runs before the program, and the program."""
    is_own = request.engine not in CONTAINERS
    interpreter = facts.image if is_own else "python3"
    why = "is MPI's size Slurm's? which library, fabric? HPCPY_PREFLIGHT=off: not"
    preflight = [option("-m", "hpcpy_job", "preflight", why=why)]
    file = site.promises_file
    if file and not (is_own and file.startswith(IMAGES_OWN)):
        promised = "and is all there that the site promises?"
        preflight.append(option(f"--site={file}", why=promised))
    elif facts.has_site_file:
        preflight.append(option("--site=/dev/null", why="and not what another site file promises"))
    clusters = [name for name in ("dask", "spark") if getattr(request, name)]
    is_ranks = not (request.workload or clusters)
    run_by_mpi4py = [option("-m", "mpi4py", why="a rank that fails ends all")]
    why = "of each rank a worker of one cluster, whose program runs once"
    return (
        option(interpreter),
        *(preflight if facts.is_checked else run_by_mpi4py if is_ranks else []),
        *(
            option("-m", "hpcpy_job", f"on_{name}", why=f"{name.upper()}: {why}")
            for name in clusters
        ),
        option(*request.program, why="W" if request.workload else "PROGRAM"),
    )
