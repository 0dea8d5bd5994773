"""What ``make launch`` is asked for: NAME=value words, checked."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from hpcpy.errors import UsageError

ENGINES = ("apptainer", "podman-hpc", "shifter", "podman", "none")
_NUMBERS = {"NODES": "nodes", "TASKS": "tasks", "CPUS": "cpus", "GPUS": "gpus"}
_FLAGS = {"DASK": "dask", "DRY": "dry", "STAGE": "stage"}
_TEXTS = {
    "ENGINE": "engine",
    "SITE": "site",
    "IMAGE": "image",
    "MPI": "mpi",
    "TIME": "time",
    "PARTITION": "partition",
    "QOS": "qos",
    "ACCOUNT": "account",
    "SCRIPT": "script",
}
SETTINGS = ("W", *_NUMBERS, *_FLAGS, *_TEXTS)
USAGE = 'make launch W="pi --impl mpi" NODES=2 TASKS=8'


@dataclass(frozen=True)
class Request:
    """One run: which workload, on how much, by what.

    Parameters
    ----------
    workload
        The words after ``python -m workloads``.
    nodes, tasks, cpus, gpus
        Nodes; ranks in all; processors and GPUs of each rank.
    engine, image, mpi, time, partition, qos, account
        In place of the site's; empty for the site's own.
    site
        A name of ``env/sites/``, or a file.
    dask
        Make workers of one Dask cluster of the ranks.
    dry, stage
        Only print; copy the image to the nodes first.
    script
        Where ``make batch`` writes to.
    """

    workload: tuple[str, ...]
    nodes: int = 1
    tasks: int = 1
    cpus: int = 1
    gpus: int = 0
    engine: str = ""
    site: str = "local"
    image: str = ""
    mpi: str = ""
    time: str = ""
    partition: str = ""
    qos: str = ""
    account: str = ""
    script: str = ""
    dask: bool = False
    dry: bool = False
    stage: bool = False

    @property
    def per_node(self) -> int:
        """The most ranks that a node gets when they are spread evenly."""
        return -(-self.tasks // self.nodes)


def meant(name: str, known: Iterable[str]) -> str:
    """Return "; did you mean …?" when a known name is near, else the known ones."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {near[0]}?" if near else f"there are: {', '.join(names)}"


def parse(words: list[str]) -> Request:
    """Read NAME=value words; an empty value is as good as none.

    Raises
    ------
    UsageError
        For an unknown name, a value that cannot be meant, or a request that
        no machine could fulfil.

    Examples
    --------
    >>> parse(["W=pi --impl mpi", "NODES=2", "TASKS=8"]).per_node
    4
    """
    given: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or name not in SETTINGS:
            raise UsageError(f"unknown setting {word!r}", hint=meant(name, SETTINGS))
        if value.strip():
            given[name] = value.strip()
    values: dict[str, str | int | bool] = {}
    values |= {_TEXTS[name]: value for name, value in given.items() if name in _TEXTS}
    values |= {_NUMBERS[name]: _number(name, v) for name, v in given.items() if name in _NUMBERS}
    values |= {_FLAGS[name]: _flag(name, v) for name, v in given.items() if name in _FLAGS}
    values.setdefault("tasks", values.get("nodes", 1))
    request = Request(_words(given.get("W", "")), **values)  # type: ignore[arg-type]
    if request.tasks < request.nodes:
        raise UsageError(
            f"TASKS={request.tasks} on NODES={request.nodes}: a node would have no rank",
            hint="TASKS counts the ranks of all nodes together",
        )
    if request.engine and request.engine not in ENGINES:
        raise UsageError(f"unknown ENGINE={request.engine}", hint=meant(request.engine, ENGINES))
    return request


def _words(text: str) -> tuple[str, ...]:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"W={text!r}: {str(error).lower()}", hint=USAGE) from error
    if not words:
        raise UsageError("no W is given, the workload to run", hint=USAGE)
    return tuple(words)


def _number(name: str, value: str) -> int:
    least = 0 if name == "GPUS" else 1
    if not re.fullmatch(r"[0-9]{1,7}", value) or int(value) < least:
        raise UsageError(f"{name}={value} is not a whole number from {least} on")
    return int(value)


def _flag(name: str, value: str) -> bool:
    if value not in ("0", "1"):
        raise UsageError(f"{name}={value} is neither 0 nor 1")
    return value == "1"
