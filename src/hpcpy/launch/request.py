"""The settings of ``make launch``: NAME=value words, checked."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath

from hpcpy.errors import UsageError

ENGINES = ("apptainer", "podman-hpc", "shifter", "podman", "none")
_NUMBERS = {"NODES": "nodes", "TASKS": "tasks", "CPUS": "cpus", "GPUS": "gpus"}
_FLAGS = {"DASK": "dask", "SPARK": "spark", "DRY": "dry", "STAGE": "stage"}
_TEXTS = {
    "ENGINE": "engine",
    "SITE": "site",
    "IMAGE": "image",
    "MPI": "mpi",
    "TIME": "time",
    "PARTITION": "partition",
    "QOS": "qos",
    "ACCOUNT": "account",
    "MEM": "memory",
    "SCRIPT": "script",
}
LOCAL = "local"
# The settings of any job at a site, whatever it runs.
OF_A_JOB = ("SITE", "MPI", "TIME", "PARTITION", "QOS", "ACCOUNT", "MEM", "SCRIPT", "DRY")
# The settings of what ranks run; their values are split into words.
_WORDS = {"W": "workload", "PROGRAM": "program"}
SETTINGS = (*_WORDS, *_NUMBERS, *_FLAGS, *_TEXTS)
USAGE = 'W="pi --impl mpi" NODES=2 TASKS=8, or PROGRAM="my.py --its options"'
# Time limits of sbatch(1): minutes, minutes:seconds, hours:minutes:seconds, days-hours,
# days-hours:minutes, days-hours:minutes:seconds; or none.
_TIME = re.compile(r"[0-9]+(:[0-9]+){0,2}|[0-9]+-[0-9]+(:[0-9]+){0,2}|unlimited|infinite|-1", re.I)
_MEMORY = re.compile(r"[0-9]+[KMGT]?(/cpu)?", re.ASCII | re.I)
TIMES = "write 30 (minutes), 01:30:00, 2-12 (days-hours) or UNLIMITED"


@dataclass(frozen=True)
class Request:
    """One run: a workload or program, its nodes and ranks, the engine and the job's options.

    Parameters
    ----------
    workload
        The words after ``python -m workloads``; none where there is a program.
    program
        The words after ``python``: a script or ``-m MODULE``, and its arguments.
    nodes, tasks, cpus, gpus
        Nodes; ranks in all; processors and GPUs of each rank.
    memory
        Of each node, or with ``/cpu`` of each processor: 4G, 500M/cpu; without a letter in MiB.
    engine, image, mpi, time, partition, qos, account
        In place of the site's; empty for the site's own.
    site
        A name of ``env/sites/``, or a file.
    dask, spark
        Make workers of one Dask or Spark cluster of the ranks.
    dry, stage
        Only print; copy the image to the nodes first.
    script
        Where ``make batch`` writes to.
    """

    workload: tuple[str, ...] = ()
    program: tuple[str, ...] = ()
    nodes: int = 1
    tasks: int = 1
    cpus: int = 1
    gpus: int = 0
    engine: str = ""
    site: str = LOCAL
    image: str = ""
    mpi: str = ""
    time: str = ""
    partition: str = ""
    qos: str = ""
    account: str = ""
    memory: str = ""
    script: str = ""
    dask: bool = False
    spark: bool = False
    dry: bool = False
    stage: bool = False

    @property
    def name(self) -> str:
        """The title, with only characters that names of files and jobs may have."""
        return re.sub(r"[^\w.+-]+", "-", self.title)

    @property
    def title(self) -> str:
        """The workload, the module, or the script without its folder and ending."""
        if self.workload:
            return self.workload[0]
        return self.program[1] if self.program[0] == "-m" else PurePath(self.program[0]).stem

    @property
    def python_words(self) -> tuple[str, ...]:
        """What follows ``python`` on each rank."""
        return ("-m", "workloads", *self.workload) if self.workload else self.program

    @property
    def per_node(self) -> int:
        """The most ranks that a node gets when they are spread evenly."""
        return -(-self.tasks // self.nodes)


def meant(name: str, known: Iterable[str]) -> str:
    """Return "did you mean …?" when a known name is near, else "there are: …" with all."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {near[0]}?" if near else f"there are: {', '.join(names)}"


def is_time(text: str) -> bool:
    """Return whether Slurm takes a text as a time limit.

    Examples
    --------
    >>> is_time("2-12:30"), is_time("abc")
    (True, False)
    """
    return _TIME.fullmatch(text) is not None


def counted(number: int, noun: str) -> str:
    """Return a number of things in words: 1 rank, 2 ranks."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


def parse(words: list[str]) -> Request:
    """Read NAME=value words; a setting with an empty value counts as not given.

    Raises
    ------
    UsageError
        For an unknown name, a wrong value, or a request that no machine could fulfil.

    Examples
    --------
    >>> parse(["W=pi --impl mpi", "NODES=2", "TASKS=8"]).per_node
    4
    """
    given: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if name not in SETTINGS:
            raise UsageError(f"unknown setting {name!r}", hint=meant(name, SETTINGS))
        if not equals:
            raise UsageError(f"the setting {name} has no value", hint=f"give one: {name}=…")
        if value.strip():
            given[name] = _line(name, value.strip())
    values: dict[str, str | int | bool] = {}
    values |= {_TEXTS[name]: value for name, value in given.items() if name in _TEXTS}
    values |= {_NUMBERS[name]: _number(name, v) for name, v in given.items() if name in _NUMBERS}
    values |= {_FLAGS[name]: _flag(name, v) for name, v in given.items() if name in _FLAGS}
    values.setdefault("tasks", values.get("nodes", 1))
    request = Request(**_what(given), **values)  # type: ignore[arg-type]
    if request.tasks < request.nodes:
        raise UsageError(
            f"TASKS={request.tasks} on NODES={request.nodes}: a node would have no rank",
            hint="TASKS counts the ranks of all nodes together",
        )
    if request.dask and request.spark:
        raise UsageError("DASK=1 and SPARK=1: the ranks form one cluster", hint="give one of them")
    if request.engine and request.engine not in ENGINES:
        raise UsageError(f"unknown ENGINE={request.engine}", hint=meant(request.engine, ENGINES))
    if request.time and not is_time(request.time):
        raise UsageError(f"TIME={request.time} is not a time limit", hint=TIMES)
    if request.memory and not _MEMORY.fullmatch(request.memory):
        raise UsageError(
            f"MEM={request.memory} is not an amount of memory",
            hint="write 8G for each node, 2G/cpu for each processor",
        )
    return request


def _line(name: str, value: str) -> str:
    # A line break would begin a new line of the script; W and PROGRAM are quoted in it.
    if name not in _WORDS and not value.isprintable():
        raise UsageError(f"{name}={value!r} holds a character that cannot be printed")
    return value


def _what(given: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return what is to run: the words of W or of PROGRAM."""
    asked = [name for name in _WORDS if name in given]
    if len(asked) != 1:
        raise UsageError(
            "both W and PROGRAM are given" if asked else "neither W nor PROGRAM is given",
            hint=USAGE,
        )
    (name,) = asked
    words = _words(name, given[name])
    is_option = words[0].startswith("-") or not words[0]
    if name == "PROGRAM" and is_option and (words[0] != "-m" or len(words) == 1):
        raise UsageError(
            f"PROGRAM={given[name]} begins neither with a script nor with -m MODULE", hint=USAGE
        )
    return {_WORDS[name]: words}


def _words(name: str, text: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise UsageError(f"{name}={text!r}: {str(error).lower()}", hint=USAGE) from error


def _number(name: str, value: str) -> int:
    least = 0 if name == "GPUS" else 1
    if not re.fullmatch(r"[0-9]{1,7}", value) or int(value) < least:
        raise UsageError(f"{name}={value} is not a whole number from {least} on")
    return int(value)


def _flag(name: str, value: str) -> bool:
    if value not in ("0", "1"):
        raise UsageError(f"{name}={value} is neither 0 nor 1")
    return value == "1"
