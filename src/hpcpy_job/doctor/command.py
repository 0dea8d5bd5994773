"""``python -m hpcpy_job doctor``: look at this machine, and say what is wrong with it."""

from __future__ import annotations

from pathlib import Path

from hpcpy_common import files, options, ranks
from hpcpy_job.doctor import checks, job, promises
from hpcpy_job.doctor.checks import Finding
from hpcpy_job.doctor.node import Node, World

_EPILOG = """\
Below a launcher (srun, mpiexec) one process a node looks and the first rank
reports. Exit code 0: nothing failed, and all that --site promises is there;
1: something is not; 2: wrong usage."""


def main(arguments: list[str]) -> int:
    """Look and report."""
    args = _parser().parse_args(arguments)
    if args.site is not None:
        promised = promises.read(args.site)
    else:
        promised = {} if args.only else promises.of_job()
    world = job.start_mpi()
    if args.json is not None:
        _require_writable(args.json, world)

    def look(node: Node) -> list[Finding]:
        findings = checks.examine(node, args.only or checks.GROUPS)
        return [*findings, *promises.kept(promised, findings)]

    def show(report: job.Report) -> None:
        if args.json is None:
            print(report.text(), flush=True)
        else:
            files.write_json(args.json, report.document())

    return int(job.report(look, show, world, deep=not args.quick))


def _require_writable(file: Path, world: World) -> None:
    if world.comm is not None and world.comm.size > 1:
        ranks.by_first(lambda: files.require_writable(file, "--json"))
    elif ranks.is_first():
        files.require_writable(file, "--json")


def _parser() -> options.Parser:
    what = "What this machine and this job offer, and what is wrong with them."
    parser = options.module_parser("hpcpy_job doctor", what, _EPILOG)
    groups = ", ".join(f"{name}: {what}" for name, what in checks.GROUPS.items())
    parser.add_argument("--site", type=Path, metavar="FILE",
                        help="a site's TOML file, by its path: its [promises] must be kept (in"
                        " a job HPCPY_SITE_FILE, else /etc/hpcpy/site.toml); hpcpy site --site"
                        " NAME prints one")  # fmt: skip
    parser.add_argument("--only", type=options.names(*checks.GROUPS), metavar="GROUP[,GROUP…]",
                        help=groups)  # fmt: skip
    parser.add_argument("--quick", action="store_true", help="ask no driver, as the preflight")
    parser.add_argument("--json", type=Path, nargs="?", const=Path("-"), metavar="FILE",
                        help="write JSON, to standard output without a file")  # fmt: skip
    return parser
