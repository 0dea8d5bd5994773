"""The options of ``launch`` and ``batch``: a table, read by argparse and checked."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from pathlib import PurePath
from typing import Any

from hpcpy.core.parser import one_of, text
from hpcpy_common.errors import UsageError
from hpcpy_common.options import whole_number

CONTAINERS = ("apptainer", "podman-hpc", "shifter", "podman")
ENGINES = (*CONTAINERS, "standalone", "none")
LOCAL = "local"
USAGE = "-- my.py --its options, or -- -m workloads pi --impl mpi"
_WORKLOADS = ("-m", "workloads")
_MOST = 9_999_999
# A transport, which says where an engine gets an image that is not in its own store.
_URI = re.compile(
    r"[a-z-]+://|(?:containers-storage|dir|docker-archive|docker-daemon|oci(-archive)?):"
)
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*", re.ASCII)
# What srun takes, or nothing, which is no value.
_MEMORY = re.compile(r"(?i)([0-9]+([KMGT]B?)?(/.*)?)?")
# A pattern of Python and of JSON schema, which knows no flag.
_WORDS = "|".join("".join(f"[{x}{x.upper()}]" for x in word) for word in ("infinite", "unlimited"))
TIME = rf"([0-9]+-)?[0-9]+(:[0-9]+){{0,2}}|-1|{_WORDS}"
NO_TIME = "is neither 30, of minutes, nor 01:30:00 nor 2-0"


def _option(default: object, check: Callable[[str], object] | None, meaning: str) -> Any:
    """Return a row of the table: an option's default, its type (None: a flag), its help."""
    return field(default=default, metadata={"check": check, "help": meaning})


def file_name(value: str) -> str:
    """Return an option's value that becomes the name of a file."""
    if not _FILE_NAME.fullmatch(value):
        raise argparse.ArgumentTypeError(
            f"{value} cannot name a file; use letters, digits and _ . + -"
        )
    return value


def _memory(value: str) -> str:
    """Return an amount of memory, of a node or /cpu."""
    amount, slash, each = text(value).partition("/")
    if (slash and each not in ("node", "cpu")) or not _MEMORY.fullmatch(text(value)):
        raise argparse.ArgumentTypeError(f"{value} is neither 8G, of a node, nor 2G/cpu")
    return value.strip() if each == "cpu" else amount


def _limit(value: str) -> str:
    """Return a job's limit of time."""
    if not re.fullmatch(f"({TIME})?", text(value)):
        raise argparse.ArgumentTypeError(f"{value} {NO_TIME}")
    return value.strip()


@dataclass(frozen=True)
class Request:
    """One run: a program, its nodes and ranks, the engine and the job's options."""

    # The words after ``python``: a script or ``-m MODULE``, and its arguments.
    program: tuple[str, ...] = ()
    nodes: int = _option(1, whole_number(1, _MOST), "nodes (1)")
    tasks: int = _option(1, whole_number(1, _MOST), "ranks on all nodes together (one a node)")
    cpus: int = _option(1, whole_number(1, _MOST), "processors of each rank (1)")
    gpus: int = _option(0, whole_number(0, _MOST), "GPUs of each rank (none)")
    dask: bool = _option(False, None, "the ranks form a Dask cluster, and the program runs once")
    spark: bool = _option(False, None, "the same with Spark")
    dry: bool = _option(False, None, "print the script, with reasons")
    stage: bool = _option(False, None, "copy the SIF to each node's own disk first")
    engine: str = _option(
        "",
        one_of(ENGINES),
        "apptainer, podman-hpc, shifter, podman, standalone or none (the site's)",
    )
    site: str = _option(
        "", text, "a name of env/sites, or a TOML file (what `hpcpy site` prints, else local)"
    )
    image: str = _option(
        "", text, "a SIF, hpcpy-python or a reference (the site's, else hpcpy.sif)"
    )
    mpi: str = _option("", text, "the kind for srun --mpi (the site's)")
    time: str = _option("", _limit, "the job's limit: 30 (minutes), 01:30:00 (the site's)")
    partition: str = _option("", text, "the job's partition (the site's)")
    qos: str = _option("", text, "the job's quality of service (the site's)")
    account: str = _option("", text, "whom the job is charged to (the site's)")
    mem: str = _option("", _memory, "memory: 8G of each node, 2G/cpu of each processor")
    script: str = _option("", text, "where batch writes; - is standard output (build/)")

    @property
    def workload(self) -> tuple[str, ...]:
        """The words after ``python -m workloads``; none of another program."""
        return self.program[2:] if self.program[:2] == _WORKLOADS else ()

    @property
    def title(self) -> str:
        """The workload, the module, or the script without its folder and ending."""
        if self.workload:
            return self.workload[0]
        return self.program[1] if self.program[0] == "-m" else PurePath(self.program[0]).stem

    @property
    def name(self) -> str:
        """The title, with only characters that names of files and jobs may have."""
        return re.sub(r"[^\w.+-]+", "-", self.title)

    @property
    def per_node(self) -> int:
        """The most ranks that a node gets when they are spread evenly."""
        return -(-self.tasks // self.nodes)


TABLE = {row.name: row.metadata for row in fields(Request) if row.metadata}


def add_options(parser: argparse.ArgumentParser, names: Sequence[str] = tuple(TABLE)) -> None:
    """Add rows of the table as options; one that is not given is not in the result."""
    for name in names:
        row = TABLE[name]
        how = {"type": row["check"]} if row["check"] else {"action": "store_true"}
        parser.add_argument(f"--{name}", default=argparse.SUPPRESS, help=row["help"], **how)


def add_program(parser: argparse.ArgumentParser) -> None:
    """Add the program to the help and to make's variables; `commands.parse` takes its words."""
    help_ = f"after -- the words that follow python: {USAGE}"
    parser.add_argument("program", nargs="*", metavar="PROGRAM", help=help_)


def _values(options: argparse.Namespace) -> dict[str, Any]:
    # An empty value counts as not given.
    return {name: value for name, value in vars(options).items() if name in TABLE and value != ""}


def read_names(options: argparse.Namespace) -> Request:
    """Return the site, image and engine of a command that runs no program."""
    return Request(**_values(options))


def read_request(options: argparse.Namespace) -> Request:
    """Return what was asked for."""
    values, program = _values(options), options.program
    values.setdefault("tasks", values.get("nodes", 1))
    if not program:
        raise UsageError("no program is given", hint=f'{USAGE}; make: PROGRAM="…" or W="…"')
    is_option = program[0].startswith("-") or not program[0]
    if is_option and (program[0] != "-m" or len(program) == 1):
        what = " ".join(" ".join(program).split())
        raise UsageError(
            f"PROGRAM={what} begins neither with a script nor with -m MODULE", hint=USAGE
        )
    request = Request(tuple(program), **values)
    if request.tasks < request.nodes:
        raise UsageError(
            f"TASKS={request.tasks} on NODES={request.nodes}: a node would have no rank",
            hint="TASKS counts the ranks of all nodes together",
        )
    if request.dask and request.spark:
        raise UsageError("DASK=1 and SPARK=1: the ranks form one cluster", hint="give one of them")
    return request


def counted(number: int, noun: str) -> str:
    """Return a number of things in words: 1 rank, 2 ranks."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


def is_uri(given: str) -> bool:
    """Return whether an image's name begins with a transport, such as docker://."""
    return _URI.match(given) is not None
