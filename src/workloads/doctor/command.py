"""``python -m workloads doctor``: look at this machine, and say what is wrong with it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from workloads.bench import files, options
from workloads.doctor import job, promises, registry, report
from workloads.doctor.finding import Finding
from workloads.doctor.node import Node, World
from workloads.errors import UsageError
from workloads.parallel import launchers, ranks

_EPILOG = """\
Below a launcher (srun, mpiexec) one process a node looks and the first rank
reports. Exit code 0: nothing failed, and all that --site promises is there;
1: something is not; 2: wrong usage."""


def main(arguments: list[str]) -> int:
    """Look and report."""
    args = _parser().parse_args(arguments)
    # Otherwise the import of MPI would run the preflight first.
    os.environ["HPCPY_PREFLIGHT"] = "off"
    promised = promises.read(args.site) if args.site is not None else {}

    def look(node: Node) -> list[Finding]:
        found = registry.examine(node, args.only or registry.GROUPS)
        return [*found, *promises.kept(promised, found, deep=not args.quick)]

    def require() -> None:
        if args.json is not None:
            files.require_writable(args.json, "--json")

    def tell(found: job.Report) -> None:
        _write(found, args.json)

    return int(_report(require, look, tell, deep=not args.quick))


def _report(require: Callable[[], None], look: job.Look, tell: job.Tell, *, deep: bool) -> bool:
    """Return whether anything has failed; `require` raises if `tell` could not write."""
    claims = launchers.claims(Node().environ)
    world = job.start_mpi() if claims and claims[0].size > 1 else World()
    if world.comm is not None and world.comm.size > 1:
        ranks.by_first(require)
        return job.together(look, tell, world, deep=deep)
    # MPI does not join the ranks, or is absent on all: one looks for all.
    failed = world.comm is not None or bool(world.problem)
    if claims and claims[0].rank != 0:
        ranks.let_first_print()
        return failed
    require()
    found = job.alone(look, Node(deep=deep, world=world))
    tell(found)
    return failed or found.failed


def _write(found: job.Report, json_file: Path | None) -> None:
    if json_file is None:
        print(report.as_text(found), flush=True)
    else:
        with files.whole_file(json_file) as temporary:
            temporary.write_text(f"{report.as_json(found)}\n", encoding="utf-8")


def _groups(text: str) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in registry.GROUPS]:
        known = ", ".join(registry.GROUPS)
        raise UsageError(f"--only: {unknown[0]!r} is none of {known}")
    return names


def _parser() -> options.Parser:
    parser = options.Parser(
        prog="python -m workloads doctor",
        description="What this machine and this job offer, and what is wrong with them.",
        epilog=_EPILOG,
    )
    groups = ", ".join(f"{name}: {what}" for name, (_, what) in registry.GROUPS.items())
    parser.add_argument(
        "--site",
        type=Path,
        metavar="FILE",
        help="a site's TOML file: what its table [promises] names must be there",
    )
    parser.add_argument("--only", type=_groups, metavar="GROUP[,GROUP…]", help=groups)
    parser.add_argument(
        "--quick",
        action="store_true",
        help="ask no driver: what a job's start looks at (workloads.preflight)",
    )
    parser.add_argument("--json", type=Path, nargs="?", const=Path("-"), metavar="FILE",
                        help="write JSON, to standard output without a file")  # fmt: skip
    return parser
