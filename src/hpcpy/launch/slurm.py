"""Slurm's options: those of the job, and those of the step within it."""

from __future__ import annotations

from hpcpy.launch.options import Request
from hpcpy.launch.shell import Expanded, Line, Option, option
from hpcpy.launch.site import REQUIRED, Site

# In place of --cpu-bind, about which srun complains if Slurm has no task plugin.
BINDING = Line(
    "scontrol show config 2>/dev/null | grep -q '^TaskPlugin *= *task/[ac]' && "
    "export SLURM_CPU_BIND=cores",
    "a rank stays on its cores, beside its memory, where this Slurm can",
)


def size_options(request: Request, site: Site) -> list[Option]:
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


def job_options(request: Request, site: Site) -> list[Option]:
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


def step_options(request: Request, site: Site, *, is_nested: bool, can_bind: bool) -> list[Option]:
    """Return the options by which srun starts and ends the ranks.

    Nested, it runs in a step that holds the job's processors.
    """
    kind = request.mpi or site.mpi
    overlap = "within a step that holds the job's processors: share them"
    bound = "a rank stays on its cores, beside its memory"
    wrong_kind = "how ranks find each other; a wrong kind gives N times rank 0"
    kill = "a rank that dies ends all: the others would wait for it"
    return [
        *([option("--overlap", why=overlap)] if is_nested else []),
        *([option(f"--mpi={kind}", why=wrong_kind)] if kind else []),
        *([option("--cpu-bind=cores", why=bound)] if can_bind else []),
        option("--kill-on-bad-exit=1", why=kill),
        option("--disable-status", why="Ctrl-C reaches the ranks; twice ends them at once"),
        option("--wait=0", why="a rank that ends well ends none of those that still compute"),
        option("--export=ALL", why="the variables here, whatever the job was submitted with"),
        option("--input=none", why="srun would read what your script was to read"),
        *(option(Expanded(word), why=f"site {site.name}") for word in site.options.get("step", ())),
    ]
